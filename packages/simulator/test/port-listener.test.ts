// A port that is closed and opened again, and what happens when another program takes it in between.

import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { PortListener } from '../src/port-listener.js';
import { dial } from './loopback.js';

const accepted: Socket[] = [];
const listeners: PortListener[] = [];

afterEach(async () => {
  for (const socket of accepted.splice(0)) socket.destroy();
  await Promise.all(listeners.splice(0).map((listener) => listener.close()));
});

function createListener(): PortListener {
  const listener = new PortListener({
    host: '127.0.0.1',
    port: 0,
    onConnection: (socket) => accepted.push(socket),
    onAcceptError: (error) => expect.unreachable(String(error)),
  });
  listeners.push(listener);
  return listener;
}

describe('open', () => {
  it('waits for another program to let go of the port', async () => {
    const listener = createListener();
    await listener.open(0);
    await listener.close();
    const thief = createServer().listen(listener.port, '127.0.0.1');
    await once(thief, 'listening');
    const opening = listener.open(10_000);
    // The first try has failed by the time that the thief has had a visitor.
    const visitor = dial(listener.port);
    await once(thief, 'connection');
    thief.close();
    visitor.socket.destroy();
    await opening;
    const client = dial(listener.port);
    await once(client.socket, 'connect');
    client.socket.destroy();
  });

  it('gives up with an error after its patience, and may be called again', async () => {
    const listener = createListener();
    await listener.open(0);
    await listener.close();
    const thief = createServer().listen(listener.port, '127.0.0.1');
    await once(thief, 'listening');
    await expect(listener.open(60)).rejects.toThrow(`127.0.0.1:${listener.port}: the port is in use`);
    thief.close();
    await once(thief, 'close');
    await listener.open(0);
  });

  it('does nothing when the port is open already', async () => {
    const listener = createListener();
    await Promise.all([listener.open(0), listener.open(0)]);
    const { port } = listener;
    await listener.open(0);
    expect(listener.port).toBe(port);
  });

  it('is taken back by a close that comes while it is at it', async () => {
    const listener = createListener();
    await listener.open(0);
    await listener.close();
    const opening = listener.open(0);
    await listener.close();
    await opening;
    const client = dial(listener.port);
    await client.closed();
    expect(client.errorCode).toBe('ECONNREFUSED');
  });
});
