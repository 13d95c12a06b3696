import { expect, it } from 'vitest';
import { LossModel } from '../../src/path/loss.js';
import { seededRandom } from '../../src/seeded-random.js';

const DRAWS = 100_000;

function lossesOf(model: LossModel): boolean[] {
  return Array.from({ length: DRAWS }, () => model.isLost());
}

function mean(values: readonly (boolean | number)[]): number {
  return values.reduce<number>((sum, value) => sum + Number(value), 0) / values.length;
}

it('loses nothing, and draws nothing, without loss', () => {
  const model = new LossModel({ probability: 0 }, () => {
    throw new Error('drawn');
  });
  expect(model.isLost()).toBe(false);
});

it('loses everything at probability 1', () => {
  expect(new LossModel({ probability: 1 }, () => 2 ** 32 - 1).isLost()).toBe(true);
});

it('loses as often as it is told', () => {
  expect(mean(lossesOf(new LossModel({ probability: 0.1 }, seededRandom(1))))).toBeCloseTo(0.1, 2);
});

it('loses in bursts of the length and frequency that it is told', () => {
  const burst = { beginProbability: 0.01, endProbability: 0.2, probability: 1 };
  const losses = lossesOf(new LossModel({ probability: 0, burst }, seededRandom(1)));
  const lengths: number[] = [];
  losses.forEach((isLost, index) => {
    if (!isLost) return;
    if (losses[index - 1]) lengths.push((lengths.pop() ?? 0) + 1);
    else lengths.push(1);
  });
  expect(mean(lengths)).toBeCloseTo(1 / 0.2, 0);
  // The bad state's share: begin over begin and end.
  expect(mean(losses)).toBeCloseTo(0.01 / 0.21, 2);
});
