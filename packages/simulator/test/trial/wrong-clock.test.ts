import { expect, it } from 'vitest';
import { WrongClock } from '../../src/trial/wrong-clock.js';
import { createVirtualRuntime } from '../../src/virtual-runtime.js';

/** The kinds in the order of the draw: right, right, reset, ahead, behind. */
const clockOf = (...draws: number[]): { clock: WrongClock; rightMs: number } => {
  const runtime = createVirtualRuntime({ seed: 1 });
  return { clock: new WrongClock(runtime, () => draws.shift() ?? 0), rightMs: runtime.wallClockMs() };
};
const YEAR_MS = 365 * 86_400_000;

it('is right, in 1970 until it is set, or wrong by a year', () => {
  const wrongBy = new Set<number>();
  let setCount = 0;
  for (let draw = 0; draw < 5; draw += 1) {
    const { clock, rightMs } = clockOf(draw, 7);
    wrongBy.add(clock.wallClockMs() - rightMs);
    if (clock.setAfterMs === undefined) continue;
    setCount += 1;
    expect(clock.wallClockMs()).toBe(0);
    clock.set();
    expect(clock.wallClockMs()).toBe(rightMs);
  }
  expect(setCount).toBe(1);
  expect([...wrongBy].sort((a, b) => a - b)).toEqual([-clockOf(0).rightMs, -YEAR_MS, 0, YEAR_MS]);
});
