import { expect, test } from 'vitest';
import { checkBounded } from '../../../src/trial/checks/bounded.js';
import { traceOf } from './traces.js';

const peak = (value: number) => traceOf({ who: 'agent', what: 'peak', gauge: 'queue', value, limit: 10 });

test('a peak at its limit is taken, one above is found', () => {
  expect(checkBounded(peak(10))).toEqual([]);
  expect(checkBounded(peak(11))).toEqual([
    { check: 'bounded', atMs: 10, message: 'queue of agent held 11; 10 is its limit' },
  ]);
});
