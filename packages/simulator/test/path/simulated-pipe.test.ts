// The life of a connection, over a whole path: the ends are only of use in pairs.

import { describe, expect, it } from 'vitest';
import { ONE_WAY_MS, PathRig, PLAIN_PATH, patternBytes } from './rig.js';

const HELLO = new TextEncoder().encode('hello');

describe('writing', () => {
  it('cuts into segments, and takes a write when it has room for all of it', async () => {
    const rig = new PathRig();
    const { device, server } = await rig.connect();
    let takenAtMs: number | undefined;
    const startMs = rig.runtime.nowMs();
    device.pipe.write(patternBytes(6_000), () => {
      takenAtMs = rig.runtime.nowMs();
    });
    await rig.runtime.advance(2 * ONE_WAY_MS - 1);
    expect([takenAtMs, rig.network.heldBytes('chip')]).toEqual([undefined, 10 * 576]);
    await rig.runtime.advance(1_000);
    // The first acknowledgement makes room for the rest.
    expect(takenAtMs).toBe(startMs + 2 * ONE_WAY_MS);
    expect(server.bytes()).toEqual(patternBytes(6_000));
  });

  it('copies, so that bytes may change once they are taken', async () => {
    const rig = new PathRig();
    const { device, server } = await rig.connect();
    const bytes = patternBytes(100);
    device.pipe.write(bytes, () => bytes.fill(0));
    await rig.runtime.advance(100);
    expect(server.bytes()).toEqual(patternBytes(100));
  });

  it('lets the receiver have the bytes for its own, even when they are sent again', async () => {
    const rig = new PathRig({ ...PLAIN_PATH, chip: { ...PLAIN_PATH.chip, retransmitMs: 40 } });
    rig.stopListening();
    const received: number[] = [];
    rig.network.listen(() => ({
      received: (bytes) => {
        received.push(...bytes);
        bytes.fill(0);
      },
      closed: () => {},
    }));
    const dialing = rig.dial();
    await rig.runtime.advance(1_000);
    dialing.end?.pipe.write(HELLO, () => {});
    await rig.runtime.advance(1_000);
    expect(rig.count('retransmitted', 'chip')).toBeGreaterThan(0);
    expect(received).toEqual([...HELLO]);
  });

  it('carries acknowledgements with an answer that is given at once', async () => {
    const rig = new PathRig();
    const { device, server } = await rig.connect();
    await rig.runtime.advance(100);
    rig.events.length = 0;
    device.pipe.write(HELLO, () => {});
    await rig.runtime.runUntil(() => server.arrivals.length > 0, { limitMs: 1_000 });
    server.pipe.write(HELLO, () => {});
    await rig.runtime.advance(1_000);
    expect(rig.events.filter(({ stage, what }) => stage === 'server' && what === 'entered')).toMatchObject([
      { direction: 'up', bytes: 5 },
      { direction: 'down', bytes: 5 },
      { direction: 'up', bytes: 0, detail: 'ack' },
    ]);
  });

  it('learns how long the way is, and then sends nothing twice', async () => {
    const rig = new PathRig({ ...PLAIN_PATH, router: { ...PLAIN_PATH.router, latencyMs: 1_000 } });
    const { device, server } = await rig.connect();
    device.pipe.write(HELLO, () => {});
    await rig.runtime.advance(10_000);
    rig.events.length = 0;
    for (let i = 0; i < 20; i += 1) {
      device.pipe.write(HELLO, () => {});
      server.pipe.write(HELLO, () => {});
      await rig.runtime.advance(3_000);
    }
    expect(rig.count('delivered')).toBe(40);
    expect(rig.count('retransmitted')).toBe(0);
  });

  it('sends again soon where the way is short', async () => {
    const rig = new PathRig();
    const { device, server } = await rig.connect();
    await rig.runtime.advance(60_000);
    device.pipe.write(HELLO, () => {});
    server.pipe.write(HELLO, () => {});
    await rig.runtime.advance(1_000);
    rig.network.router.blackHole(50);
    const startMs = rig.runtime.nowMs();
    device.pipe.write(HELLO, () => {});
    server.pipe.write(HELLO, () => {});
    await rig.runtime.advance(10_000);
    const repeats = rig.events.filter(({ what }) => what === 'retransmitted');
    expect(repeats.map(({ stage, atMs }) => [stage, atMs - startMs])).toEqual([
      ['chip', 300],
      ['server', 300],
    ]);
  });

  it('does nothing on a pipe that is closed', async () => {
    const rig = new PathRig();
    const { device, server } = await rig.connect();
    device.pipe.destroy();
    device.pipe.destroy();
    device.pipe.end();
    device.pipe.write(HELLO, () => expect.fail('taken'));
    await rig.runtime.advance(1_000);
    expect([server.bytes().length, device.closed.length, rig.network.heldBytes('chip')]).toEqual([0, 0, 0]);
  });
});

describe('closing', () => {
  it('end: the other end hears of it behind the last byte, whatever is lost', async () => {
    const rig = new PathRig({ ...PLAIN_PATH, router: { ...PLAIN_PATH.router, loss: { probability: 0.3 } } });
    const { device, server } = await rig.connect();
    rig.writeAll(device.pipe, patternBytes(5_000), () => device.pipe.end());
    await rig.runtime.runUntil(() => server.closed.length > 0, { limitMs: 100_000 });
    expect(server.bytes()).toEqual(patternBytes(5_000));
    expect(server.closed[0]?.detail).toBe('the other end closed the connection');
    await rig.runtime.advance(100_000);
    expect([device.closed.length, rig.runtime.pendingTimers, rig.network.heldBytes('chip')]).toEqual([0, 0, 0]);
  });

  it('end: is over when its acknowledgement has come', async () => {
    const rig = new PathRig();
    const { device, server } = await rig.connect();
    const startMs = rig.runtime.nowMs();
    device.pipe.end();
    await rig.runtime.advance(10_000);
    expect(server.closed).toEqual([{ atMs: startMs + ONE_WAY_MS, detail: 'the other end closed the connection' }]);
    const ends = rig.events.filter(({ what }) => what === 'closed').map(({ stage, atMs }) => [stage, atMs - startMs]);
    expect(ends).toEqual([
      ['server', ONE_WAY_MS],
      ['chip', 2 * ONE_WAY_MS],
    ]);
    expect(rig.count('retransmitted') + rig.count('reset')).toBe(0);
  });

  it('end: waits for a write that is not taken yet', async () => {
    const rig = new PathRig();
    const { device, server } = await rig.connect();
    device.pipe.write(patternBytes(20_000), () => {});
    device.pipe.end();
    await rig.runtime.advance(5_000);
    expect(server.bytes()).toEqual(patternBytes(20_000));
    expect(server.closed).toHaveLength(1);
  });

  it('end: tells its program nothing more', async () => {
    const rig = new PathRig();
    const { device, server } = await rig.connect();
    server.pipe.write(HELLO, () => {});
    device.pipe.end();
    await rig.runtime.advance(1_000);
    expect([device.bytes().length, device.closed.length]).toEqual([0, 0]);
  });

  it('end: gives up on what nobody acknowledges, and the chip has its room again', async () => {
    const rig = new PathRig();
    const { device } = await rig.connect();
    rig.network.router.blackHole(100_000);
    rig.writeAll(device.pipe, patternBytes(2_000), () => device.pipe.end());
    await rig.runtime.advance(19_999);
    expect(rig.network.heldBytes('chip')).toBe(2_000);
    await rig.runtime.advance(1);
    expect(rig.network.heldBytes('chip')).toBe(0);
    await rig.runtime.advance(ONE_WAY_MS);
    expect(rig.runtime.pendingTimers).toBe(0);
  });

  it('both ends at once', async () => {
    const rig = new PathRig();
    const { device, server } = await rig.connect();
    device.pipe.end();
    server.pipe.end();
    await rig.runtime.advance(1_000);
    expect([device.closed, server.closed, rig.runtime.pendingTimers]).toEqual([[], [], 0]);
    expect(rig.count('closed')).toBe(2);
  });

  it('destroy: the other end hears of it one latency later, and what has not left is gone', async () => {
    const rig = new PathRig();
    const { device, server } = await rig.connect();
    await rig.runtime.advance(100);
    const startMs = rig.runtime.nowMs();
    rig.network.device('press-7').chip.stick(50);
    device.pipe.write(HELLO, () => {});
    device.pipe.destroy();
    expect(rig.network.heldBytes('chip')).toBe(0);
    await rig.runtime.advance(1_000);
    expect(server.bytes()).toHaveLength(0);
    expect(server.closed).toEqual([{ atMs: startMs + 50 + ONE_WAY_MS, detail: 'the other end reset the connection' }]);
  });

  it('destroy: news that was swallowed comes when the other end sends', async () => {
    const rig = new PathRig();
    const { device, server } = await rig.connect();
    rig.network.router.blackHole(1_000);
    device.pipe.destroy();
    await rig.runtime.advance(60_000);
    expect(server.closed).toEqual([]);
    server.pipe.write(HELLO, () => {});
    await rig.runtime.advance(2 * ONE_WAY_MS);
    expect(server.closed).toHaveLength(1);
  });

  it('silence: each end takes the other for dead at the limit', async () => {
    const rig = new PathRig();
    const { device, server } = await rig.connect();
    await rig.runtime.advance(100);
    const startMs = rig.runtime.nowMs();
    rig.network.router.blackHole(1_000_000);
    device.pipe.write(HELLO, () => {});
    server.pipe.write(HELLO, () => {});
    await rig.runtime.advance(200_000);
    expect(device.closed).toEqual([{ atMs: startMs + 180_000, detail: 'no answer from the server for 180 s' }]);
    expect(server.closed).toEqual([{ atMs: startMs + 180_000, detail: 'no answer from the press-7 for 180 s' }]);
    expect(rig.runtime.pendingTimers).toBe(0);
  });
});

describe('opening', () => {
  it('gets through loss, and opens once at each end', async () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const rig = new PathRig({ ...PLAIN_PATH, router: { ...PLAIN_PATH.router, loss: { probability: 0.5 } } }, seed);
      const ends = await rig.connect();
      ends.device.pipe.write(HELLO, () => {});
      await rig.runtime.advance(120_000);
      expect([rig.accepted.length, ends.server.bytes()], `seed ${seed}`).toEqual([1, HELLO]);
      expect(rig.count('opened'), `seed ${seed}`).toBe(2);
    }
  });

  it('lets the server write first, and destroy at once', async () => {
    const rig = new PathRig();
    rig.stopListening();
    let isFirst = true;
    rig.network.listen((pipe) => {
      if (isFirst) pipe.write(HELLO, () => {});
      else pipe.destroy();
      isFirst = false;
      return { received: () => {}, closed: () => {} };
    });
    const first = rig.dial();
    const second = rig.dial();
    await rig.runtime.advance(1_000);
    expect(first.end?.bytes()).toEqual(HELLO);
    expect(second.end?.closed).toHaveLength(1);
  });
});
