// Goal: a reset always gets through to the operating system, in whatever state the socket is.

import { afterEach, beforeEach, expect, it } from 'vitest';
import { resetSocket } from '../src/socket-endings.js';
import { dial, type Endpoint, TestServer } from './loopback.js';

let server: TestServer;
let client: Endpoint;
let target: Endpoint;

beforeEach(async () => {
  server = await TestServer.start();
  client = dial(server.target.port).read();
  target = (await server.accepted(0)).read();
});

afterEach(() => {
  client.socket.destroy();
  server.close();
});

it('resets an idle socket, and a second time does nothing', async () => {
  resetSocket(target.socket);
  resetSocket(target.socket);
  await client.closed();
  await target.closed();
  expect([client.errorCode, target.errorCode]).toEqual(['ECONNRESET', undefined]);
});

it('resets a socket whose end is being sent', async () => {
  target.socket.end();
  resetSocket(target.socket);
  await target.closed();
  expect(target.errorCode).toBeUndefined();
  await client.ended();
});

it('closes a socket that is still dialing', async () => {
  const dialing = dial(server.target.port);
  resetSocket(dialing.socket);
  await dialing.closed();
  expect(dialing.errorCode).toBeUndefined();
});
