// The real clock, timers and randomness, of Node and browsers alike.

import type { Runtime, TimerHandle } from './core/index.js';

/** Longer delays make `setTimeout` fire at once, so they are waited for in pieces. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** A timer that outlives the longest `setTimeout`. */
interface SystemTimer {
  handle: ReturnType<typeof setTimeout> | undefined;
}

/** Creates the runtime that shells use unless they are given another one. */
export function systemRuntime(): Runtime {
  return {
    nowMs: () => performance.now(),
    wallClockMs: () => Date.now(),
    setTimer: (delayMs, callback) => {
      const timer: SystemTimer = { handle: undefined };
      arm(timer, performance.now() + delayMs, callback);
      return timer;
    },
    clearTimer: (timer: TimerHandle) => clearTimeout((timer as SystemTimer).handle),
    defer: (callback) => queueMicrotask(callback),
    randomUint32: () => crypto.getRandomValues(new Uint32Array(1))[0] as number,
  };
}

function arm(timer: SystemTimer, dueMs: number, callback: () => void): void {
  const leftMs = dueMs - performance.now();
  // `setTimeout` counts whole milliseconds and may fire a fraction early: round up.
  const delayMs = Math.min(Math.max(0, Math.ceil(leftMs)), TIMER_MAX_MS);
  timer.handle = setTimeout(() => (leftMs > TIMER_MAX_MS ? arm(timer, dueMs, callback) : callback()), delayMs);
}
