import { expect, it } from 'vitest';
import { derivedRandom, randomFraction } from '../../src/path/derived-random.js';

function draws(seed: number, consumer: string): string {
  const random = derivedRandom(seed, consumer);
  return Array.from({ length: 4 }, () => random()).join();
}

it('gives the same consumer the same draws under the same seed', () => {
  expect(draws(7, 'a')).toBe(draws(7, 'a'));
});

it('gives every consumer and every seed draws of its own', () => {
  const consumers = [
    'a',
    'b',
    'ab',
    'ba',
    'device 1/radio up/loss',
    'device 2/radio up/loss',
    'device 1/radio up/jitter',
  ];
  const seeds = [0, 1, 2, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER];
  const all = seeds.flatMap((seed) => consumers.map((consumer) => draws(seed, consumer)));
  expect(new Set(all).size).toBe(seeds.length * consumers.length);
});

it('makes fractions from 0 up to, and not including, 1', () => {
  expect(randomFraction(() => 0)).toBe(0);
  expect(randomFraction(() => 2 ** 31)).toBe(0.5);
  expect(randomFraction(() => 2 ** 32 - 1)).toBeLessThan(1);
});
