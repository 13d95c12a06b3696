import { expect, test } from 'vitest';
import { gridCells } from '../../src/policies/grid.js';

test('the grid is every combination but those in which nothing takes time', () => {
  // 5 round trips, 3 message sizes, 3 buffers, 3 bandwidths; without a bandwidth a round trip of 0 is left out.
  expect(gridCells(false)).toHaveLength(5 * 3 * 3 * 3 - 3 * 3);
  expect(new Set(gridCells(false).map((cell) => JSON.stringify(cell))).size).toBe(126);
});

test('the quick grid is a part of it', () => {
  expect(gridCells(true)).toHaveLength(28);
  const all = gridCells(false);
  for (const cell of gridCells(true)) expect(all).toContainEqual(cell);
});
