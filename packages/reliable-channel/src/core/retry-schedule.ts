// When a lane whose message the agent did not take may send again: capped exponential backoff with full jitter, counted in
// refusals of the same message, and never earlier than the agent asked for.

import { type BackoffOptions, backoffDelayMs, type RandomUint32 } from '@holdfast/protocol/core';

/** The schedule of one lane. */
export class RetrySchedule {
  readonly #options: BackoffOptions;
  readonly #random: RandomUint32;
  /** The message that was refused last. */
  #sequence = 0;
  /** How often in a row. */
  #refusals = 0;
  #untilMs = 0;

  constructor(options: BackoffOptions, random: RandomUint32) {
    this.#options = options;
    this.#random = random;
  }

  /** Message `sequence` was refused. */
  onRefused(sequence: number, retryAfterMs: number, nowMs: number): void {
    this.#refusals = sequence === this.#sequence ? this.#refusals + 1 : 1;
    this.#sequence = sequence;
    const delayMs = backoffDelayMs(this.#refusals, this.#options, this.#random);
    this.#untilMs = nowMs + Math.max(delayMs, Math.min(retryAfterMs, this.#options.maxMs));
  }

  /** A new connection: the agent may be another one, so waiting for the old one's wish makes no sense. */
  onOpened(): void {
    this.#untilMs = 0;
  }

  isWaiting(nowMs: number): boolean {
    return nowMs < this.#untilMs;
  }

  /** When the wait ends, or `undefined` when there is none. */
  nextTimeoutMs(nowMs: number): number | undefined {
    return this.isWaiting(nowMs) ? this.#untilMs : undefined;
  }
}
