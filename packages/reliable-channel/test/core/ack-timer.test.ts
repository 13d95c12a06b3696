import { expect, it } from 'vitest';
import { AckTimer } from '../../src/core/index.js';

const OPTIONS = { initialMs: 3_000, minMs: 1_000, maxMs: 60_000 };

it('an ack timer runs from its start for as long as an answer may take', () => {
  const timer = new AckTimer(OPTIONS);
  expect([timer.isRunning, timer.deadlineMs]).toEqual([false, Number.POSITIVE_INFINITY]);
  timer.start(500);
  expect([timer.isRunning, timer.deadlineMs]).toEqual([true, 3_500]);
  timer.start(800);
  expect(timer.deadlineMs).toBe(3_800);
  timer.stop();
  expect(timer.isRunning).toBe(false);
});

it('an ack timer doubles what it waits, up to the longest, until a round trip is measured', () => {
  const timer = new AckTimer(OPTIONS);
  const waits = Array.from({ length: 6 }, () => {
    timer.backOff();
    return timer.timeoutMs;
  });
  expect(waits).toEqual([6_000, 12_000, 24_000, 48_000, 60_000, 60_000]);
  timer.measured(800);
  // RFC 6298, section 2.2: the first measurement and four times half of it.
  expect([timer.smoothedMs, timer.timeoutMs]).toEqual([800, 2_400]);
});
