import { LinkError } from '@holdfast/transport';
import { describe, expect, it } from 'vitest';
import { createSimulatedNetwork } from '../../src/path/simulated-network.js';
import { createVirtualRuntime } from '../../src/virtual-runtime.js';
import { ONE_WAY_MS, PathRig, PLAIN_PATH, patternBytes } from './rig.js';

const HELLO = new TextEncoder().encode('hello');

/** Whether bytes that the device writes now have come, after so long. */
async function comesThrough(rig: PathRig, ends: Awaited<ReturnType<PathRig['connect']>>, ms: number): Promise<boolean> {
  const before = ends.server.bytes().length;
  ends.device.pipe.write(HELLO, () => {});
  await rig.runtime.advance(ms);
  return ends.server.bytes().length > before;
}

async function dialReason(rig: PathRig): Promise<unknown> {
  const dialing = rig.dial();
  const startMs = rig.runtime.nowMs();
  await rig.runtime.advance(0);
  expect(dialing.atMs).toBe(startMs);
  expect(dialing.error).toBeInstanceOf(LinkError);
  return (dialing.error as LinkError).reason;
}

describe('the way', () => {
  it('takes the latency of every stage, both ways', async () => {
    const rig = new PathRig();
    const { device, server } = await rig.connect();
    const startMs = rig.runtime.nowMs();
    device.pipe.write(HELLO, () => {});
    await rig.runtime.advance(ONE_WAY_MS);
    expect(server.arrivals).toEqual([{ atMs: startMs + ONE_WAY_MS, totalBytes: 5 }]);
    server.pipe.write(HELLO, () => {});
    await rig.runtime.advance(ONE_WAY_MS);
    expect(device.arrivals).toEqual([{ atMs: startMs + 2 * ONE_WAY_MS, totalBytes: 5 }]);
  });

  it('needs one round trip to open, and the server accepts when the device answers', async () => {
    const rig = new PathRig();
    const dialing = rig.dial();
    await rig.runtime.advance(2 * ONE_WAY_MS);
    expect([dialing.atMs, rig.accepted.length]).toEqual([2 * ONE_WAY_MS, 0]);
    await rig.runtime.advance(ONE_WAY_MS);
    expect(rig.accepted.map(({ pipe }) => pipe.peer)).toEqual(['press-7']);
  });

  it('goes through every stage in order, and back', async () => {
    const rig = new PathRig();
    const { device } = await rig.connect();
    await rig.runtime.advance(1_000);
    rig.events.length = 0;
    device.pipe.write(HELLO, () => {});
    await rig.runtime.advance(1_000);
    const steps = rig.events.map(({ direction, stage, what, bytes }) => `${direction} ${stage} ${what} ${bytes}`);
    expect(steps).toEqual([
      ...['up chip entered 5', 'up chip left 5', 'up accessPoint entered 5', 'up accessPoint left 5'],
      ...[
        'up router entered 5',
        'up router left 5',
        'up server entered 5',
        'up server left 5',
        'up server delivered 5',
      ],
      ...['down server entered 0', 'down server left 0', 'down router entered 0', 'down router left 0'],
      ...['down accessPoint entered 0', 'down accessPoint left 0', 'down chip entered 0', 'down chip left 0'],
    ]);
    expect(rig.events.map(({ atMs }) => atMs)).toEqual(rig.events.map(({ atMs }) => atMs).sort((a, b) => a - b));
  });

  it.each(['chip', 'accessPoint', 'router', 'server'] as const)(
    'carries no more than the bandwidth of the %s',
    async (stage) => {
      const buffer = { capacityBytes: 200_000 };
      const parameters = { ...PLAIN_PATH, chip: { ...PLAIN_PATH.chip, ...buffer } };
      const rig = new PathRig({ ...parameters, [stage]: { ...parameters[stage], ...buffer, bytesPerSecond: 50_000 } });
      const { device, server } = await rig.connect();
      rig.writeAll(device.pipe, patternBytes(100_000));
      await rig.runtime.advance(10_000);
      expect(server.bytes()).toEqual(patternBytes(100_000));
      const [first, last] = [server.arrivals[0], server.arrivals.at(-1)];
      const seconds = ((last?.atMs ?? 0) - (first?.atMs ?? 0)) / 1000;
      expect((100_000 - 576) / seconds).toBeCloseTo(50_000, 0);
    },
  );

  it('has a plausible round trip and bandwidth unless told otherwise', async () => {
    const rig = new PathRig({});
    const dialing = rig.dial();
    await rig.runtime.advance(10_000);
    expect(dialing.atMs).toBeGreaterThan(60);
    expect(dialing.atMs).toBeLessThan(110);
  });

  it('leaves no timer behind when nothing is under way', async () => {
    const rig = new PathRig();
    const { device } = await rig.connect();
    await comesThrough(rig, { device, server: rig.accepted[0] as never }, 1_000);
    expect(rig.runtime.pendingTimers).toBe(0);
  });

  it('checks the seed, the names and the durations of faults', () => {
    const runtime = createVirtualRuntime({ seed: 1 });
    expect(() => createSimulatedNetwork({ runtime, seed: -1 })).toThrow('seed');
    const network = createSimulatedNetwork({ runtime, seed: 1 });
    expect(() => network.device('')).toThrow('name');
    expect(() => network.router.stick(-1)).toThrow('ms');
    expect(() => network.router.withholdNames(Number.NaN)).toThrow('ms');
    expect(network.device('a')).toBe(network.device('a'));
  });
});

describe('dialing', () => {
  it.each([
    ['the chip is off', (rig: PathRig) => rig.network.device('press-7').chip.powerOff(1_000), 1],
    ['the chip is cut off', (rig: PathRig) => rig.network.device('press-7').chip.partition(1_000), 1],
    ['the access point is off', (rig: PathRig) => rig.network.accessPoint.powerOff(1_000), 1],
    ['the access point is cut off', (rig: PathRig) => rig.network.accessPoint.partition(1_000), 1],
    ['there are no addresses', (rig: PathRig) => rig.network.accessPoint.withholdAddresses(1_000), 2],
    ['there are no names', (rig: PathRig) => rig.network.router.withholdNames(1_000), 3],
    ['the router is cut off', (rig: PathRig) => rig.network.router.partition(1_000), 4],
    ['the server is cut off', (rig: PathRig) => rig.network.server.partition(1_000), 4],
  ])('fails at once with its reason when %s, and works afterwards', async (_, fault, reason) => {
    const rig = new PathRig();
    fault(rig);
    await rig.runtime.advance(999);
    expect(await dialReason(rig)).toBe(reason);
    await rig.runtime.advance(1);
    await rig.connect();
  });

  it('fails with noServer one round trip later when nobody listens', async () => {
    const rig = new PathRig();
    rig.stopListening();
    const dialing = rig.dial();
    await rig.runtime.advance(1_000);
    expect([(dialing.error as LinkError).reason, dialing.atMs]).toEqual([4, 2 * ONE_WAY_MS]);
  });

  it.each([
    ['the server is off', (rig: PathRig) => rig.network.server.powerOff(60_000)],
    ['the router is off', (rig: PathRig) => rig.network.router.powerOff(60_000)],
    ['the router swallows everything', (rig: PathRig) => rig.network.router.blackHole(60_000)],
    ['the access point swallows everything', (rig: PathRig) => rig.network.accessPoint.blackHole(60_000)],
    ['the chip swallows everything', (rig: PathRig) => rig.network.device('press-7').chip.blackHole(60_000)],
  ])('waits without an answer while %s, and gets through afterwards', async (_, fault) => {
    const rig = new PathRig();
    fault(rig);
    const dialing = rig.dial();
    await rig.runtime.advance(60_000);
    expect(dialing.atMs).toBeUndefined();
    await rig.runtime.advance(11_000);
    expect(dialing.end).toBeDefined();
  });

  it('ends with its signal, leaves nothing open and tells the server when its answer comes late', async () => {
    const rig = new PathRig();
    rig.network.router.stick(1_000);
    const abort = new AbortController();
    const dialing = rig.dial('press-7', abort.signal);
    await rig.runtime.advance(500);
    abort.abort();
    await rig.runtime.advance(0);
    expect((dialing.error as LinkError).reason).toBe(0);
    await rig.runtime.advance(10_000);
    expect([rig.accepted.length, rig.runtime.pendingTimers, rig.network.heldBytes('chip')]).toEqual([0, 0, 0]);
    const aborted = rig.dial('press-7', abort.signal);
    await rig.runtime.advance(0);
    expect((aborted.error as LinkError).reason).toBe(0);
  });
});

describe('a stuck stage', () => {
  it.each(['chip', 'accessPoint', 'router', 'server'] as const)(
    '%s: holds what comes, and loses nothing',
    async (stage) => {
      const rig = new PathRig();
      const ends = await rig.connect();
      await rig.runtime.advance(100);
      const control = stage === 'chip' ? rig.network.device('press-7').chip : rig.network[stage];
      control.stick(5_000);
      expect(await comesThrough(rig, ends, 4_000)).toBe(false);
      expect(rig.network.heldBytes(stage, 'press-7')).toBeGreaterThanOrEqual(5);
      expect(rig.network.heldBytes(stage)).toBe(rig.network.heldBytes(stage, 'press-7'));
      await rig.runtime.advance(1_000 + ONE_WAY_MS);
      expect(ends.server.bytes()).toEqual(HELLO);
      expect(rig.count('lost')).toBe(0);
      expect(ends.device.closed).toEqual([]);
    },
  );
});

describe('a silent stage', () => {
  it.each(['chip', 'accessPoint', 'router', 'server'] as const)(
    '%s: a black hole tells nobody, and bytes come when it is over',
    async (stage) => {
      const rig = new PathRig();
      const ends = await rig.connect();
      const control = stage === 'chip' ? rig.network.device('press-7').chip : rig.network[stage];
      control.blackHole(20_000);
      expect(await comesThrough(rig, ends, 20_000)).toBe(false);
      expect(rig.count('lost', stage)).toBeGreaterThan(1);
      await rig.runtime.advance(11_000);
      expect(ends.server.bytes()).toEqual(HELLO);
      expect([ends.device.closed, ends.server.closed]).toEqual([[], []]);
    },
  );

  it.each(['chip', 'accessPoint', 'router', 'server'] as const)(
    '%s: cut off, it keeps what it holds and loses what comes',
    async (stage) => {
      const rig = new PathRig();
      const ends = await rig.connect();
      const control = stage === 'chip' ? rig.network.device('press-7').chip : rig.network[stage];
      control.partition(20_000);
      expect(await comesThrough(rig, ends, 20_000)).toBe(false);
      await rig.runtime.advance(11_000);
      expect(ends.server.bytes()).toEqual(HELLO);
      expect([ends.device.closed, ends.server.closed]).toEqual([[], []]);
    },
  );

  it('accessPoint off: pipes stay open, and the chip gives up its radio attempts', async () => {
    const rig = new PathRig({ ...PLAIN_PATH, chip: { ...PLAIN_PATH.chip, radioSlotMs: 5, attemptsMax: 4 } });
    const ends = await rig.connect();
    await rig.runtime.advance(100);
    rig.events.length = 0;
    rig.network.accessPoint.powerOff(20_000);
    expect(await comesThrough(rig, ends, 100)).toBe(false);
    expect([rig.count('retransmitted', 'chip'), rig.count('lost', 'chip')]).toEqual([3, 1]);
    await rig.runtime.advance(31_000);
    expect(ends.server.bytes()).toEqual(HELLO);
    expect([ends.device.closed, ends.server.closed]).toEqual([[], []]);
  });

  it('router off: what it held is lost, and comes again from end to end', async () => {
    const rig = new PathRig({ ...PLAIN_PATH, router: { ...PLAIN_PATH.router, bytesPerSecond: 100 } });
    const ends = await rig.connect();
    ends.device.pipe.write(HELLO, () => {});
    await rig.runtime.advance(25);
    expect(rig.network.heldBytes('router')).toBe(5);
    rig.network.router.powerOff(1_000);
    expect(rig.network.heldBytes('router')).toBe(0);
    expect(rig.events.at(-1)).toMatchObject({ stage: 'router', what: 'lost', bytes: 5, detail: 'no power' });
    await rig.runtime.advance(5_000);
    expect(ends.server.bytes()).toEqual(HELLO);
  });
});

describe('connections that end', () => {
  it('chip off: they end at once for the device, and the server learns of it by a reset when it sends', async () => {
    const rig = new PathRig();
    const { device, server } = await rig.connect();
    const startMs = rig.runtime.nowMs();
    rig.network.device('press-7').chip.powerOff(1_000);
    expect(device.closed).toEqual([{ atMs: startMs, detail: 'the WiFi chip lost power' }]);
    await rig.runtime.advance(5_000);
    expect(server.closed).toEqual([]);
    server.pipe.write(HELLO, () => {});
    await rig.runtime.advance(2 * ONE_WAY_MS);
    expect(server.closed).toEqual([{ atMs: startMs + 5_000 + 2 * ONE_WAY_MS, detail: expect.any(String) }]);
  });

  it('server off: the device learns of it by a reset when the server is back', async () => {
    const rig = new PathRig();
    const { device, server } = await rig.connect();
    rig.network.server.powerOff(10_000);
    expect(server.closed).toHaveLength(1);
    device.pipe.write(HELLO, () => {});
    await rig.runtime.advance(10_000);
    expect(device.closed).toEqual([]);
    await rig.runtime.advance(11_000);
    expect(device.closed).toEqual([{ atMs: expect.any(Number), detail: 'the other end reset the connection' }]);
    expect(rig.network.heldBytes('chip')).toBe(0);
  });

  it('server reset: the device hears of it one latency later', async () => {
    const rig = new PathRig();
    const [one, two] = [await rig.connect('one'), await rig.connect('two')];
    const startMs = rig.runtime.nowMs();
    rig.network.server.reset();
    for (const { server } of [one, two]) expect(server.closed.map(({ atMs }) => atMs)).toEqual([startMs]);
    await rig.runtime.advance(1_000);
    for (const { device } of [one, two]) expect(device.closed.map(({ atMs }) => atMs)).toEqual([startMs + ONE_WAY_MS]);
  });
});

describe('bounds', () => {
  it('the chip takes no more writes at its capacity, and goes on when there is room', async () => {
    const rig = new PathRig();
    const { device, server } = await rig.connect();
    rig.network.router.stick(10_000);
    let isDone = false;
    rig.writeAll(device.pipe, patternBytes(20_000), () => {
      isDone = true;
    });
    await rig.runtime.advance(9_000);
    expect(rig.network.heldBytes('chip', 'press-7')).toBe(10 * 576);
    expect(isDone).toBe(false);
    await rig.runtime.advance(10_000);
    expect(isDone).toBe(true);
    expect(server.bytes()).toEqual(patternBytes(20_000));
    expect(rig.network.heldBytes('chip')).toBe(0);
  });

  it('a full router loses what arrives, and never holds more than its capacity', async () => {
    const rig = new PathRig({
      ...PLAIN_PATH,
      chip: { ...PLAIN_PATH.chip, capacityBytes: 20_000 },
      router: { ...PLAIN_PATH.router, bytesPerSecond: 20_000, capacityBytes: 3_000 },
    });
    const { device, server } = await rig.connect();
    let peakBytes = 0;
    rig.network.observe(() => {
      peakBytes = Math.max(peakBytes, rig.network.heldBytes('router'));
    });
    rig.writeAll(device.pipe, patternBytes(60_000));
    await rig.runtime.advance(120_000);
    expect(
      rig.events.some(({ stage, what, detail }) => stage === 'router' && what === 'lost' && detail === 'full'),
    ).toBe(true);
    expect(peakBytes).toBe(5 * 576);
    expect(server.bytes()).toEqual(patternBytes(60_000));
  });
});
