import { expect, it } from 'vitest';
import { checkExpiry } from '../../../src/trial/checks/expiry.js';
import * as t from './traces.js';

const expiredAt = (atMs: number): t.Step => ({ ...t.ended(1, 1, 'expired'), atMs });

it('takes one whose time is over', () => {
  expect(checkExpiry(t.traceOf({ ...t.send(1, { ttlMs: 50 }), atMs: 10 }, expiredAt(60)))).toEqual([]);
});

it.each([
  ['early', 50, 'expired after 40 ms, and its time is 50 ms'],
  ['although it has no time to live', 0, 'and it has no time to live'],
])('finds one that expired %s', (_, ttlMs, message) => {
  const found = checkExpiry(t.traceOf({ ...t.send(1, { ttlMs }), atMs: 10 }, expiredAt(50)));
  expect(found.map((each) => each.message)).toEqual([expect.stringContaining(message)]);
});
