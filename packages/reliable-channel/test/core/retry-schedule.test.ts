import { expect, it } from 'vitest';
import { RETRY_AFTER_MAX_MS, type Refusal, RetrySchedule } from '../../src/core/index.js';

const BACKOFF = { minMs: 100, maxMs: 1_000 };

function refusal(sequence: number, retryAfterMs = 0): Refusal {
  return { sequence, retryAfterMs, backoff: BACKOFF };
}

const longest = (): number => 0xffffffff;
const shortest = (): number => 0;

/** The waits after so many refusals of one message. */
function waits(count: number, random = longest): number[] {
  const schedule = new RetrySchedule(random);
  return Array.from({ length: count }, () => {
    schedule.onRefused(refusal(7), 0);
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
  const schedule = new RetrySchedule(longest);
  for (const sequence of [7, 7, 7, 8]) schedule.onRefused(refusal(sequence), 0);
  expect(schedule.nextTimeoutMs(0)).toBe(100);
});

it('the wish of the agent is kept, up to a day', () => {
  const schedule = new RetrySchedule(shortest);
  schedule.onRefused(refusal(7, 300), 50);
  expect(schedule.nextTimeoutMs(50)).toBe(350);
  schedule.onRefused(refusal(7, 1e12), 50);
  expect(schedule.nextTimeoutMs(50)).toBe(50 + RETRY_AFTER_MAX_MS);
});

it('the wait is over at its end, and with a new opening', () => {
  const schedule = new RetrySchedule(longest);
  expect(schedule.isWaiting(0)).toBe(false);
  schedule.onRefused(refusal(7), 0);
  expect([schedule.isWaiting(99), schedule.isWaiting(100)]).toEqual([true, false]);
  expect(schedule.nextTimeoutMs(100)).toBeUndefined();
  schedule.clear();
  expect(schedule.isWaiting(0)).toBe(false);
});
