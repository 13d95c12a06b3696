// Goal: whatever breaks, every message is acknowledged, handled once and in order, without a storm of attempts; and a run
// is told by its seed alone. Method: an hour in virtual time, with a network that is cut every few seconds.

import { expect, test } from 'vitest';
import { HOUR_MS, type HourReport, liveThrough, RECONNECT_BACKOFF, SEND_EVERY_MS } from './hour.js';

const MINUTE_MS = 60_000;
/**
 * A message is sent again for every cut while it waits, and for every failing handler ahead of it in what goes out together:
 * 34 times at most in forty hours of other seeds.
 */
const ATTEMPTS_MAX = 100;
/** The waits are drawn from 0 to 5 seconds: 24 in a minute on average, 33 at most in the same forty hours. */
const DIALS_A_MINUTE_MAX = 60;
/** A dead link is found in 105 seconds, and dialed again after the longest wait at the latest. */
const REST_MAX_MS = 105_000 + RECONNECT_BACKOFF.maxMs + 10_000;

test('the same seed gives the same run, another seed another', async () => {
  const [first, again, other] = [
    await liveThrough(2, HOUR_MS / 6),
    await liveThrough(2, HOUR_MS / 6),
    await liveThrough(3, HOUR_MS / 6),
  ];
  expect(again).toEqual(first);
  expect(other.traceHash).not.toBe(first.traceHash);
});

// The time that the reporter prints beside this test is that of one hour: well under a second.
test('7,200 messages in an hour of cuts, outages, black holes and restarts', async () => {
  const report = await liveThrough(1, HOUR_MS);

  const numbers = Array.from({ length: HOUR_MS / SEND_EVERY_MS }, (_, index) => index + 1);
  expect(report.outcomes).toEqual(numbers.map(() => 'acknowledged'));
  expect(report.handled).toEqual(numbers);
  expect(report.restMs).toBeLessThan(REST_MAX_MS);
  expect(report.attemptsMax).toBeLessThan(ATTEMPTS_MAX);
  expectDialsOnSchedule(report);
  // An hour in which nothing went wrong would show nothing.
  expect(report.faults.cut).toBeGreaterThan(300);
  expect(report.faults.unreachable).toBeGreaterThan(10);
  expect(report.faults.blackHole).toBeGreaterThan(5);
  expect(report.faults.restart).toBeGreaterThan(10);
  expect(report.failedHandlings).toBeGreaterThan(100);
  expect(report.attemptsMax).toBeGreaterThan(2);
});

/** Every dial but the first has waited as the backoff said, and no minute has many. */
function expectDialsOnSchedule({ dialsAtMs, dialsDueMs }: HourReport): void {
  expect(dialsAtMs.slice(1)).toEqual(dialsDueMs);
  const busiest = Math.max(
    ...dialsAtMs.map((fromMs) => dialsAtMs.filter((atMs) => atMs >= fromMs && atMs < fromMs + MINUTE_MS).length),
  );
  expect(busiest).toBeLessThan(DIALS_A_MINUTE_MAX);
}
