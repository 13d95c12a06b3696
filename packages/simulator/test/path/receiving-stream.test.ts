import { expect, it } from 'vitest';
import { ReceivingStream } from '../../src/path/receiving-stream.js';
import { randomInteger, seededRandom } from '../../src/seeded-random.js';

function pieces(...lengths: number[]) {
  let sequence = 0;
  return lengths.map((length) => {
    const piece = { sequence, length };
    sequence += length;
    return piece;
  });
}

it('passes on what is in order, and holds back what lies behind a hole', () => {
  const stream = new ReceivingStream();
  const [a, b, c, d] = pieces(1, 5, 3, 1) as [never, never, never, never];
  expect(stream.accept(a)).toEqual([a]);
  expect(stream.accept(c)).toEqual([]);
  expect(stream.accept(d)).toEqual([]);
  expect([stream.nextSequence, stream.earlyCount]).toEqual([1, 2]);
  expect(stream.accept(b)).toEqual([b, c, d]);
  expect([stream.nextSequence, stream.earlyCount]).toEqual([10, 0]);
});

it('passes nothing on twice', () => {
  const stream = new ReceivingStream();
  const [a, b, c] = pieces(1, 5, 3) as [never, never, never];
  stream.accept(a);
  expect(stream.accept(a)).toEqual([]);
  stream.accept(c);
  expect(stream.accept(c)).toEqual([]);
  expect(stream.accept(b)).toEqual([b, c]);
  expect(stream.accept(c)).toEqual([]);
  expect(stream.earlyCount).toBe(0);
});

it('puts any order with any repetition right', () => {
  for (let seed = 1; seed <= 50; seed += 1) {
    const random = seededRandom(seed);
    const all = pieces(...Array.from({ length: 30 }, () => randomInteger(random, { min: 1, max: 9 })));
    const stream = new ReceivingStream<(typeof all)[number]>();
    const taken: unknown[] = [];
    while (taken.length < all.length) {
      taken.push(...stream.accept(all[randomInteger(random, { min: 0, max: all.length - 1 })] as never));
      expect(taken, `seed ${seed}`).toEqual(all.slice(0, taken.length));
    }
  }
});
