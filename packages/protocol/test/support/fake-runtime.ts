// Virtual time for tests: nothing happens until `advance` is called.

import type { Runtime } from '../../src/core/index.js';

interface FakeTimer {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** A runtime whose clock only `advance` moves. */
export class FakeRuntime implements Runtime {
  #nowMs = 0;
  readonly #timers = new Set<FakeTimer>();
  /** How many timers have been set so far. */
  timersSet = 0;

  /** When the timers at hand are due. */
  get dueTimesMs(): number[] {
    return [...this.#timers].map((timer) => timer.dueMs);
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wallClockMs(): number {
    return this.#nowMs;
  }

  setTimer(delayMs: number, callback: () => void): FakeTimer {
    const timer = { dueMs: this.#nowMs + delayMs, callback };
    this.#timers.add(timer);
    this.timersSet += 1;
    return timer;
  }

  clearTimer(timer: unknown): void {
    this.#timers.delete(timer as FakeTimer);
  }

  defer(callback: () => void): void {
    queueMicrotask(callback);
  }

  randomUint32(): number {
    return 0;
  }

  /** Moves the clock and fires what becomes due on the way, in order. */
  advance(byMs: number): void {
    const endMs = this.#nowMs + byMs;
    for (;;) {
      const next = [...this.#timers].sort((a, b) => a.dueMs - b.dueMs)[0];
      if (next === undefined || next.dueMs > endMs) break;
      this.#timers.delete(next);
      this.#nowMs = next.dueMs;
      next.callback();
    }
    this.#nowMs = endMs;
  }
}
