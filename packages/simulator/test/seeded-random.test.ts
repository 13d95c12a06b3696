// The generator agrees with its reference, a seed decides everything, and the helpers are uniform over their range.

import { describe, expect, it } from 'vitest';
import { pick, randomInteger, seededRandom, xoshiro128StarStar } from '../src/seeded-random.js';

function take(count: number, draw: () => number): number[] {
  return Array.from({ length: count }, draw);
}

describe('xoshiro128StarStar', () => {
  it('yields what the authors’ C code (version 1.1) yields from the state 1, 2, 3, 4', () => {
    const reference = [
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ];
    expect(take(10, xoshiro128StarStar([1, 2, 3, 4]))).toEqual(reference);
  });
});

describe('seededRandom', () => {
  it('yields the same sequence for the same seed, for ever', () => {
    expect(take(4, seededRandom(1))).toEqual([418128060, 891280589, 1662616641, 455805862]);
    expect(take(100, seededRandom(7))).toEqual(take(100, seededRandom(7)));
  });

  it('takes every bit of the seed into account', () => {
    const seeds = [0, ...Array.from({ length: 53 }, (_, bit) => 2 ** bit), Number.MAX_SAFE_INTEGER];
    const firsts = seeds.map((seed) => take(2, seededRandom(seed)).join());
    expect(new Set(firsts).size).toBe(seeds.length);
  });

  it('draws integers of 32 bits, half of them in the upper half', () => {
    const draws = take(10_000, seededRandom(3));
    expect(draws.every((draw) => Number.isInteger(draw) && draw >= 0 && draw < 2 ** 32)).toBe(true);
    const upper = draws.filter((draw) => draw >= 2 ** 31).length;
    expect(Math.abs(upper - 5000)).toBeLessThan(250);
  });

  it.each([-1, 1.5, Number.NaN, 2 ** 53])('refuses the seed %s', (seed) => {
    expect(() => seededRandom(seed)).toThrow(/seed/);
  });
});

describe('randomInteger', () => {
  it('reaches both ends of its range and nothing beyond, evenly', () => {
    const random = seededRandom(5);
    const counts = new Map<number, number>();
    for (let i = 0; i < 7000; i += 1) {
      const drawn = randomInteger(random, { min: -3, max: 3 });
      counts.set(drawn, (counts.get(drawn) ?? 0) + 1);
    }
    expect([...counts.keys()].sort((a, b) => a - b)).toEqual([-3, -2, -1, 0, 1, 2, 3]);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  it('draws again where the last, incomplete multiple of the range would favour small values', () => {
    const scripted = [2 ** 32 - 1, 11];
    expect(randomInteger(() => scripted.shift() as number, { min: 0, max: 9 })).toBe(1);
    expect(scripted).toEqual([]);
  });

  it('takes a range of one value and one of 2^32', () => {
    expect(randomInteger(seededRandom(1), { min: 4, max: 4 })).toBe(4);
    expect(randomInteger(() => 2 ** 32 - 1, { min: 1, max: 2 ** 32 })).toBe(2 ** 32);
  });

  it.each([
    { min: 2, max: 1 },
    { min: 0, max: 2 ** 32 },
    { min: 0.5, max: 2 },
    { min: 0, max: Number.POSITIVE_INFINITY },
  ])('refuses the range $min to $max', (range) => {
    expect(() => randomInteger(seededRandom(1), range)).toThrow(RangeError);
  });
});

describe('pick', () => {
  it('finds every item', () => {
    const random = seededRandom(9);
    expect(new Set(take(200, () => pick(random, [10, 20, 30])))).toEqual(new Set([10, 20, 30]));
  });

  it('refuses an empty list', () => {
    expect(() => pick(seededRandom(1), [])).toThrow(RangeError);
  });
});
