import { expect, it } from 'vitest';
import { type LoadedBatch, LoadedBatches } from '../../src/core/index.js';

function batch(first: number, count: number): LoadedBatch {
  const ends = Uint32Array.from({ length: count }, (_, index) => (index + 1) * 10);
  return { first, count, lane: '', entries: new Uint8Array(count * 10), ends, attempts: new Uint32Array(count) };
}

function loaded(...batches: LoadedBatch[]): LoadedBatches {
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

it('takes out what is done, from the beginning or everywhere, and counts the bytes of the rest', () => {
  const isDone = ({ first }: LoadedBatch): boolean => first !== 2;
  const batches = loaded(batch(1, 1), batch(2, 1), batch(3, 2));
  expect(batches.bytes).toBe(40);
  expect(batches.takeDone(isDone, false).map(({ first }) => first)).toEqual([1]);
  expect(batches.bytes).toBe(30);
  expect(batches.takeDone(isDone, true).map(({ first }) => first)).toEqual([3]);
  expect(batches.bytes).toBe(10);
  expect(batches.takeDone(isDone, true)).toEqual([]);
  expect(batches.find(2)?.first).toBe(2);
});
