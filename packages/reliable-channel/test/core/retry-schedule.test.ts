import { expect, it } from 'vitest';
import { RetrySchedule } from '../../src/core/index.js';

const OPTIONS = { minMs: 100, maxMs: 1_000 };
const longest = (): number => 0xffffffff;
const shortest = (): number => 0;

/** The waits after so many refusals of one message. */
function waits(count: number, random = longest): number[] {
  const schedule = new RetrySchedule(OPTIONS, random);
  return Array.from({ length: count }, () => {
    schedule.onRefused(7, 0, 0);
    return schedule.nextTimeoutMs(0) ?? 0;
  });
}

it('the waits of one message double up to the longest', () => {
  expect(waits(6)).toEqual([100, 200, 400, 800, 1_000, 1_000]);
});

it('a wait is drawn from its whole span', () => {
  expect(waits(3, shortest)).toEqual([0, 0, 0]);
  expect(waits(3, () => 0x7fffffff)).toEqual([50, 100, 200]);
});

it('another message begins anew', () => {
  const schedule = new RetrySchedule(OPTIONS, longest);
  for (const sequence of [7, 7, 7, 8]) schedule.onRefused(sequence, 0, 0);
  expect(schedule.nextTimeoutMs(0)).toBe(100);
});

it('the wish of the agent is kept, within the longest wait', () => {
  const schedule = new RetrySchedule(OPTIONS, shortest);
  schedule.onRefused(7, 300, 50);
  expect(schedule.nextTimeoutMs(50)).toBe(350);
  schedule.onRefused(7, 50_000, 50);
  expect(schedule.nextTimeoutMs(50)).toBe(1_050);
});

it('the wait is over at its end, and with a new opening', () => {
  const schedule = new RetrySchedule(OPTIONS, longest);
  expect(schedule.isWaiting(0)).toBe(false);
  schedule.onRefused(7, 0, 0);
  expect([schedule.isWaiting(99), schedule.isWaiting(100)]).toEqual([true, false]);
  expect(schedule.nextTimeoutMs(100)).toBeUndefined();
  schedule.onOpened();
  expect(schedule.isWaiting(0)).toBe(false);
});
