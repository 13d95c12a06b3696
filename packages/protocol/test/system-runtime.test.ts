import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemRuntime } from '../src/system-runtime.js';

const LONGEST_MS = 2 ** 31 - 1;

describe('systemRuntime', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('fires once, when the delay is over', () => {
    const fired = vi.fn();
    systemRuntime().setTimer(100, fired);
    vi.advanceTimersByTime(99);
    expect(fired).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1_000);
    expect(fired).toHaveBeenCalledTimes(1);
  });

  it('rounds a part of a millisecond up, never down', () => {
    const fired = vi.fn();
    systemRuntime().setTimer(10.2, fired);
    vi.advanceTimersByTime(10);
    expect(fired).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(fired).toHaveBeenCalledTimes(1);
  });

  it.each([LONGEST_MS, LONGEST_MS + 1, 3 * LONGEST_MS + 17])('waits the whole of %d ms', (delayMs) => {
    const fired = vi.fn();
    systemRuntime().setTimer(delayMs, fired);
    vi.advanceTimersByTime(delayMs - 1);
    expect(fired).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(fired).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('never asks setTimeout for more than it can wait', () => {
    const setTimeoutSpy = vi.spyOn(globalThis, 'setTimeout');
    systemRuntime().setTimer(1e12, () => {});
    vi.advanceTimersByTime(3 * LONGEST_MS);
    expect(setTimeoutSpy.mock.calls.length).toBeGreaterThan(2);
    for (const [, delayMs] of setTimeoutSpy.mock.calls) expect(delayMs).toBeLessThanOrEqual(LONGEST_MS);
    setTimeoutSpy.mockRestore();
  });

  it('forgets a cleared timer, also a long one that has been set again in between', () => {
    const runtime = systemRuntime();
    const fired = vi.fn();
    runtime.clearTimer(runtime.setTimer(10, fired));
    const long = runtime.setTimer(3 * LONGEST_MS, fired);
    vi.advanceTimersByTime(2 * LONGEST_MS);
    runtime.clearTimer(long);
    vi.advanceTimersByTime(4 * LONGEST_MS);
    expect(fired).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('clears a timer that has fired already without harm', () => {
    const runtime = systemRuntime();
    const timer = runtime.setTimer(0, () => {});
    vi.advanceTimersByTime(1);
    runtime.clearTimer(timer);
  });

  it('defers until the running code has returned, and before any timer', async () => {
    vi.useRealTimers();
    const runtime = systemRuntime();
    const order: string[] = [];
    const timerFired = new Promise<void>((resolve) => {
      runtime.setTimer(0, () => {
        order.push('timer');
        resolve();
      });
    });
    runtime.defer(() => order.push('deferred'));
    order.push('running');
    await timerFired;
    expect(order).toEqual(['running', 'deferred', 'timer']);
  });

  it('has a clock that never goes backwards, the wall clock, and 32-bit random numbers', () => {
    vi.useRealTimers();
    const runtime = systemRuntime();
    let lastMs = runtime.nowMs();
    let highest = 0;
    for (let draw = 0; draw < 1_000; draw++) {
      expect(runtime.nowMs()).toBeGreaterThanOrEqual(lastMs);
      lastMs = runtime.nowMs();
      const number = runtime.randomUint32();
      expect(Number.isInteger(number) && number >= 0 && number < 2 ** 32).toBe(true);
      highest = Math.max(highest, number);
    }
    expect(highest).toBeGreaterThan(2 ** 31);
    expect(Math.abs(runtime.wallClockMs() - Date.now())).toBeLessThan(1_000);
  });
});
