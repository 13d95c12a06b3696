// A generator for each consumer, from one seed: who draws, and how often, changes nothing for anybody else.

import type { RandomUint32 } from '@holdfast/protocol';
import { seededRandom } from '../seeded-random.js';

const TWO_TO_32 = 0x1_0000_0000;
const HIGH_BITS_MASK = 0x1f_ffff;

/**
 * The generator that belongs to `consumer` under this seed.
 *
 * @param seed - integer from 0 to 2^53 - 1
 * @param consumer - a name that no other consumer has
 * @throws TypeError or RangeError when the seed is anything else
 */
export function derivedRandom(seed: number, consumer: string): RandomUint32 {
  const low = (hashText(consumer, seed >>> 0) ^ seed) >>> 0;
  const high = hashText(consumer, Math.floor(seed / TWO_TO_32) + low) & HIGH_BITS_MASK;
  return seededRandom(high * TWO_TO_32 + low);
}

/** One number, uniform in [0, 1). */
export function randomFraction(random: RandomUint32): number {
  return random() / TWO_TO_32;
}

/** FNV-1a over the text's UTF-16 units, begun from `start`. */
function hashText(text: string, start: number): number {
  let hash = (0x811c_9dc5 ^ start) >>> 0;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x0100_0193) >>> 0;
  return hash;
}
