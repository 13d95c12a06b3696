import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AckRanges,
  ByteReader,
  ByteWriter,
  EMPTY_RANGES,
  highestOf,
  InvariantError,
  type RangeList,
  rangesInclude,
  readRanges,
  writeRanges,
} from '../../src/core/index.js';
import { rangeLists } from '../support/frames.js';

const HIGHEST = 40;

/** The rules that every set keeps: ascending, apart, nothing that belongs to `cumulative`. */
function checkShape(list: RangeList): void {
  let previous = list.cumulative;
  for (const { first, last } of list.ranges) {
    expect(first).toBeGreaterThan(previous + 1);
    expect(last).toBeGreaterThanOrEqual(first);
    previous = last;
  }
}

function membersOf(list: RangeList): number[] {
  return Array.from({ length: HIGHEST + 2 }, (_, index) => index + 1).filter((number) => rangesInclude(list, number));
}

describe('AckRanges', () => {
  const sequence = fc.integer({ min: 1, max: HIGHEST });
  const operations = fc.oneof(
    fc.record({ kind: fc.constant('add' as const), first: sequence, last: sequence }),
    fc.record({ kind: fc.constant('addRange' as const), first: sequence, last: sequence }),
    fc.record({ kind: fc.constant('raiseFloor' as const), first: sequence, last: sequence }),
  );

  it('agrees with a plain set, whatever is added in whatever order', () => {
    fc.assert(
      fc.property(fc.array(operations, { maxLength: 30 }), (steps) => {
        const ranges = new AckRanges();
        const model = new Set<number>();
        for (const { kind, first, last } of steps) {
          const [low, high] = [Math.min(first, last), Math.max(first, last)];
          const before = ranges.snapshot(Number.POSITIVE_INFINITY);
          const membersBefore = membersOf(before);
          if (kind === 'add') {
            ranges.add(low);
            model.add(low);
          } else if (kind === 'addRange') {
            ranges.addRange(low, high);
            for (let number = low; number <= high; number++) model.add(number);
          } else {
            ranges.raiseFloor(low);
            for (let number = 1; number < low; number++) model.add(number);
          }
          checkShape(ranges);
          expect(membersOf(ranges)).toEqual([...model].sort((a, b) => a - b));
          for (const number of [1, low, high, HIGHEST + 1]) expect(ranges.has(number)).toBe(model.has(number));
          expect(highestOf(ranges)).toBe(Math.max(0, ...model));
          // A snapshot is not touched by what comes later.
          expect(membersOf(before)).toEqual(membersBefore);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('has no ranges while nothing is skipped', () => {
    const ranges = new AckRanges();
    for (let number = 1; number <= 1000; number++) ranges.add(number);
    expect(ranges.snapshot(10)).toEqual({ cumulative: 1000, ranges: [] });
  });

  it('joins ranges that touch, and all of them when the gap closes', () => {
    const ranges = new AckRanges();
    for (const number of [3, 5, 4, 8, 2]) ranges.add(number);
    expect(ranges.snapshot(10)).toEqual({
      cumulative: 0,
      ranges: [
        { first: 2, last: 5 },
        { first: 8, last: 8 },
      ],
    });
    ranges.addRange(6, 7);
    expect(ranges.snapshot(10)).toEqual({ cumulative: 0, ranges: [{ first: 2, last: 8 }] });
    ranges.add(1);
    expect(ranges.snapshot(10)).toEqual({ cumulative: 8, ranges: [] });
  });

  it('begins with what it is given, and does not change that', () => {
    const initial = { cumulative: 2, ranges: [{ first: 5, last: 6 }] };
    const ranges = new AckRanges(initial);
    ranges.addRange(3, 4);
    expect(ranges.cumulative).toBe(6);
    expect(initial).toEqual({ cumulative: 2, ranges: [{ first: 5, last: 6 }] });
    expect(EMPTY_RANGES).toEqual({ cumulative: 0, ranges: [] });
  });

  it('cuts a snapshot to the lowest ranges', () => {
    const ranges = new AckRanges({
      cumulative: 0,
      ranges: [2, 4, 6].map((number) => ({ first: number, last: number })),
    });
    expect(ranges.snapshot(2)).toEqual({
      cumulative: 0,
      ranges: [
        { first: 2, last: 2 },
        { first: 4, last: 4 },
      ],
    });
    expect(ranges.snapshot(0)).toEqual({ cumulative: 0, ranges: [] });
  });

  it('works up to the highest sequence number', () => {
    const ranges = new AckRanges();
    ranges.addRange(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    expect(highestOf(ranges)).toBe(Number.MAX_SAFE_INTEGER);
    ranges.raiseFloor(Number.MAX_SAFE_INTEGER);
    expect(ranges.snapshot(1)).toEqual({ cumulative: Number.MAX_SAFE_INTEGER, ranges: [] });
  });

  it('takes 0 for a member, so that an `after` of 0 is never missing', () => {
    expect(new AckRanges().has(0)).toBe(true);
  });

  it('takes an empty range and the number 0 for a bug', () => {
    expect(() => new AckRanges().addRange(5, 4)).toThrow(InvariantError);
    expect(() => new AckRanges().add(0)).toThrow(InvariantError);
  });
});

describe('a set on the wire', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(rangeLists, (list) => {
        const writer = new ByteWriter();
        writeRanges(writer, list);
        const reader = new ByteReader(writer.finish());
        const read = readRanges(reader);
        reader.end();
        expect(reader.fault).toBeUndefined();
        expect(read).toEqual(list);
        checkShape(read);
      }),
    );
  });
});
