import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Deliveries, OUTCOMES_KEPT_MAX, REPLIES_KEPT_MAX_BYTES } from '../src/deliveries.js';
import type { Outcome } from '../src/delivery.js';

const ACKNOWLEDGED = { status: 'acknowledged' };
const EVICTED: Outcome = { status: 'evicted', cause: 'storeFailed', reason: 'the disk is full', attempts: 0 };

let settled: Set<number>;
let deliveries: Deliveries;

beforeEach(() => {
  settled = new Set();
  deliveries = new Deliveries('', { isOver: (sequence) => settled.has(sequence), cancel: () => false }, 2);
});

function acknowledge(first: number, last: number): void {
  for (let sequence = first; sequence <= last; sequence++) settled.add(sequence);
  deliveries.onAcknowledged({ first, last });
}

function failToStore(first: number, last: number, outcome: Outcome = EVICTED): void {
  for (let sequence = first; sequence <= last; sequence++) settled.add(sequence);
  deliveries.onGivenUp({ first, last }, outcome);
}

/** Lets promise reactions run, and Node report what nobody has looked at. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Fills with a label when a promise is settled. */
function watch(promises: Record<string, Promise<unknown>>): string[] {
  const told: string[] = [];
  for (const [label, promise] of Object.entries(promises)) {
    const tell = (): void => {
      told.push(label);
    };
    promise.then(tell, tell);
  }
  return told;
}

describe('a message that is stored', () => {
  it('is known to be, when it was in the store before', async () => {
    await expect(deliveries.create('0123456789abcdef', 2, true).stored).resolves.toBeUndefined();
  });

  it('tells those who asked before', async () => {
    const told = watch({ third: deliveries.stored(3), fourth: deliveries.stored(4), fifth: deliveries.stored(5) });
    await turn();
    expect(told).toEqual([]);
    deliveries.onStored({ first: 3, last: 4 });
    await turn();
    expect(told).toEqual(['third', 'fourth']);
  });

  it('tells those who ask afterwards', async () => {
    deliveries.onStored({ first: 3, last: 4 });
    await expect(deliveries.stored(4)).resolves.toBeUndefined();
  });

  it('is found when few wait for a long run', async () => {
    const told = watch({ inside: deliveries.stored(1_000), behind: deliveries.stored(2_001) });
    deliveries.onStored({ first: 3, last: 2_000 });
    await turn();
    expect(told).toEqual(['inside']);
  });

  it('gives everyone who waits for it the same promise', () => {
    expect(deliveries.stored(3)).toBe(deliveries.stored(3));
    expect(deliveries.stored(3)).not.toBe(deliveries.stored(4));
  });
});

describe('a message that is acknowledged', () => {
  it('has no outcome before', async () => {
    const told = watch({ settled: deliveries.settled(3) });
    deliveries.onStored({ first: 3, last: 3 });
    await turn();
    expect([told, deliveries.outcome(3)]).toEqual([[], undefined]);
  });

  it('tells those who asked before, and nobody else', async () => {
    const third = deliveries.settled(3);
    const told = watch({ fifth: deliveries.settled(5) });
    acknowledge(3, 4);
    await expect(third).resolves.toEqual(ACKNOWLEDGED);
    expect(told).toEqual([]);
  });

  it('tells those who ask afterwards', async () => {
    acknowledge(3, 3);
    expect(deliveries.outcome(3)).toEqual(ACKNOWLEDGED);
    await expect(deliveries.settled(3)).resolves.toEqual(ACKNOWLEDGED);
  });

  it('gives everyone who waits for it the same promise', () => {
    expect(deliveries.settled(3)).toBe(deliveries.settled(3));
  });

  it('finds few who wait in a long run', async () => {
    const told = watch({ inside: deliveries.settled(1_000), behind: deliveries.settled(2_001) });
    acknowledge(1, 2_000);
    await turn();
    expect(told).toEqual(['inside']);
  });

  it('finds a short run among many who wait', async () => {
    const promises = Array.from({ length: 1_000 }, (_, index) => [`${index + 1}`, deliveries.settled(index + 1)]);
    const told = watch(Object.fromEntries(promises));
    acknowledge(500, 501);
    await turn();
    expect(told).toEqual(['500', '501']);
  });
});

describe('a message that could not be stored', () => {
  it('tells those who asked before', async () => {
    const asked = { stored: deliveries.stored(3), settled: deliveries.settled(3) };
    failToStore(3, 4);
    await expect(asked.stored).rejects.toMatchObject({ code: 'STORE_FAILED', message: 'the disk is full' });
    await expect(asked.settled).resolves.toEqual(EVICTED);
  });

  it('tells those who ask afterwards', async () => {
    failToStore(3, 4);
    deliveries.onStored({ first: 5, last: 6 });
    await expect(deliveries.stored(4)).rejects.toMatchObject({ code: 'STORE_FAILED', message: 'the disk is full' });
    await expect(deliveries.settled(4)).resolves.toEqual(EVICTED);
    expect([deliveries.outcome(3), deliveries.outcome(5)]).toEqual([EVICTED, undefined]);
  });

  it('keeps its own reason beside others', () => {
    const GONE: Outcome = { ...EVICTED, reason: 'the disk is gone' };
    failToStore(3, 4);
    failToStore(5, 5);
    failToStore(6, 6, GONE);
    failToStore(9, 9, GONE);
    const reasons = [3, 4, 5, 6, 7, 8, 9].map((sequence) => deliveries.outcome(sequence));
    expect(reasons).toEqual([EVICTED, EVICTED, EVICTED, GONE, undefined, undefined, GONE]);
  });

  it('does not end a program that looks away', async () => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    void deliveries.stored(3);
    const delivery = deliveries.create('0123456789abcdef', 4, true);
    failToStore(3, 4);
    void delivery.stored;
    await turn();
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });
});

describe('a message with an answer', () => {
  it('tells it to those who asked before, and to those who ask afterwards', async () => {
    const before = deliveries.settled(3);
    settled.add(3);
    deliveries.onReplied(3, { celsius: 20 }, 10);
    const replied = { status: 'acknowledged', reply: { celsius: 20 } };
    await expect(before).resolves.toEqual(replied);
    await expect(deliveries.settled(3)).resolves.toEqual(replied);
    // The agent has it: nothing can be lost any more.
    await expect(deliveries.stored(3)).resolves.toBeUndefined();
  });

  it('that is asked for very late is forgotten, and says so instead of guessing', () => {
    for (let sequence = 3; sequence < 3 + OUTCOMES_KEPT_MAX + 1; sequence++) {
      settled.add(sequence);
      deliveries.onReplied(sequence, sequence, 1);
    }
    expect([deliveries.outcome(3), deliveries.outcome(4)]).toEqual([
      { status: 'forgotten' },
      { status: 'acknowledged', reply: 4 },
    ]);
  });
});

describe('a message that was given up', () => {
  it('after it was stored has an outcome, and was stored all the same', async () => {
    const rejected: Outcome = { status: 'rejected', reason: 'unknown sensor', attempts: 1 };
    deliveries.onStored({ first: 3, last: 3 });
    settled.add(3);
    deliveries.onGivenUp({ first: 3, last: 3 }, rejected);
    await expect(deliveries.stored(3)).resolves.toBeUndefined();
    await expect(deliveries.settled(3)).resolves.toEqual(rejected);
  });

  it('before it was stored never will be', async () => {
    const stored = deliveries.stored(3);
    settled.add(3);
    deliveries.onGivenUp({ first: 3, last: 3 }, { status: 'cancelled', reason: 'called back', attempts: 0 });
    await expect(stored).rejects.toMatchObject({ code: 'MESSAGE_GIVEN_UP' });
  });
});

describe('a message that may be sent without being stored', () => {
  it('is not taken for stored because a later one is', async () => {
    const delivery = deliveries.create('0123456789abcdef', 3, false);
    deliveries.create('0123456789abcdef', 4, true);
    const told = watch({ third: delivery.stored });
    deliveries.onStored({ first: 4, last: 4 });
    await turn();
    expect(told).toEqual([]);
    acknowledge(3, 3);
    await turn();
    expect(told).toEqual(['third']);
  });
});

describe('a closed channel', () => {
  const KEPT = { status: 'kept' } as const;

  it('gives its outcome to whatever has none, asked for before or afterwards', async () => {
    const before = deliveries.settled(3);
    deliveries.onClosed(KEPT);
    await expect(before).resolves.toEqual(KEPT);
    await expect(deliveries.settled(4)).resolves.toEqual(KEPT);
    expect(deliveries.outcome(5)).toEqual(KEPT);
  });

  it('leaves outcomes as they were', () => {
    acknowledge(3, 3);
    failToStore(4, 4);
    deliveries.onClosed(KEPT);
    expect([deliveries.outcome(3), deliveries.outcome(4)]).toEqual([ACKNOWLEDGED, EVICTED]);
  });
});

it('nothing is kept of a message that is settled', async () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const settledPromise = new WeakRef(deliveries.settled(3));
  const storedPromise = new WeakRef(deliveries.stored(4));
  const open = new WeakRef(deliveries.settled(5));
  acknowledge(3, 4);
  await turn();
  collectGarbage();
  expect([settledPromise.deref(), storedPromise.deref()]).toEqual([undefined, undefined]);
  expect(open.deref()).toBe(deliveries.settled(5));
});

describe('a reply', () => {
  function reply(sequence: number, value: unknown, bytes: number): void {
    settled.add(sequence);
    deliveries.onReplied(sequence, value, bytes);
  }

  it('comes to those who wait and to those who ask later', async () => {
    const waiting = deliveries.settled(3);
    reply(3, 'done', 5);
    expect(await waiting).toEqual({ status: 'acknowledged', reply: 'done' });
    expect(await deliveries.settled(3)).toEqual({ status: 'acknowledged', reply: 'done' });
    expect(deliveries.isAsked).toBe(false);
  });

  it('is forgotten, the oldest first, when the bytes of replies are too many; those who waited have it', async () => {
    const half = REPLIES_KEPT_MAX_BYTES / 2;
    const waiting = deliveries.settled(3);
    for (const sequence of [3, 4, 5]) reply(sequence, sequence, half);
    expect(await waiting).toEqual({ status: 'acknowledged', reply: 3 });
    expect([3, 4, 5].map((sequence) => deliveries.outcome(sequence))).toEqual([
      { status: 'forgotten' },
      { status: 'acknowledged', reply: 4 },
      { status: 'acknowledged', reply: 5 },
    ]);
  });

  it('that is larger than all that is kept comes to those who wait', async () => {
    const waiting = deliveries.settled(3);
    reply(3, 'huge', REPLIES_KEPT_MAX_BYTES + 1);
    expect(await waiting).toEqual({ status: 'acknowledged', reply: 'huge' });
    expect(deliveries.outcome(3)).toEqual({ status: 'forgotten' });
  });
});

it('keeps nothing for a message whose sender has only waited until it was stored', async () => {
  const stored = deliveries.stored(3);
  expect(deliveries.isAsked).toBe(true);
  deliveries.onStored({ first: 3, last: 3 });
  await stored;
  expect(deliveries.isAsked).toBe(false);
});
