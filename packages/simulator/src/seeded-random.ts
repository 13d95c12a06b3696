// Repeatable random numbers: xoshiro128** (Blackman and Vigna, 2018, version 1.1), its state filled by splitmix32.
// For simulations, fault scripts and tests, never for secrets. The rule to know: one generator belongs to one
// consumer. Two that share a generator change each other's draws, and a run is then no longer told by its seed alone.

import { checkInteger, type RandomUint32 } from '@holdfast/protocol';

const TWO_TO_32 = 0x1_0000_0000;

/** The whole state of xoshiro128**: four 32-bit words, not all of them zero. */
export type Xoshiro128State = readonly [number, number, number, number];

/**
 * A generator that yields the same sequence for the same seed, on every machine and in every version of Node.
 *
 * @param seed - integer from 0 to 2^53 - 1; every bit of it counts
 * @throws TypeError or RangeError when the seed is anything else
 */
export function seededRandom(seed: number): RandomUint32 {
  checkInteger('seed', seed, { min: 0, max: Number.MAX_SAFE_INTEGER });
  const low = splitmix32(seed >>> 0);
  const high = splitmix32(Math.floor(seed / TWO_TO_32) ^ low());
  // Two successive draws of one splitmix32 always differ, so the state is never all zeros.
  return xoshiro128StarStar([low(), high(), low(), high()]);
}

/**
 * One integer, uniform between `min` and `max`, both included. Usually one draw, never a biased one.
 *
 * @throws RangeError when a bound is not a safe integer, `min` is above `max`, or the range holds more than 2^32 values
 */
export function randomInteger(random: RandomUint32, range: { readonly min: number; readonly max: number }): number {
  const { min, max } = range;
  if (!Number.isSafeInteger(min) || !Number.isSafeInteger(max) || min > max) {
    throw new RangeError(`min and max must be safe integers with min <= max, not ${min} and ${max}`);
  }
  const size = max - min + 1;
  if (size > TWO_TO_32) throw new RangeError(`the range from ${min} to ${max} holds more than 2^32 values`);
  // Draws above the last whole multiple of `size` would favour the small values, so they are drawn again.
  const bound = TWO_TO_32 - (TWO_TO_32 % size);
  let drawn = random();
  while (drawn >= bound) drawn = random();
  return min + (drawn % size);
}

/**
 * One of the items, each equally likely.
 *
 * @throws RangeError when there are none
 */
export function pick<Item>(random: RandomUint32, items: readonly Item[]): Item {
  if (items.length === 0) throw new RangeError('there is nothing to pick from: the list is empty');
  return items[randomInteger(random, { min: 0, max: items.length - 1 })] as Item;
}

/** The bare xoshiro128** generator, for a state known from elsewhere. The state is copied. */
export function xoshiro128StarStar(state: Xoshiro128State): RandomUint32 {
  let [a, b, c, d] = state;
  return () => {
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotateLeft(d, 11);
    return result;
  };
}

/** splitmix32: a counter that goes up by the golden ratio, each value mixed by the finalizer of MurmurHash3. */
function splitmix32(start: number): RandomUint32 {
  let counter = start | 0;
  return () => {
    counter = (counter + 0x9e37_79b9) | 0;
    let mixed = Math.imul(counter ^ (counter >>> 16), 0x85eb_ca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  };
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
