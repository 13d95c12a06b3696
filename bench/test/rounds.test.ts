import { expect, test } from 'vitest';
import { interleave } from '../src/rounds.js';

test('everybody is measured once a round, in turn, and the first round does not count', async () => {
  const order: string[] = [];
  const contestant = (name: string) => ({
    name,
    measure: async () => {
      order.push(name);
      return order.length;
    },
  });
  const values = await interleave([contestant('a'), contestant('b')], 2);
  expect(order.join('')).toBe('ababab');
  expect(Object.fromEntries(values)).toEqual({ a: [3, 5], b: [4, 6] });
});
