import { expect, it } from 'vitest';
import { type Batch, type Importance, LoadedBatches } from '../../src/core/index.js';

function batch(first: number, count: number, importance: Importance = 'critical'): Batch {
  const ends = Uint32Array.from({ length: count }, (_, index) => (index + 1) * 10);
  return {
    ...{ lane: '', first, count, ordinal: first, acceptedAtMs: 0, importance, traits: [], settled: [] },
    ...{ entries: new Uint8Array(count * 10), ends, attempts: new Uint32Array(count), storage: 'none', isDirty: false },
  };
}

function loaded(...batches: Batch[]): LoadedBatches {
  const all = new LoadedBatches();
  for (const each of batches) all.push(each);
  return all;
}

it('finds the batch that holds a number, and none in the gaps and outside', () => {
  const batches = loaded(batch(5, 3), batch(8, 1), batch(20, 2));
  const found = Array.from({ length: 24 }, (_, sequence) => batches.find(sequence)?.first ?? 0);
  expect(found).toEqual([0, 0, 0, 0, 0, 5, 5, 5, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 20, 20, 0, 0]);
  expect(loaded().find(1)).toBeUndefined();
});

it('finds the batches that hold any of a run', () => {
  const batches = loaded(batch(5, 3), batch(8, 1), batch(20, 2));
  const firsts = (first: number, last: number): number[] => [...batches.overlapping(first, last)].map((b) => b.first);
  expect([firsts(1, 4), firsts(7, 8), firsts(9, 19), firsts(1, 99)]).toEqual([[], [5, 8], [], [5, 8, 20]]);
});

it('takes out what is done, wherever it lies, and counts the bytes of the rest', () => {
  const [a, b, c, d] = [batch(1, 1), batch(2, 1, 'high'), batch(3, 2), batch(5, 1, 'low')] as const;
  const batches = loaded(a, b, c, d);
  expect([batches.bytes, batches.yielding]).toEqual([50, [b, d]]);
  batches.remove([a]);
  expect([batches.bytes, batches.all]).toEqual([40, [b, c, d]]);
  batches.remove([b, d]);
  expect([batches.bytes, batches.all, batches.yielding]).toEqual([20, [c], []]);
  batches.remove([]);
  expect(batches.find(4)).toBe(c);
});
