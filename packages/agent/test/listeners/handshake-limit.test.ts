// In use it is in tcp.test.ts, for TLS, and in websocket.test.ts.

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { HandshakeLimit } from '../../src/listeners/handshake-limit.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function rig(handshakesMax: number) {
  const server = createServer();
  const limit = new HandshakeLimit(server, handshakesMax);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close());
  const dial = async (): Promise<{ accepted: Socket; closed: Promise<unknown> }> => {
    const accepting = once(server, 'connection');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').resume();
    socket.on('error', () => {});
    cleanups.push(() => socket.destroy());
    const closed = once(socket, 'close');
    const [accepted] = (await accepting) as [Socket];
    return { accepted, closed };
  };
  return { limit, dial };
}

test('a further one takes the place of the oldest', async () => {
  const { dial } = await rig(2);
  const first = await dial();
  const second = await dial();
  expect(first.accepted.destroyed).toBe(false);
  await dial();
  await first.closed;
  expect(second.accepted.destroyed).toBe(false);
});

test('those that are done, or gone, do not count', async () => {
  const { limit, dial } = await rig(2);
  const done = await dial();
  const gone = await dial();
  limit.release(done.accepted);
  gone.accepted.destroy();
  await gone.closed;
  await dial();
  const last = await dial();
  expect(done.accepted.destroyed).toBe(false);
  await dial();
  expect(last.accepted.destroyed).toBe(false);
  expect(done.accepted.destroyed).toBe(false);
});

test('endAll ends those under way and no others', async () => {
  const { limit, dial } = await rig(5);
  const done = await dial();
  const open = await dial();
  limit.release(done.accepted);
  limit.endAll();
  await open.closed;
  expect(done.accepted.destroyed).toBe(false);
});
