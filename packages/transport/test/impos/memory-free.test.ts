import { expect, test } from 'vitest';
import { freeMemoryBytes } from '../../src/impos/memory-free.js';

test('the engine says how much memory is free', () => {
  const before = freeMemoryBytes();
  expect(Number.isInteger(before)).toBe(true);
  expect(before).toBeGreaterThan(1_000_000);
});
