import { expect, test } from 'vitest';
import { fairness } from '../../src/fleet/fairness.js';

test.each([
  [[100, 100, 100], 1],
  [[100], 1],
  // Twice as long for the same work is half the throughput.
  [[200, 100, 150], 0.5],
  [[1_000, 9], 0.009],
])('of %j is %d', (doneMs, expected) => {
  expect(fairness(doneMs)).toBe(expected);
});

test('needs times above 0', () => {
  expect(() => fairness([])).toThrow(RangeError);
  expect(() => fairness([0, 1])).toThrow(RangeError);
});
