// When a lane whose message the agent did not take may send again: capped exponential backoff with full jitter, counted in
// refusals of the same message, and never earlier than the agent asked for.

import { type BackoffOptions, backoffDelayMs, type RandomUint32 } from '@holdfast/protocol/core';

/** The longest wait that an agent can ask for, in milliseconds: a day. */
export const RETRY_AFTER_MAX_MS = 86_400_000;

/** The agent did not take a message. */
export interface Refusal {
  readonly sequence: number;
  /** Not earlier than this. 0: no wish. */
  readonly retryAfterMs: number;
  /** The waits for this message. */
  readonly backoff: BackoffOptions;
}

/** The schedule of one lane. */
export class RetrySchedule {
  readonly #random: RandomUint32;
  /** The message that was refused last. */
  #sequence = 0;
  /** How often in a row. */
  #refusals = 0;
  #untilMs = 0;

  constructor(random: RandomUint32) {
    this.#random = random;
  }

  /** The agent did not take a message. */
  onRefused({ sequence, retryAfterMs, backoff }: Refusal, nowMs: number): void {
    this.#refusals = sequence === this.#sequence ? this.#refusals + 1 : 1;
    this.#sequence = sequence;
    const delayMs = backoffDelayMs(this.#refusals, backoff, this.#random);
    this.#untilMs = nowMs + Math.max(delayMs, Math.min(retryAfterMs, RETRY_AFTER_MAX_MS));
  }

  /** Nothing is waited for any more: a new connection, whose agent may be another one, or the message was given up. */
  clear(): void {
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
