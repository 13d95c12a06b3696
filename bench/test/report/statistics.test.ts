import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { median, pairedRatio, percentile, summarize } from '../../src/report/statistics.js';

describe('percentile', () => {
  test.each([
    [[7], 0.99, 7],
    [[10, 2, 9], 0, 2],
    [[10, 2, 9], 1, 10],
    [[0, 10], 0.25, 2.5],
    // As numbers, not as text.
    [[100, 20, 3], 0.5, 20],
  ])('of %j at %d is %d', (values, share, expected) => {
    expect(percentile(values, share)).toBe(expected);
  });

  test('leaves the values as they are, and lies among them', () => {
    const values = fc.array(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), { minLength: 1 });
    fc.assert(
      fc.property(values, fc.double({ noNaN: true, min: 0, max: 1 }), (list, share) => {
        const before = [...list];
        const value = percentile(list, share);
        expect(list).toEqual(before);
        expect(value).toBeGreaterThanOrEqual(Math.min(...list));
        expect(value).toBeLessThanOrEqual(Math.max(...list));
      }),
      { seed: 1 },
    );
  });

  test('refuses what has no answer', () => {
    expect(() => percentile([], 0.5)).toThrow(RangeError);
    expect(() => percentile([1], 1.01)).toThrow(RangeError);
    expect(() => percentile([1], Number.NaN)).toThrow(RangeError);
  });
});

test('the median of an even number of values is the mean of the two in the middle', () => {
  expect(median([4, 1, 3, 100])).toBe(3.5);
});

test('a summary holds median, least and largest', () => {
  expect(summarize([5, 1, 9])).toEqual({ median: 5, min: 1, max: 9 });
});

describe('a paired ratio', () => {
  test('is taken within each round: a slow round slows down both', () => {
    expect(pairedRatio([40, 4, 40], [10, 1, 10])).toBe(4);
    expect(pairedRatio([40, 4, 44], [10, 1, 10])).toBe(4);
  });

  test('needs both in every round', () => {
    expect(() => pairedRatio([1, 2], [1])).toThrow(RangeError);
  });
});
