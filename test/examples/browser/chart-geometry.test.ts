import { describe, expect, test } from 'vitest';
import { fillPath, linePath, niceMax } from '../../../examples/browser/page/chart-geometry.js';

const AREA = { left: 10, top: 20, width: 100, height: 50 };

test.each([
  [0, 0, 1],
  [1, 0, 1],
  [1.2, 0, 2],
  [3, 0, 5],
  [6, 0, 10],
  [51, 0, 100],
  [4, 10, 10],
  [12_345, 0, 20_000],
])('above %d, and at least %d, the top is %d', (value, least, max) => {
  expect(niceMax(value, least)).toBe(max);
});

describe('a line', () => {
  test('goes from edge to edge when there are as many values as it has room for, the highest on top', () => {
    expect(linePath({ values: [0, 5, 10], capacity: 3, max: 10 }, AREA)).toBe('M10 70L60 45L110 20');
  });

  test('begins at the right when it has just begun', () => {
    expect(linePath({ values: [10], capacity: 3, max: 10 }, AREA)).toBe('M110 20h0');
  });

  test('shows the newest values when there are too many', () => {
    expect(linePath({ values: [9, 9, 0, 10], capacity: 2, max: 10 }, AREA)).toBe('M10 70L110 20');
  });

  test('has a gap where there is no value', () => {
    expect(linePath({ values: [0, undefined, 10], capacity: 3, max: 10 }, AREA)).toBe('M10 70h0M110 20h0');
  });

  test('stays inside', () => {
    expect(linePath({ values: [-5, 50], capacity: 2, max: 10 }, AREA)).toBe('M10 70L110 20');
  });

  test('is nothing when there are no values', () => {
    expect(linePath({ values: [undefined], capacity: 3, max: 10 }, AREA)).toBe('');
  });
});

test('the area below a line is closed along the bottom', () => {
  expect(fillPath({ values: [5, 10], capacity: 2, max: 10 }, AREA)).toBe('M10 70L10 45L110 20L110 70Z');
});
