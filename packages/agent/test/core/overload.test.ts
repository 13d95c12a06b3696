import { expect, it } from 'vitest';
import { Overload } from '../../src/core/index.js';

it('begins at the limit and ends at half of it, and says so once', () => {
  const overload = new Overload(10);
  const turns = [9, 10, 11, 9, 6, 5, 4, 9, 10, 5].map((count) => overload.update(count));
  const none = undefined;
  expect(turns).toEqual([none, 'begins', none, none, none, 'ends', none, none, 'begins', 'ends']);
  expect(overload.isOverloaded).toBe(false);
});

it('ends with the smallest limit, too', () => {
  const overload = new Overload(1);
  expect([1, 0, 1, 0].map((count) => overload.update(count))).toEqual(['begins', 'ends', 'begins', 'ends']);
});
