import { expect, it } from 'vitest';
import { BatchCollector, type Importance, type MessageTraits, NO_TRAITS } from '../../src/core/index.js';

const BOUNDS = { batchMaxBytes: 100, batchMaxMessages: 3 };

const all = (): boolean => true;

interface Added {
  readonly lane?: string;
  readonly importance?: Importance;
  readonly traits?: MessageTraits;
  readonly ageMs?: number;
}

function add(collector: BatchCollector, sequence: number, entry: Uint8Array, added: Added = {}): void {
  const { lane = '', importance = 'critical', traits = NO_TRAITS, ageMs = 0 } = added;
  collector.add({ lane, entry, importance, traits }, { sequence, ordinal: sequence, ageMs });
}

function collect(...sizes: number[]): number[] {
  const collector = new BatchCollector(BOUNDS);
  for (const [index, size] of sizes.entries()) add(collector, index + 1, new Uint8Array(size));
  return collector.take(all).map((batch) => batch.count);
}

it('a batch is closed when it has its messages or its bytes, not one earlier', () => {
  expect(collect(1, 1, 1)).toEqual([3]);
  expect(collect(1, 1, 1, 1)).toEqual([3, 1]);
  expect(collect(50, 50)).toEqual([2]);
  expect(collect(50, 51)).toEqual([1, 1]);
});

it('a message larger than a batch has one of its own', () => {
  expect(collect(10, 500, 10)).toEqual([1, 1, 1]);
  expect(collect(500)).toEqual([1]);
});

it('a batch has its messages one behind the other, and knows where each ends', () => {
  const collector = new BatchCollector(BOUNDS);
  add(collector, 7, Uint8Array.of(1, 2));
  add(collector, 8, Uint8Array.of());
  add(collector, 9, Uint8Array.of(3), { ageMs: 40.5 });
  expect([collector.isEmpty, collector.messages, collector.bytes]).toEqual([false, 3, 3]);
  const [batch] = collector.take(all);
  expect(batch).toMatchObject({ first: 7, count: 3, lane: '', ordinal: 7, acceptedAtMs: 41, storage: 'none' });
  expect([...(batch?.entries ?? [])]).toEqual([1, 2, 3]);
  expect([...(batch?.ends ?? [])]).toEqual([2, 2, 3]);
  expect([...(batch?.attempts ?? [])]).toEqual([0, 0, 0]);
  expect([collector.isEmpty, collector.messages, collector.bytes]).toEqual([true, 0, 0]);
  expect(collector.take(all)).toEqual([]);
});

it('a batch holds one lane, one importance, and one second; lanes do not close each other', () => {
  const collector = new BatchCollector({ batchMaxBytes: 1_000, batchMaxMessages: 100 });
  const one = new Uint8Array(1);
  add(collector, 1, one);
  add(collector, 1, one, { lane: 'b' });
  add(collector, 2, one);
  add(collector, 3, one, { importance: 'high' });
  add(collector, 4, one, { importance: 'high', ageMs: 1_000 });
  add(collector, 5, one, { importance: 'high', ageMs: 1_001 });
  const batches = collector.take(all).map(({ lane, first, count }) => `${lane} ${first} ${count}`);
  expect(batches).toEqual([' 1 2', 'b 1 1', ' 3 2', ' 5 1']);
});

it('traits are kept as runs, also when the first message is dropped', () => {
  const collector = new BatchCollector({ batchMaxBytes: 1_000, batchMaxMessages: 100 });
  const soon = { ttlMs: 5 };
  for (const [index, traits] of [soon, { ttlMs: 5 }, NO_TRAITS].entries()) {
    add(collector, index + 1, new Uint8Array(2), { traits });
  }
  expect(collector.dropFirst()).toEqual({ lane: '', sequence: 1, bytes: 2 });
  const [batch] = collector.take(all);
  expect(batch).toMatchObject({ first: 2, count: 2, ordinal: 2 });
  expect(batch?.traits).toEqual([
    { from: 0, traits: soon },
    { from: 1, traits: NO_TRAITS },
  ]);
  expect(collector.dropFirst()).toBeUndefined();
});

it('batches are taken in order, as long as they are accepted; the rest goes on growing', () => {
  const collector = new BatchCollector(BOUNDS);
  for (let sequence = 1; sequence <= 4; sequence++) add(collector, sequence, new Uint8Array(1));
  expect(collector.take(({ messages }) => messages === 3).map(({ first }) => first)).toEqual([1]);
  add(collector, 5, new Uint8Array(1));
  expect([collector.messages, collector.bytes]).toEqual([2, 2]);
  expect(collector.take(all).map(({ first, count }) => [first, count])).toEqual([[4, 2]]);
});
