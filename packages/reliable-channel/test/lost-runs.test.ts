import { describe, expect, it } from 'vitest';
import type { BatchRecord } from '../src/core/index.js';
import { lostRuns } from '../src/lost-runs.js';

function batch(first: number, count: number): BatchRecord {
  return { first, count, lane: '', entries: new Uint8Array(), ends: new Uint32Array(count) };
}

const never = (): boolean => false;

describe('the runs that are lost', () => {
  it.each([
    ['none, when the batches follow on one another', [batch(5, 2), batch(7, 3)], 20, []],
    [
      'what lies before and between batches',
      [batch(7, 1), batch(10, 5)],
      20,
      [
        [5, 6],
        [8, 9],
      ],
    ],
    ['everything, when there is no batch', [], 8, [[5, 8]]],
    ['everything, when all batches were stored after the reading was asked for', [batch(9, 2)], 8, [[5, 8]]],
    ['none, when nothing should be there', [], 4, []],
    ['none before a batch that the first number lies in', [batch(3, 4), batch(7, 1)], 20, []],
  ])('are %s', (_, batches, upTo, runs) => {
    const expected = runs.map(([first, last]) => ({ first, last }));
    expect(lostRuns(batches, { from: 5, upTo }, never)).toEqual(expected);
  });

  it('do not hold what is settled', () => {
    const isSettled = (sequence: number): boolean => [5, 8, 9, 12].includes(sequence);
    expect(lostRuns([batch(13, 1)], { from: 5, upTo: 20 }, isSettled)).toEqual([
      { first: 6, last: 7 },
      { first: 10, last: 11 },
    ]);
  });
});
