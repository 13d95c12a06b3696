// Every fault of the chaos proxy, with real sockets. To show that something does not happen, a test first makes something
// happen that would come later: a round trip over a fresh connection, or a counter that says the bytes were dropped.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ChaosProxy, type ChaosProxyOptions, startChaosProxy } from '../src/chaos-proxy.js';
import { dial, type Endpoint, TestServer, until, unusedPort } from './loopback.js';

let server: TestServer;
let proxy: ChaosProxy;
let clients: Endpoint[];

beforeEach(async () => {
  server = await TestServer.start();
  clients = [];
});

afterEach(async () => {
  await proxy.close();
  for (const client of clients) client.socket.destroy();
  server.close();
});

async function start(options: Partial<ChaosProxyOptions> = {}): Promise<void> {
  proxy = await startChaosProxy({ target: server.target, ...options });
}

function dialProxy(): Endpoint {
  const client = dial(proxy.port);
  clients.push(client);
  return client;
}

/** A connection through the proxy, both ends of which read. */
async function connection(): Promise<{ client: Endpoint; target: Endpoint }> {
  const index = server.endpoints.length;
  const client = dialProxy().read();
  const target = (await server.accepted(index)).read();
  return { client, target };
}

/** Proves that the proxy forwards new connections, and gives everything sent before the time to arrive. */
async function roundTrip(): Promise<void> {
  const { client, target } = await connection();
  client.socket.write('ping');
  await target.receive(4);
  target.socket.write('pong');
  await client.receive(4);
  client.socket.end();
  target.socket.end();
  await client.closed();
  await target.closed();
}

describe('forwarding', () => {
  beforeEach(() => start());

  it('carries bytes both ways and counts them', async () => {
    const { client, target } = await connection();
    client.socket.write('question');
    expect(String(await target.receive(8))).toBe('question');
    target.socket.write('answer');
    expect(String(await client.receive(6))).toBe('answer');
    await until(() => proxy.stats().toClient.forwardedBytes === 6, 'the count');
    expect(proxy.stats()).toEqual({
      connectionsAccepted: 1,
      connectionsRejected: 0,
      connectionsOpen: 1,
      connectionsDoomed: 0,
      toTarget: { forwardedBytes: 8, discardedBytes: 0, heldBytes: 0, heldPeakBytes: 8 },
      toClient: { forwardedBytes: 6, discardedBytes: 0, heldBytes: 0, heldPeakBytes: 6 },
      faults: { cut: 0, refuse: 0, blackHole: 0, halfOpen: 0, delay: 0, bandwidth: 0 },
    });
  });

  it('passes the end of one direction on and leaves the other direction open', async () => {
    const { client, target } = await connection();
    client.socket.end('last words');
    await target.ended();
    expect(String(target.received())).toBe('last words');
    target.socket.end('reply after the end');
    await client.closed();
    expect(String(client.received())).toBe('reply after the end');
    expect(client.errorCode).toBeUndefined();
    await until(() => proxy.stats().connectionsOpen === 0, 'the connection to go');
  });

  it.each(['client', 'target'] as const)('passes a reset by the %s on', async (side) => {
    const both = await connection();
    both[side].socket.resetAndDestroy();
    const other = side === 'client' ? both.target : both.client;
    await other.closed();
    expect(other.errorCode).toBe('ECONNRESET');
    await until(() => proxy.stats().connectionsOpen === 0, 'the connection to go');
  });

  it('resets a client that comes while the target is out of reach', async () => {
    proxy.retarget({ host: '127.0.0.1', port: await unusedPort() });
    const client = dialProxy().read();
    await client.closed();
    expect(client.errorCode).toBe('ECONNRESET');
    await until(() => proxy.stats().connectionsOpen === 0, 'the connection to go');
  });

  it('sends new connections to a new target and leaves the old ones alone', async () => {
    const { client, target } = await connection();
    const other = await TestServer.start();
    proxy.retarget(other.target);
    const moved = dialProxy();
    moved.socket.write('to the new one');
    expect(String(await (await other.accepted(0)).read().receive(14))).toBe('to the new one');
    client.socket.write('still here');
    expect(String(await target.receive(10))).toBe('still here');
    other.close();
  });
});

describe('cut', () => {
  beforeEach(() => start());

  it('resets both sides of every connection and lets new ones through', async () => {
    const connections = [await connection(), await connection()];
    proxy.cut();
    for (const { client, target } of connections) {
      await client.closed();
      await target.closed();
      expect([client.errorCode, target.errorCode]).toEqual(['ECONNRESET', 'ECONNRESET']);
    }
    await roundTrip();
    expect(proxy.stats()).toMatchObject({ connectionsAccepted: 3, connectionsOpen: 0, faults: { cut: 1 } });
  });

  it('loses the bytes in the proxy', async () => {
    const { client, target } = await connection();
    proxy.delay(86_400_000);
    client.socket.write('never seen again');
    await until(() => proxy.stats().toTarget.heldBytes === 16, 'the bytes to be held');
    proxy.cut();
    await target.closed();
    expect(target.receivedBytes).toBe(0);
    expect(proxy.stats().toTarget).toMatchObject({ heldBytes: 0, discardedBytes: 16, forwardedBytes: 0 });
  });

  it('resets a connection of which one direction has ended', async () => {
    const { client, target } = await connection();
    client.socket.end();
    await target.ended();
    proxy.cut();
    await until(() => proxy.stats().connectionsOpen === 0, 'the connection to go');
    target.socket.write('into the void');
    await target.closed();
  });
});

describe('refuse', () => {
  beforeEach(() => start());

  it('refuses dialers, keeps open connections, and reopens on the same port', async () => {
    const { client, target } = await connection();
    const { port } = proxy;
    await proxy.refuse(true);
    const refused = dialProxy();
    await refused.closed();
    expect(refused.errorCode).toBe('ECONNREFUSED');
    client.socket.write('undisturbed');
    await target.receive(11);
    await proxy.refuse(false);
    expect(proxy.port).toBe(port);
    await roundTrip();
    expect(proxy.stats()).toMatchObject({ connectionsAccepted: 2, faults: { refuse: 1 } });
  });

  it('ends up as it was told last, however quickly it is told', async () => {
    await Promise.all([true, false, true, false].map((on) => proxy.refuse(on)));
    await roundTrip();
    await Promise.all([true, false, true].map((on) => proxy.refuse(on)));
    const refused = dialProxy();
    await refused.closed();
    expect(refused.errorCode).toBe('ECONNREFUSED');
  });
});

describe('blackHole', () => {
  beforeEach(() => start());

  it('swallows what both sides send while their writes go on succeeding', async () => {
    const { client, target } = await connection();
    proxy.blackHole(true);
    client.socket.write(Buffer.alloc(3_000_000));
    target.socket.write(Buffer.alloc(2_000_000));
    await until(() => proxy.stats().toTarget.discardedBytes === 3_000_000, 'the bytes of the client to vanish');
    await until(() => proxy.stats().toClient.discardedBytes === 2_000_000, 'the bytes of the target to vanish');
    expect([client.receivedBytes, target.receivedBytes]).toEqual([0, 0]);
    expect([client.socket.writableLength, target.socket.writableLength]).toEqual([0, 0]);
  });

  it('loses what it held, and stays silent on the same connection after it has ended', async () => {
    const { client, target } = await connection();
    proxy.delay(50);
    client.socket.write('held');
    await until(() => proxy.stats().toTarget.heldBytes === 4, 'the bytes to be held');
    proxy.blackHole(true);
    proxy.blackHole(false);
    proxy.delay(0);
    client.socket.write(' and more');
    await until(() => proxy.stats().toTarget.discardedBytes === 13, 'the bytes to vanish');
    await roundTrip();
    expect(target.receivedBytes).toBe(0);
    expect([client.isEnded, client.isClosed, target.isEnded, target.isClosed]).toEqual([false, false, false, false]);
    expect(proxy.stats()).toMatchObject({ connectionsDoomed: 1, faults: { blackHole: 1 } });
  });

  it('accepts new connections, which the target never hears of', async () => {
    proxy.blackHole(true);
    const client = dialProxy().read();
    client.socket.write('hello?');
    await until(() => proxy.stats().toTarget.discardedBytes === 6, 'the bytes to vanish');
    proxy.blackHole(false);
    await roundTrip();
    expect(server.endpoints.length).toBe(1);
    expect([client.isEnded, client.isClosed]).toEqual([false, false]);
  });

  it('passes neither an end nor a reset on, until the connection is cut', async () => {
    const [ended, reset] = [await connection(), await connection()];
    proxy.blackHole(true);
    ended.client.socket.end();
    reset.client.socket.resetAndDestroy();
    proxy.blackHole(false);
    await roundTrip();
    for (const { target } of [ended, reset]) expect([target.isEnded, target.isClosed]).toEqual([false, false]);
    expect(proxy.stats().connectionsDoomed).toBe(2);
    proxy.cut();
    for (const { target } of [ended, reset]) {
      await target.closed();
      expect(target.errorCode).toBe('ECONNRESET');
    }
    await until(() => proxy.stats().connectionsDoomed === 0, 'the connections to go');
  });

  it('lets go of a doomed connection when both sides have been reset', async () => {
    const { client, target } = await connection();
    proxy.blackHole(true);
    client.socket.resetAndDestroy();
    target.socket.resetAndDestroy();
    await until(() => proxy.stats().connectionsDoomed === 0, 'the connection to go');
  });
});

describe('halfOpen', () => {
  beforeEach(() => start());

  it('resets the side of the target, and the client does not notice', async () => {
    const { client, target } = await connection();
    proxy.halfOpen();
    await target.closed();
    expect(target.errorCode).toBe('ECONNRESET');
    client.socket.write('anybody there?');
    await until(() => proxy.stats().toTarget.discardedBytes === 14, 'the bytes to vanish');
    await roundTrip();
    expect([client.isEnded, client.isClosed, client.receivedBytes]).toEqual([false, false, 0]);
    expect(proxy.stats()).toMatchObject({ connectionsDoomed: 1, faults: { halfOpen: 1 } });
  });
});

describe('limits', () => {
  it('resets a newcomer when all connections are taken', async () => {
    await start({ connectionsMax: 2 });
    const first = await connection();
    await connection();
    const third = dialProxy().read();
    await third.closed();
    expect(third.errorCode).toBe('ECONNRESET');
    expect(proxy.stats()).toMatchObject({ connectionsOpen: 2, connectionsRejected: 1, connectionsAccepted: 2 });
    first.client.socket.resetAndDestroy();
    await until(() => proxy.stats().connectionsOpen === 1, 'room');
    await roundTrip();
  });

  it('gives the place of the oldest doomed connection to a newcomer', async () => {
    await start({ connectionsMax: 2 });
    const oldest = await connection();
    const younger = await connection();
    proxy.blackHole(true);
    proxy.blackHole(false);
    await connection();
    await oldest.client.closed();
    expect(oldest.client.errorCode).toBe('ECONNRESET');
    expect(younger.client.isClosed).toBe(false);
    expect(proxy.stats()).toMatchObject({ connectionsRejected: 0, connectionsDoomed: 1, connectionsOpen: 1 });
  });

  it('never holds more than bufferMaxBytes for a reader that stalls, and loses nothing', async () => {
    await start({ bufferMaxBytes: 10_000 });
    const client = dialProxy();
    const target = await server.accepted(0);
    const size = 24_000_000;
    client.socket.write(Buffer.alloc(size, 'abcdefghijklmnopqrstuvwxyz'));
    await until(() => proxy.stats().toTarget.heldBytes === 10_000, 'the buffer to fill');
    expect(client.socket.writableLength).toBeGreaterThan(0);
    target.read();
    const received = await target.receive(size);
    expect(received.equals(Buffer.alloc(size, 'abcdefghijklmnopqrstuvwxyz'))).toBe(true);
    await until(() => proxy.stats().toTarget.heldBytes === 0, 'the buffer to empty');
    expect(proxy.stats().toTarget).toMatchObject({ heldPeakBytes: 10_000, forwardedBytes: size, discardedBytes: 0 });
  });
});

describe('close', () => {
  beforeEach(() => start());

  it('ends every kind of connection, frees the port and can be called again', async () => {
    const open = await connection();
    const stalled = dialProxy();
    stalled.socket.write(Buffer.alloc(20_000_000));
    await until(() => proxy.stats().toTarget.heldBytes === 65_536, 'the buffer to fill');
    stalled.socket.end();
    proxy.blackHole(true);
    const doomed = dialProxy().read();
    await until(() => proxy.stats().connectionsDoomed === 3, 'the doomed connection');
    const { port } = proxy;
    await Promise.all([proxy.close(), proxy.close()]);
    await proxy.close();
    expect(proxy.stats()).toMatchObject({ connectionsOpen: 0, connectionsDoomed: 0 });
    for (const { client } of [open, { client: doomed }, { client: stalled }]) await client.closed();
    proxy = await startChaosProxy({ target: server.target, port });
    await roundTrip();
  });

  it('makes every later fault a no-op', async () => {
    await proxy.close();
    proxy.cut();
    proxy.blackHole(true);
    proxy.halfOpen();
    proxy.delay(5);
    proxy.bandwidth(5);
    await proxy.refuse(true);
    await proxy.refuse(false);
    const late = dialProxy();
    await late.closed();
    expect(late.errorCode).toBe('ECONNREFUSED');
  });

  it('leaves nothing listening when refuse is being taken back', async () => {
    await proxy.refuse(true);
    const reopening = proxy.refuse(false);
    await proxy.close();
    await reopening;
    const late = dialProxy();
    await late.closed();
    expect(late.errorCode).toBe('ECONNREFUSED');
  });
});

describe('start', () => {
  beforeEach(() => start());

  it('listens on loopback and on a port of the system’s choice unless told otherwise', () => {
    expect(proxy.host).toBe('127.0.0.1');
    expect(proxy.port).toBeGreaterThan(0);
  });

  it('rejects with what to do when the port is in use or the host is not of this machine', async () => {
    const target = server.target;
    const inUse = startChaosProxy({ target, port: proxy.port });
    await expect(inUse).rejects.toThrow(
      `cannot listen on 127.0.0.1:${proxy.port}: the port is in use. Stop the program`,
    );
    const elsewhere = startChaosProxy({ target, host: '192.0.2.1' });
    await expect(elsewhere).rejects.toThrow(/Check that the host is an address of this machine/);
  });

  it.each([
    { port: 65_536 },
    { port: 1.5 },
    { host: '' },
    { connectionsMax: 0 },
    { bufferMaxBytes: 0 },
    { target: { host: '127.0.0.1', port: 0 } },
  ])('refuses the options %o', async (options) => {
    await expect(startChaosProxy({ target: server.target, ...options })).rejects.toThrow();
  });

  it('refuses conditions out of their range and keeps those in force', () => {
    expect(() => proxy.delay(-1)).toThrow(RangeError);
    expect(() => proxy.delay(Number.NaN)).toThrow(TypeError);
    expect(() => proxy.bandwidth(0)).toThrow(RangeError);
    expect(() => proxy.retarget({ host: '127.0.0.1', port: 0 })).toThrow(RangeError);
    expect(proxy.stats().faults).toMatchObject({ delay: 0, bandwidth: 0 });
  });
});
