// A hosted program on the real clock, over real sockets.

import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { systemRuntime } from '@holdfast/protocol';
import { afterEach, expect, test } from 'vitest';
import {
  type DeviceEvent,
  type DeviceProgram,
  runDevice,
  SUSPEND_ON_ERROR,
  WAIT_FOR_ACK,
} from '../../src/impos/index.js';
import { tcp } from '../../src/links/tcp.js';
import { TestServer } from '../server.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A server that can be cut off, and made to turn away whoever comes. */
async function serve() {
  const server = new TestServer(systemRuntime());
  const sockets = new Set<Socket>();
  const state = { isAway: false };
  const listener = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    if (state.isAway) socket.destroy();
    else server.accept(socket);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  cleanups.push(() => {
    cut();
    listener.close();
  });
  return { server, state, cut, port: (listener.address() as AddressInfo).port };
}

/** Runs a program; `until` waits for an event that has come, or comes. */
function run(program: DeviceProgram, port: number) {
  const device = runDevice(program, {
    deviceId: 'imp',
    link: tcp({ host: '127.0.0.1', port }),
    log: () => {},
    reconnectBackoff: { minMs: 1, maxMs: 5 },
  });
  cleanups.push(() => device.stop());
  const events: DeviceEvent[] = [];
  const waiting: (() => void)[] = [];
  device.observe((event) => {
    events.push(event);
    for (const look of [...waiting]) look();
  });
  const until = (type: DeviceEvent['type']): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (events.some((event) => event.type === type)) resolve();
      };
      waiting.push(look);
      look();
    });
  return { events, until };
}

test('S25 S27 a program stands still at its await while the server is away, and goes on where it stood', async () => {
  const { server, state, cut, port } = await serve();
  const ran: string[] = [];
  let isDone: () => void = () => {};
  const done = new Promise<void>((resolve) => {
    isDone = resolve;
  });
  const { events, until } = run(async ({ imp, server: impServer, agent }) => {
    impServer.setsendtimeoutpolicy(SUSPEND_ON_ERROR, WAIT_FOR_ACK, 30);
    ran.push(`first ${await agent.send('n', 1)}`);
    imp.wakeup(0, () => {
      ran.push('timer');
      isDone();
    });
    state.isAway = true;
    cut();
    ran.push(`second ${await agent.send('n', 2)}`);
  }, port);
  await until('suspended');
  expect(ran).toEqual(['first 0']);
  state.isAway = false;
  await done;
  expect(ran).toEqual(['first 0', 'second 0', 'timer']);
  expect(server.messages.map(({ data }) => data)).toEqual([1, 2]);
  expect(events.map(({ type }) => type)).toEqual(['started', 'suspended', 'resumed']);
});
