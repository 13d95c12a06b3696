import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SettledNumbers } from '../../src/core/index.js';

const HIGHEST = 30;
const ALL = Array.from({ length: HIGHEST }, (_, index) => index + 1);

/** Everything that a set can be asked, answered by a plain set of numbers. */
function describeBy(has: (sequence: number) => boolean): unknown {
  const unsettled = [...ALL, HIGHEST + 1].filter((sequence) => !has(sequence));
  return {
    floor: unsettled[0],
    below: ALL.map((sequence) => unsettled.filter((each) => each < sequence).at(-1) ?? 0),
    from: ALL.map((sequence) => unsettled.find((each) => each >= sequence)),
  };
}

describe('SettledNumbers', () => {
  const run = fc.tuple(fc.integer({ min: 1, max: HIGHEST }), fc.nat({ max: 6 }));
  const step = fc.record({
    cumulative: fc.nat({ max: HIGHEST / 3 }),
    runs: fc.array(run, { maxLength: 3 }),
  });

  it('answers as a plain set of numbers does, and tells each number as news once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.array(step, { maxLength: 8 }), (floor, steps) => {
        const settled = new SettledNumbers(floor);
        const model = new Set(ALL.filter((sequence) => sequence < floor));
        for (const { cumulative, runs } of steps) {
          const ranges = runs
            .map(([first, length]) => ({
              first: first + cumulative + 1,
              last: Math.min(HIGHEST, first + cumulative + 1 + length),
            }))
            .filter(({ first, last }) => first <= last)
            .sort((a, b) => a.first - b.first);
          const news = settled.addAll({ cumulative, ranges });
          const named = ALL.filter((n) => n <= cumulative || ranges.some((r) => r.first <= n && n <= r.last));
          const expected = named.filter((sequence) => !model.has(sequence));
          const told = news.flatMap(({ first, last }) => ALL.filter((n) => first <= n && n <= last));
          expect(told).toEqual(expected);
          for (const sequence of named) model.add(sequence);
          expect({
            floor: settled.floor,
            below: ALL.map((sequence) => settled.unsettledBelow(sequence)),
            from: ALL.map((sequence) => settled.unsettledFrom(sequence)),
          }).toEqual(describeBy((sequence) => model.has(sequence)));
          expect(ALL.map((sequence) => settled.has(sequence))).toEqual(ALL.map((sequence) => model.has(sequence)));
          for (const first of ALL) {
            const last = Math.min(HIGHEST, first + 3);
            const isWhole = ALL.filter((n) => first <= n && n <= last).every((n) => model.has(n));
            expect(settled.hasRun(first, last)).toBe(isWhole);
            const runs = settled.runsIn(first, last);
            const inRuns = ALL.filter((n) => runs.some((each) => each.first <= n && n <= each.last));
            expect(inRuns).toEqual(ALL.filter((n) => first <= n && n <= last && model.has(n)));
          }
        }
      }),
    );
  });
});
