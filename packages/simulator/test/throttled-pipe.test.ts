// Delay and bandwidth, through a whole proxy: how late bytes come at least, that none is lost or out of place, and that
// ends and resets keep their places. Times are lower bounds only, for a busy machine may be late but never early.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ChaosProxy, startChaosProxy } from '../src/chaos-proxy.js';
import { randomInteger, seededRandom } from '../src/seeded-random.js';
import { dial, type Endpoint, TestServer, until } from './loopback.js';

let server: TestServer;
let proxy: ChaosProxy;
let client: Endpoint;
let target: Endpoint;

beforeEach(async () => {
  server = await TestServer.start();
  proxy = await startChaosProxy({ target: server.target });
  client = dial(proxy.port).read();
  target = (await server.accepted(0)).read();
});

afterEach(async () => {
  await proxy.close();
  client.socket.destroy();
  server.close();
});

async function elapsedMs(action: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await action();
  return performance.now() - startMs;
}

describe('delay', () => {
  it('holds bytes in each direction', async () => {
    proxy.delay(40);
    const roundTripMs = await elapsedMs(async () => {
      client.socket.write('there');
      await target.receive(5);
      target.socket.write('back');
      await client.receive(4);
    });
    expect(roundTripMs).toBeGreaterThanOrEqual(80);
  });

  it('keeps many chunks on their way at once', async () => {
    // For a day, however long it takes to fill it.
    proxy.delay(86_400_000);
    for (let i = 0; i < 20; i += 1) {
      client.socket.write(String(i % 10));
      await until(() => proxy.stats().toTarget.heldBytes === i + 1, 'the chunk to be held');
    }
    expect(target.receivedBytes).toBe(0);
    proxy.delay(100);
    expect(String(await target.receive(20))).toBe('01234567890123456789');
  });

  it('keeps an end behind the data', async () => {
    proxy.delay(30);
    const ms = await elapsedMs(async () => {
      client.socket.end('last words');
      await target.ended();
    });
    expect(String(target.received())).toBe('last words');
    expect(ms).toBeGreaterThanOrEqual(30);
    target.socket.end('and a reply');
    await client.ended();
    expect(String(client.received())).toBe('and a reply');
  });

  it('keeps a reset behind the data', async () => {
    proxy.delay(30);
    client.socket.write('last words');
    await until(() => proxy.stats().toTarget.heldBytes === 10, 'the bytes to be held');
    const ms = await elapsedMs(async () => {
      client.socket.resetAndDestroy();
      // Node reports a reset that comes right behind data as an end.
      await until(() => target.isEnded || target.isClosed, 'the reset');
    });
    expect(ms).toBeGreaterThanOrEqual(30);
    expect(String(target.received())).toBe('last words');
  });

  it('applies to what is held already, and order survives a shorter delay', async () => {
    proxy.delay(86_400_000);
    client.socket.write('first ');
    await until(() => proxy.stats().toTarget.heldBytes === 6, 'the bytes to be held');
    client.socket.write('second');
    await until(() => proxy.stats().toTarget.heldBytes === 12, 'the bytes to be held');
    proxy.delay(0);
    expect(String(await target.receive(12))).toBe('first second');
  });
});

describe('bandwidth', () => {
  it('limits each direction by itself', async () => {
    proxy.bandwidth(200_000);
    const ms = await elapsedMs(async () => {
      client.socket.write(Buffer.alloc(40_000));
      target.socket.write(Buffer.alloc(40_000));
      await Promise.all([target.receive(40_000), client.receive(40_000)]);
    });
    expect(ms).toBeGreaterThanOrEqual(200);
  });

  it('lets bytes out in pieces of at most 20 ms', async () => {
    proxy.bandwidth(50_000);
    const sizes: number[] = [];
    target.socket.on('data', (bytes) => sizes.push(bytes.length));
    client.socket.write(Buffer.alloc(10_000));
    await target.receive(10_000);
    // The target's operating system may join pieces, and a late timer is caught up with; the first one is alone.
    expect(sizes[0]).toBeLessThanOrEqual(2000);
    expect(sizes.length).toBeGreaterThan(1);
  });

  it('comes before the delay, so that both add up', async () => {
    proxy.bandwidth(100_000);
    proxy.delay(50);
    const ms = await elapsedMs(async () => {
      client.socket.write(Buffer.alloc(5000));
      await target.receive(5000);
    });
    expect(ms).toBeGreaterThanOrEqual(100);
  });

  it('makes an end wait for the data before it', async () => {
    proxy.bandwidth(100_000);
    const ms = await elapsedMs(async () => {
      client.socket.end(Buffer.alloc(8000));
      await target.ended();
    });
    expect(target.receivedBytes).toBe(8000);
    expect(ms).toBeGreaterThanOrEqual(80);
  });

  it('lets go of what waits when the limit is lifted', async () => {
    // One byte in a quarter of an hour.
    proxy.bandwidth(0.001);
    client.socket.write(Buffer.alloc(60_000));
    await until(() => proxy.stats().toTarget.heldBytes === 60_000, 'the bytes to be held');
    proxy.bandwidth(undefined);
    await target.receive(60_000);
  });

  it('applies to what waits when it is changed', async () => {
    proxy.bandwidth(0.001);
    client.socket.write(Buffer.alloc(10_000));
    await until(() => proxy.stats().toTarget.heldBytes === 10_000, 'the bytes to be held');
    const ms = await elapsedMs(async () => {
      proxy.bandwidth(100_000);
      await target.receive(10_000);
    });
    // The first byte had begun under the old bandwidth and goes at once.
    expect(ms).toBeGreaterThanOrEqual(99);
  });
});

describe('a reader that stalls', () => {
  it('does not keep a connection from being cut when an end waits behind the data', async () => {
    const sender = dial(proxy.port);
    await server.accepted(1);
    // The reader's operating system is full when bytes stay in the proxy for the time of a write elsewhere.
    for (let writes = 1; proxy.stats().toTarget.heldBytes === 0; writes += 1) {
      sender.socket.write(Buffer.alloc(8000));
      await until(() => totalBytes() >= writes * 8000, 'the proxy to have read everything');
      client.socket.write('.');
      await target.receive(writes);
    }
    expect(proxy.stats().toTarget.heldBytes).toBeLessThanOrEqual(8000);
    sender.socket.end();
    const written = target.receivedBytes + 1;
    client.socket.write('.');
    await target.receive(written);
    proxy.cut();
    await proxy.close();

    function totalBytes(): number {
      const { forwardedBytes, heldBytes } = proxy.stats().toTarget;
      return forwardedBytes + heldBytes;
    }
  });

  it('leaves little to go on into a black hole', async () => {
    const roomy = await startChaosProxy({ target: server.target, bufferMaxBytes: 2_000_000 });
    const sender = dial(roomy.port);
    await server.accepted(1);
    sender.socket.write(Buffer.alloc(24_000_000));
    await until(() => roomy.stats().toTarget.heldBytes === 2_000_000, 'the buffer to fill');
    roomy.blackHole(true);
    // Two pieces and what a Node socket buffers before it asks for a pause.
    expect(roomy.stats().toTarget.heldBytes).toBeLessThanOrEqual(100_000);
    await roomy.close();
    expect(roomy.stats().toTarget.heldBytes).toBe(0);
  });
});

describe('a reset', () => {
  it('reaches a target that has stopped reading, past the data that waits for it', async () => {
    const roomy = await startChaosProxy({ target: server.target, bufferMaxBytes: 2 ** 26 });
    const sender = dial(roomy.port);
    const reader = await server.accepted(1);
    sender.socket.write(Buffer.alloc(24_000_000));
    await until(() => {
      const { forwardedBytes, heldBytes } = roomy.stats().toTarget;
      return forwardedBytes + heldBytes === 24_000_000;
    }, 'the proxy to have read everything');
    expect(roomy.stats().toTarget.heldBytes).toBeGreaterThan(0);
    sender.socket.resetAndDestroy();
    await until(() => roomy.stats().connectionsOpen === 0, 'the connection to go');
    expect(roomy.stats().toTarget.heldBytes).toBe(0);
    reader.read();
    await until(() => reader.isEnded || reader.isClosed, 'the reset');
    expect(reader.receivedBytes).toBeLessThan(24_000_000);
    await roomy.close();
  });
});

describe('integrity', () => {
  it.each([1, 2, 3])('several megabytes in random chunks survive changing conditions, seed %i', async (seed) => {
    const random = seededRandom(seed);
    const sent = { there: randomBytes(3_000_000), back: randomBytes(2_000_000) };
    const conditions = setInterval(() => {
      proxy.delay(randomInteger(random, { min: 0, max: 8 }));
      const isLimited = randomInteger(random, { min: 0, max: 3 }) > 0;
      proxy.bandwidth(isLimited ? randomInteger(random, { min: 3_000_000, max: 30_000_000 }) : undefined);
    }, 5);
    await Promise.all([writeInChunks(client, sent.there), writeInChunks(target, sent.back)]);
    await Promise.all([target.ended(), client.ended()]);
    clearInterval(conditions);
    expect(target.received().equals(sent.there)).toBe(true);
    expect(client.received().equals(sent.back)).toBe(true);
    await until(() => proxy.stats().connectionsOpen === 0, 'the connection to go');
    const { toTarget, toClient } = proxy.stats();
    expect(toTarget).toMatchObject({ forwardedBytes: 3_000_000, discardedBytes: 0, heldBytes: 0 });
    expect(toClient).toMatchObject({ forwardedBytes: 2_000_000, discardedBytes: 0, heldBytes: 0 });
    expect(Math.max(toTarget.heldPeakBytes, toClient.heldPeakBytes)).toBeLessThanOrEqual(65_536);

    function randomBytes(size: number): Buffer {
      return Buffer.from(Uint8Array.from({ length: size }, () => random()));
    }

    async function writeInChunks(endpoint: Endpoint, bytes: Buffer): Promise<void> {
      for (let at = 0; at < bytes.length; ) {
        const end = at + randomInteger(random, { min: 1, max: randomInteger(random, { min: 1, max: 60_000 }) });
        await new Promise((resolve) => endpoint.socket.write(bytes.subarray(at, end), resolve));
        at = end;
      }
      endpoint.socket.end();
    }
  });
});
