// Virtual time moves only when told to, in order, with every promise settled between two timers.

import { describe, expect, it } from 'vitest';
import { randomInteger } from '../src/seeded-random.js';
import { createVirtualRuntime, type VirtualRuntime } from '../src/virtual-runtime.js';

const sleep = (runtime: VirtualRuntime, ms: number) => new Promise<void>((resolve) => runtime.setTimer(ms, resolve));

describe('timers', () => {
  it('fire in the order of time, then of setting, each at its own instant', async () => {
    const runtime = createVirtualRuntime({ seed: 1 });
    const log: string[] = [];
    const note = (name: string) => () => log.push(`${name}@${runtime.nowMs()}`);
    runtime.setTimer(20, note('c'));
    runtime.setTimer(10, note('a'));
    runtime.setTimer(20, note('d'));
    runtime.setTimer(10.5, note('b'));
    runtime.setTimer(21, note('late'));
    await runtime.advance(20);
    expect(log).toEqual(['a@10', 'b@10.5', 'c@20', 'd@20']);
    expect(runtime.nowMs()).toBe(20);
    expect(runtime.pendingTimers).toBe(1);
  });

  it('set while another fires count from that instant, and fire in the same advance', async () => {
    const runtime = createVirtualRuntime({ seed: 1 });
    const log: number[] = [];
    const tick = () => {
      log.push(runtime.nowMs());
      runtime.setTimer(30, tick);
    };
    runtime.setTimer(30, tick);
    await runtime.advance(100);
    expect(log).toEqual([30, 60, 90]);
    expect(runtime.nowMs()).toBe(100);
  });

  it('with no delay, or one below 0, wait for advance and fire after those already due', async () => {
    const runtime = createVirtualRuntime({ seed: 1 });
    const log: string[] = [];
    runtime.setTimer(0, () => {
      log.push('first');
      runtime.setTimer(0, () => log.push('third'));
    });
    runtime.setTimer(-5, () => log.push('second'));
    expect(log).toEqual([]);
    await runtime.advance(0);
    expect(log).toEqual(['first', 'second', 'third']);
    expect(runtime.nowMs()).toBe(0);
  });

  it('do not fire once cleared, whether by other code, by a timer of the same instant or twice', async () => {
    const runtime = createVirtualRuntime({ seed: 1 });
    const log: string[] = [];
    const early = runtime.setTimer(5, () => log.push('early'));
    runtime.setTimer(10, () => runtime.clearTimer(twin));
    const twin = runtime.setTimer(10, () => log.push('twin'));
    runtime.clearTimer(early);
    runtime.clearTimer(early);
    expect(runtime.pendingTimers).toBe(2);
    await runtime.advance(50);
    expect(log).toEqual([]);
    expect(runtime.pendingTimers).toBe(0);
  });

  it('of another runtime, or nonsense, are ignored by clearTimer', async () => {
    const runtime = createVirtualRuntime({ seed: 1 });
    const other = createVirtualRuntime({ seed: 1 });
    runtime.setTimer(1, () => undefined);
    runtime.clearTimer(other.setTimer(1, () => undefined));
    runtime.clearTimer(undefined);
    runtime.clearTimer('timer');
    expect(runtime.pendingTimers).toBe(1);
    expect(other.pendingTimers).toBe(1);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('refuse a delay of %s', (delayMs) => {
    const runtime = createVirtualRuntime({ seed: 1 });
    expect(() => runtime.setTimer(delayMs, () => undefined)).toThrow(RangeError);
  });
});

describe('promises', () => {
  it('settle between two timers of the same instant, however long the chain', async () => {
    const runtime = createVirtualRuntime({ seed: 1 });
    const log: string[] = [];
    runtime.setTimer(10, async () => {
      for (let i = 0; i < 500; i += 1) await undefined;
      log.push('chain of the first');
    });
    runtime.setTimer(10, () => log.push('second'));
    await runtime.advance(10);
    expect(log).toEqual(['chain of the first', 'second']);
  });

  it('settle before time moves at all, so that timers they set count from the start', async () => {
    const runtime = createVirtualRuntime({ seed: 1 });
    const wokenAtMs: number[] = [];
    const program = async () => {
      await undefined;
      await sleep(runtime, 10);
      wokenAtMs.push(runtime.nowMs());
      await sleep(runtime, 10);
      wokenAtMs.push(runtime.nowMs());
    };
    void program();
    await runtime.advance(20);
    expect(wokenAtMs).toEqual([10, 20]);
  });

  it('settle after the last timer, before advance resolves', async () => {
    const runtime = createVirtualRuntime({ seed: 1 });
    let isDone = false;
    void sleep(runtime, 10).then(async () => {
      await undefined;
      isDone = true;
    });
    await runtime.advance(10);
    expect(isDone).toBe(true);
  });
});

describe('defer', () => {
  it('runs after the running code and before any timer, without advance', async () => {
    const runtime = createVirtualRuntime({ seed: 1 });
    const log: string[] = [];
    runtime.setTimer(0, () => log.push('timer'));
    runtime.defer(() => log.push('deferred'));
    log.push('running code');
    await undefined;
    expect(log).toEqual(['running code', 'deferred']);
    await runtime.advance(0);
    expect(log).toEqual(['running code', 'deferred', 'timer']);
  });
});

describe('runUntil', () => {
  it('stops at the instant at which the predicate becomes true', async () => {
    const runtime = createVirtualRuntime({ seed: 1 });
    let count = 0;
    const tick = () => {
      count += 1;
      runtime.setTimer(10, tick);
    };
    tick();
    expect(await runtime.runUntil(() => count === 4, { limitMs: 1000 })).toBe(true);
    expect(runtime.nowMs()).toBe(30);
  });

  it('returns at once when the predicate is true already', async () => {
    const runtime = createVirtualRuntime({ seed: 1 });
    runtime.setTimer(0, () => expect.unreachable());
    expect(await runtime.runUntil(() => true, { limitMs: 10 })).toBe(true);
  });

  it('goes to the limit and says false when the predicate stays false', async () => {
    const runtime = createVirtualRuntime({ seed: 1 });
    let isFired = false;
    runtime.setTimer(101, () => {
      isFired = true;
    });
    expect(await runtime.runUntil(() => isFired, { limitMs: 100 })).toBe(false);
    expect(runtime.nowMs()).toBe(100);
    expect(await runtime.runUntil(() => isFired, { limitMs: 1 })).toBe(true);
  });

  it('asks a last time at the limit', async () => {
    const runtime = createVirtualRuntime({ seed: 1 });
    expect(await runtime.runUntil(() => runtime.nowMs() === 100, { limitMs: 100 })).toBe(true);
  });
});

describe('misuse and failure', () => {
  it('rejects with what a timer threw, stands at that instant, and can go on', async () => {
    const runtime = createVirtualRuntime({ seed: 1 });
    const log: string[] = [];
    runtime.setTimer(5, () => {
      throw new Error('boom');
    });
    runtime.setTimer(5, () => log.push('next'));
    await expect(runtime.advance(10)).rejects.toThrow('boom');
    expect(runtime.nowMs()).toBe(5);
    await runtime.advance(5);
    expect(log).toEqual(['next']);
  });

  it('rejects with what a deferred callback threw', async () => {
    const runtime = createVirtualRuntime({ seed: 1 });
    runtime.setTimer(5, () =>
      runtime.defer(() => {
        throw new Error('deferred boom');
      }),
    );
    await expect(runtime.advance(10)).rejects.toThrow('deferred boom');
    await runtime.advance(10);
  });

  it('refuses a second drive while one is under way', async () => {
    const runtime = createVirtualRuntime({ seed: 1 });
    const first = runtime.advance(10);
    await expect(runtime.advance(10)).rejects.toThrow('driven already');
    await first;
    expect(runtime.nowMs()).toBe(10);
  });

  it('refuses to go back or to nowhere', async () => {
    const runtime = createVirtualRuntime({ seed: 1 });
    await expect(runtime.advance(-1)).rejects.toThrow(RangeError);
    await expect(runtime.advance(Number.NaN)).rejects.toThrow(RangeError);
    await expect(runtime.runUntil(() => true, { limitMs: Number.POSITIVE_INFINITY })).rejects.toThrow(RangeError);
  });

  it('reports a program that never lets time move on', async () => {
    const runtime = createVirtualRuntime({ seed: 1, instantTimersMax: 100 });
    let count = 0;
    const spin = () => {
      count += 1;
      runtime.setTimer(0, spin);
    };
    runtime.setTimer(7, spin);
    await expect(runtime.advance(10)).rejects.toThrow(/100 timers fired at 7 ms/);
    expect(count).toBe(100);
  });

  it('does not mind many timers at many instants', async () => {
    const runtime = createVirtualRuntime({ seed: 1, instantTimersMax: 2 });
    for (let i = 0; i < 100; i += 1) runtime.setTimer(i % 50, () => undefined);
    await runtime.advance(50);
    expect(runtime.pendingTimers).toBe(0);
  });

  it.each([{ seed: -1 }, { seed: 1, startWallClockMs: Number.NaN }, { seed: 1, instantTimersMax: 0 }])(
    'refuses the options %o',
    (options) => {
      expect(() => createVirtualRuntime(options)).toThrow();
    },
  );
});

describe('the wall clock', () => {
  it('starts where asked, goes with time, and jumps without moving timers', async () => {
    const runtime = createVirtualRuntime({ seed: 1, startWallClockMs: 1_000_000 });
    let firedAtMs = 0;
    runtime.setTimer(100, () => {
      firedAtMs = runtime.nowMs();
    });
    await runtime.advance(50);
    expect(runtime.wallClockMs()).toBe(1_000_050);
    runtime.shiftWallClock(-500_000);
    await runtime.advance(50);
    expect(runtime.wallClockMs()).toBe(500_100);
    expect(firedAtMs).toBe(100);
    expect(() => runtime.shiftWallClock(-500_101)).toThrow(RangeError);
  });

  it('starts on 1 January 2025 unless told otherwise', () => {
    expect(new Date(createVirtualRuntime({ seed: 1 }).wallClockMs()).toISOString()).toBe('2025-01-01T00:00:00.000Z');
  });
});

describe('same seed, same run', () => {
  /** Forty programs that sleep, wake one another and draw random numbers; the log is the run. */
  async function run(seed: number): Promise<string> {
    const runtime = createVirtualRuntime({ seed });
    const log: string[] = [];
    const program = async (name: number) => {
      for (let step = 0; step < 20; step += 1) {
        const ms = randomInteger(runtime.randomUint32, { min: 0, max: 50 });
        const timeout = runtime.setTimer(25, () => log.push(`${name} slow @${runtime.nowMs()}`));
        await sleep(runtime, ms);
        runtime.clearTimer(timeout);
        log.push(`${name}.${step} @${runtime.nowMs()}`);
      }
    };
    for (let name = 0; name < 40; name += 1) void program(name);
    await runtime.advance(2000);
    expect(runtime.pendingTimers).toBe(0);
    return log.join('\n');
  }

  it('holds for a tangle of programs', async () => {
    const first = await run(42);
    expect(await run(42)).toBe(first);
    expect(await run(43)).not.toBe(first);
  });

  it('gets through a virtual hour of 50,000 timers, promises included', async () => {
    const runtime = createVirtualRuntime({ seed: 1 });
    let steps = 0;
    const program = async () => {
      for (;;) {
        await sleep(runtime, 1440);
        steps += 1;
      }
    };
    for (let i = 0; i < 20; i += 1) void program();
    await runtime.advance(3_600_000);
    expect(steps).toBe(50_000);
    expect(runtime.nowMs()).toBe(3_600_000);
  });
});
