import { REFUSE_CODE } from '@holdfast/protocol';
import { CLOSE_CODE } from '@holdfast/protocol/core';
import { createVirtualRuntime, type VirtualRuntime } from '@holdfast/simulator';
import { describe, expect, test } from 'vitest';
import type { DisconnectCause } from '../src/index.js';
import { type DialFailure, isLasting, Reconnector } from '../src/reconnector.js';

const LOST: DisconnectCause = { kind: 'linkLost', detail: 'gone' };

/** A reconnector whose attempts end as the test says. */
class Bench {
  readonly runtime: VirtualRuntime;
  readonly reconnector: Reconnector;
  readonly dialedAtMs: number[] = [];
  readonly delaysMs: number[] = [];
  /** How the next attempts end; the last one again and again. `pending`: when the test says so. */
  outcomes: (DialFailure | undefined | 'pending')[] = [{ cause: LOST }];
  finish: (failure: DialFailure | undefined) => void = () => {};
  onScheduled: () => void = () => {};
  givenUp = 0;
  probes = 0;
  /** Those who are told that the network may be back. */
  readonly watchers = new Set<() => void>();

  constructor(seed = 1) {
    this.runtime = createVirtualRuntime({ seed });
    this.reconnector = new Reconnector(
      this.runtime,
      { minMs: 500, maxMs: 30_000 },
      {
        connect: () => this.#connect(),
        giveUp: () => {
          this.givenUp += 1;
        },
        probe: () => {
          this.probes += 1;
        },
        scheduled: (delayMs) => {
          this.delaysMs.push(delayMs);
          this.onScheduled();
        },
        watchReturn: (onReturned) => {
          this.watchers.add(onReturned);
          return () => this.watchers.delete(onReturned);
        },
      },
    );
  }

  /** Attempts succeed from now on. */
  succeed(): void {
    this.outcomes = [undefined];
  }

  networkReturns(): void {
    for (const onReturned of [...this.watchers]) onReturned();
  }

  lose(cause: DisconnectCause = LOST): void {
    this.reconnector.onLost(cause);
  }

  async #connect(): Promise<DialFailure | undefined> {
    this.dialedAtMs.push(this.runtime.nowMs());
    const outcome = this.outcomes.length > 1 ? this.outcomes.shift() : this.outcomes[0];
    if (outcome !== 'pending') {
      if (outcome === undefined) this.reconnector.onConnected();
      return outcome;
    }
    return new Promise((resolve) => {
      this.finish = (failure) => {
        // As in the transport: the connection is told before the promise of the attempt can be.
        if (failure === undefined) this.reconnector.onConnected();
        resolve(failure);
      };
    });
  }
}

describe('Reconnector', () => {
  test('dials nothing until somebody wishes it', async () => {
    const bench = new Bench();
    bench.lose();
    await bench.runtime.advance(100_000);
    expect(bench.dialedAtMs).toEqual([]);
  });

  test('dials at once for the first wish, and not again for the second', async () => {
    const bench = new Bench();
    bench.succeed();
    bench.reconnector.hold();
    bench.reconnector.hold();
    await bench.runtime.advance(100_000);
    expect(bench.dialedAtMs).toEqual([0]);
  });

  test('waits at random within a span that doubles up to the maximum', async () => {
    const longestMs: number[] = [];
    for (let seed = 0; seed < 200; seed++) {
      const bench = new Bench(seed);
      const release = bench.reconnector.hold();
      await bench.runtime.runUntil(() => bench.delaysMs.length >= 9, { limitMs: 1_000_000 });
      release();
      for (let index = 0; index < 9; index++) {
        const spanMs = Math.min(30_000, 500 * 2 ** index);
        expect(bench.delaysMs[index]).toBeLessThanOrEqual(spanMs);
        longestMs[index] = Math.max(longestMs[index] ?? 0, (bench.delaysMs[index] as number) / spanMs);
      }
      const waitsMs = bench.dialedAtMs.slice(1).map((atMs, index) => atMs - (bench.dialedAtMs[index] as number));
      expect(waitsMs).toEqual(bench.delaysMs.slice(0, waitsMs.length));
    }
    // The jitter is full: every span is used from end to end.
    for (const share of longestMs) expect(share).toBeGreaterThan(0.9);
  });

  test('dials again after a loss, behind a wait', async () => {
    const bench = new Bench();
    bench.succeed();
    bench.reconnector.hold();
    await bench.runtime.advance(1_000);
    bench.lose();
    expect(bench.delaysMs).toHaveLength(1);
    await bench.runtime.advance(500);
    expect(bench.dialedAtMs).toHaveLength(2);
  });

  test('begins with short waits again after a connection that lasted', async () => {
    const bench = new Bench();
    bench.outcomes = [...Array.from({ length: 12 }, () => ({ cause: LOST })), undefined];
    bench.reconnector.hold();
    await bench.runtime.runUntil(() => bench.dialedAtMs.length === 13, { limitMs: 1e9 });
    await bench.runtime.advance(29_999);
    bench.lose();
    const afterShortMs = bench.delaysMs.at(-1) as number;
    await bench.runtime.runUntil(() => bench.dialedAtMs.length === 14, { limitMs: 1e9 });
    await bench.runtime.advance(30_000);
    bench.lose();
    expect(bench.delaysMs.at(-1)).toBeLessThanOrEqual(500);
    expect(afterShortMs).toBeGreaterThan(500);
  });

  test('does not storm a server that lets the device in and drops it at once', async () => {
    const bench = new Bench();
    bench.succeed();
    bench.reconnector.hold();
    const perMinute: number[] = [];
    for (let minute = 0; minute < 20; minute++) {
      const before = bench.dialedAtMs.length;
      const endMs = bench.runtime.nowMs() + 60_000;
      let seen = before;
      while (
        await bench.runtime.runUntil(() => bench.dialedAtMs.length > seen, { limitMs: endMs - bench.runtime.nowMs() })
      ) {
        seen = bench.dialedAtMs.length;
        await bench.runtime.advance(0);
        bench.lose();
      }
      perMinute.push(bench.dialedAtMs.length - before);
    }
    expect(Math.max(...perMinute)).toBeLessThanOrEqual(20);
    expect(perMinute.reduce((sum, count) => sum + count)).toBeLessThanOrEqual(20 * 8);
  });

  test('sees a loss that comes before the attempt has told of its success', async () => {
    const bench = new Bench();
    bench.outcomes = ['pending', undefined];
    bench.reconnector.hold();
    await bench.runtime.advance(0);
    bench.finish(undefined);
    bench.lose();
    await bench.runtime.advance(60_000);
    expect(bench.dialedAtMs).toHaveLength(2);
    expect(bench.delaysMs).toHaveLength(1);
  });

  test.each<[string, DisconnectCause, number]>([
    ['its token is refused', { kind: 'refused', code: REFUSE_CODE.unauthorised, detail: '' }, 30_000],
    ['its version is refused', { kind: 'refused', code: REFUSE_CODE.versionUnsupported, detail: '' }, 30_000],
    ['another device has its id', { kind: 'closedByPeer', code: CLOSE_CODE.replaced, detail: '' }, 30_000],
    [
      'the server names a later time',
      { kind: 'refused', code: REFUSE_CODE.unauthorised, retryAfterMs: 90_000, detail: '' },
      90_000,
    ],
    [
      'an overloaded server names a time',
      { kind: 'refused', code: REFUSE_CODE.overloaded, retryAfterMs: 90_000, detail: '' },
      90_000,
    ],
  ])('waits long when %s', async (_, cause, delayMs) => {
    const bench = new Bench();
    bench.outcomes = [{ cause }];
    bench.reconnector.hold();
    await bench.runtime.advance(0);
    expect(bench.delaysMs).toEqual([delayMs]);
    await bench.runtime.advance(delayMs - 1);
    expect(bench.dialedAtMs).toHaveLength(1);
    await bench.runtime.advance(1);
    expect(bench.dialedAtMs).toHaveLength(2);
  });

  test('knows what will not go away soon', () => {
    expect(isLasting({ kind: 'refused', code: REFUSE_CODE.overloaded, detail: '' })).toBe(false);
    expect(isLasting({ kind: 'closedByPeer', code: CLOSE_CODE.shuttingDown, detail: '' })).toBe(false);
    expect(isLasting(LOST)).toBe(false);
  });
});

describe('a network that is back', () => {
  /** A reconnector that waits for long. */
  async function waiting(cause: DisconnectCause = LOST): Promise<Bench> {
    const bench = new Bench();
    bench.outcomes = [{ cause }];
    bench.reconnector.hold();
    await bench.runtime.runUntil(() => (bench.delaysMs.at(-1) ?? 0) > 10_000, { limitMs: 1e6 });
    return bench;
  }

  test('ends the wait', async () => {
    const bench = await waiting();
    await bench.runtime.advance(5_000);
    const attempts = bench.dialedAtMs.length;
    bench.networkReturns();
    await bench.runtime.advance(0);
    expect(bench.dialedAtMs).toHaveLength(attempts + 1);
    // One watcher for the wait that follows, and its timer.
    expect([bench.watchers.size, bench.runtime.pendingTimers]).toEqual([1, 1]);
  });

  test('brings one attempt a second at the most, however often it is back, and none is forgotten', async () => {
    const bench = await waiting();
    const attempts = bench.dialedAtMs.length;
    const lastMs = bench.dialedAtMs.at(-1) as number;
    for (let step = 0; step < 30; step++) {
      bench.networkReturns();
      await bench.runtime.advance(100);
    }
    expect(bench.dialedAtMs.slice(attempts).map((atMs) => atMs - lastMs)).toEqual([1_000, 2_000, 3_000]);
  });

  test('makes no wait longer', async () => {
    const bench = new Bench();
    bench.reconnector.hold();
    await bench.runtime.advance(0);
    bench.networkReturns();
    await bench.runtime.advance(500);
    expect(bench.dialedAtMs.length).toBeGreaterThan(1);
  });

  test.each<[string, DisconnectCause]>([
    ['another device has this id', { kind: 'closedByPeer', code: CLOSE_CODE.replaced, detail: '' }],
    ['the server named a time', { kind: 'refused', code: REFUSE_CODE.overloaded, retryAfterMs: 60_000, detail: '' }],
  ])('changes nothing when %s', async (_, cause) => {
    const bench = await waiting(cause);
    const attempts = bench.dialedAtMs.length;
    bench.networkReturns();
    await bench.runtime.advance(20_000);
    expect(bench.dialedAtMs).toHaveLength(attempts);
  });

  test('asks a connection whether it lives', async () => {
    const bench = new Bench();
    bench.succeed();
    bench.reconnector.hold();
    await bench.runtime.advance(1_000);
    bench.networkReturns();
    expect([bench.probes, bench.givenUp]).toEqual([1, 0]);
    bench.outcomes = ['pending'];
    bench.lose();
    await bench.runtime.advance(10_000);
    bench.networkReturns();
    expect(bench.probes).toBe(1);
  });

  test('gives up an attempt that hangs, and dials again at once', async () => {
    const bench = new Bench();
    bench.outcomes = ['pending'];
    bench.reconnector.hold();
    await bench.runtime.advance(4_999);
    bench.networkReturns();
    expect(bench.givenUp).toBe(0);
    await bench.runtime.advance(1);
    bench.networkReturns();
    expect(bench.givenUp).toBe(1);
    bench.finish({ cause: { kind: 'asked', detail: 'the attempt was given up' } });
    await bench.runtime.advance(0);
    expect(bench.dialedAtMs).toEqual([0, 5_000]);
  });

  test('during an attempt that fails by itself makes the wait behind it short', async () => {
    const bench = new Bench(3);
    bench.outcomes = ['pending'];
    const many = 12;
    bench.reconnector.hold();
    // Until the waits are long.
    for (let n = 1; n < many; n++) {
      await bench.runtime.runUntil(() => bench.dialedAtMs.length === n, { limitMs: 1_000_000 });
      bench.finish({ cause: LOST });
    }
    await bench.runtime.runUntil(() => bench.dialedAtMs.length === many, { limitMs: 1_000_000 });
    const beganMs = bench.runtime.nowMs();
    await bench.runtime.advance(300);
    bench.networkReturns();
    bench.finish({ cause: LOST });
    await bench.runtime.advance(700);
    expect(bench.delaysMs.at(-1)).toBeGreaterThan(1_000);
    expect(bench.dialedAtMs.at(-1)).toBe(beganMs + 1_000);
    // It was said of that attempt and not of the next one.
    bench.finish({ cause: LOST });
    await bench.runtime.advance(1_000);
    expect(bench.delaysMs.at(-1)).toBeGreaterThan(1_000);
    expect(bench.dialedAtMs).toHaveLength(many + 1);
  });

  test('is watched for while somebody wishes a connection, and not otherwise', async () => {
    const bench = new Bench();
    expect(bench.watchers.size).toBe(0);
    const release = bench.reconnector.hold();
    const releaseOther = bench.reconnector.hold();
    await bench.runtime.advance(0);
    expect(bench.watchers.size).toBe(1);
    release();
    expect(bench.watchers.size).toBe(1);
    releaseOther();
    expect(bench.watchers.size).toBe(0);
    bench.reconnector.hold();
    expect(bench.watchers.size).toBe(1);
    bench.reconnector.releaseAll();
    expect(bench.watchers.size).toBe(0);
  });
});

describe('Reconnector without wishes', () => {
  test('ends a wait at once, and leaves no timer', async () => {
    const bench = new Bench();
    const release = bench.reconnector.hold();
    await bench.runtime.advance(0);
    expect(bench.runtime.pendingTimers).toBe(1);
    release();
    expect(bench.runtime.pendingTimers).toBe(0);
    await bench.runtime.advance(100_000);
    expect(bench.dialedAtMs).toHaveLength(1);
  });

  test('goes on while another wish is left, and hears a release once', async () => {
    const bench = new Bench();
    const first = bench.reconnector.hold();
    const second = bench.reconnector.hold();
    first();
    first();
    await bench.runtime.advance(600);
    expect(bench.dialedAtMs.length).toBeGreaterThan(1);
    second();
  });

  test.each([
    ['fails', { cause: LOST }],
    ['succeeds', undefined],
  ])('plans nothing when an attempt under way %s after the release', async (_, outcome) => {
    const bench = new Bench();
    bench.outcomes = ['pending'];
    const release = bench.reconnector.hold();
    await bench.runtime.advance(0);
    release();
    bench.finish(outcome);
    await bench.runtime.advance(100_000);
    expect(bench.delaysMs).toEqual([]);
    expect(bench.dialedAtMs).toHaveLength(1);
    expect(bench.runtime.pendingTimers).toBe(0);
  });

  test.each(['waiting', 'dialing', 'connected', 'never begun'] as const)(
    'dials for a new wish after a release while %s',
    async (when) => {
      const bench = new Bench();
      if (when === 'dialing') bench.outcomes = ['pending', { cause: LOST }];
      if (when === 'connected') bench.succeed();
      const release = bench.reconnector.hold();
      if (when !== 'never begun') await bench.runtime.advance(0);
      release();
      const before = bench.dialedAtMs.length;
      bench.reconnector.hold();
      bench.finish({ cause: LOST });
      await bench.runtime.advance(0);
      expect(bench.dialedAtMs).toHaveLength(before + 1);
      bench.lose();
      await bench.runtime.advance(100_000);
      expect(bench.dialedAtMs.length).toBeGreaterThan(before + 1);
      bench.reconnector.releaseAll();
    },
  );

  test('plans nothing when the news of a wait makes its owner release', async () => {
    const bench = new Bench();
    const release = bench.reconnector.hold();
    bench.onScheduled = release;
    await bench.runtime.advance(100_000);
    expect(bench.dialedAtMs).toHaveLength(1);
    expect(bench.runtime.pendingTimers).toBe(0);
  });

  test('gives the connection back to no one: a loss dials nothing', async () => {
    const bench = new Bench();
    bench.succeed();
    const release = bench.reconnector.hold();
    await bench.runtime.advance(0);
    release();
    bench.lose();
    await bench.runtime.advance(100_000);
    expect(bench.dialedAtMs).toHaveLength(1);
  });
});
