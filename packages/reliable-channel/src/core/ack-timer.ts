// How long an answer of the receiver may take, and when it is overdue: the arithmetic of RFC 6298 and its one timer
// (section 5): it runs while an answer is awaited, and starts anew when there is news.

import { RoundTrip, type RoundTripOptions } from '@holdfast/protocol/core';

const NEVER = Number.POSITIVE_INFINITY;

/** The timer of one sending half. */
export class AckTimer {
  readonly #roundTrip: RoundTrip;
  #deadlineMs = NEVER;

  constructor(options: RoundTripOptions) {
    this.#roundTrip = new RoundTrip(options);
  }

  /** The smoothed round trip in milliseconds, or `undefined` before the first. */
  get smoothedMs(): number | undefined {
    return this.#roundTrip.smoothedMs;
  }

  /** How long an answer may take now, in milliseconds. */
  get timeoutMs(): number {
    return this.#roundTrip.timeoutMs;
  }

  /** When the answer is overdue; infinite when none is awaited. */
  get deadlineMs(): number {
    return this.#deadlineMs;
  }

  get isRunning(): boolean {
    return this.#deadlineMs !== NEVER;
  }

  start(nowMs: number): void {
    this.#deadlineMs = nowMs + this.#roundTrip.timeoutMs;
  }

  stop(): void {
    this.#deadlineMs = NEVER;
  }

  /** A round trip of something that was sent exactly once. */
  measured(roundTripMs: number): void {
    this.#roundTrip.measured(roundTripMs);
  }

  /** No answer came in time: from now on twice as long is waited. */
  backOff(): void {
    this.#roundTrip.backOff();
  }
}
