import { expect, it } from 'vitest';
import { BatchCollector } from '../../src/core/index.js';

const BOUNDS = { batchMaxBytes: 100, batchMaxMessages: 3 };

function collect(...sizes: number[]): number[] {
  const collector = new BatchCollector(BOUNDS);
  for (const [index, size] of sizes.entries()) collector.add(index + 1, new Uint8Array(size));
  return collector.take().map((batch) => batch.count);
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
  collector.add(7, Uint8Array.of(1, 2));
  collector.add(8, Uint8Array.of());
  collector.add(9, Uint8Array.of(3));
  expect(collector.isEmpty).toBe(false);
  const [batch] = collector.take();
  expect(batch).toMatchObject({ first: 7, count: 3, lane: '' });
  expect([...(batch?.entries ?? [])]).toEqual([1, 2, 3]);
  expect([...(batch?.ends ?? [])]).toEqual([2, 2, 3]);
  expect([...(batch?.attempts ?? [])]).toEqual([0, 0, 0]);
  expect(collector.isEmpty).toBe(true);
  expect(collector.take()).toEqual([]);
});
