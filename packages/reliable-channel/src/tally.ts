// What a sending half has counted since it was opened.

import type { EvictionCause, GivenUp } from './core/index.js';

/** The counters. */
export class Tally {
  #accepted = 0;
  #acknowledged = 0;
  #rejected = 0;
  #expired = 0;
  #cancelled = 0;
  readonly #evictedBy: Record<EvictionCause, number> = {
    outboxFull: 0,
    storeFailed: 0,
    notSendable: 0,
    replaced: 0,
    tooOld: 0,
    unreadable: 0,
  };

  onAccepted(): void {
    this.#accepted += 1;
  }

  onAcknowledged(count: number): void {
    this.#acknowledged += count;
  }

  onEvicted(cause: EvictionCause, count: number): void {
    this.#evictedBy[cause] += count;
  }

  onGivenUp(outcome: GivenUp, count: number): void {
    if (outcome.status === 'rejected') this.#rejected += count;
    else if (outcome.status === 'expired') this.#expired += count;
    else if (outcome.status === 'cancelled') this.#cancelled += count;
    else this.onEvicted(outcome.cause, count);
  }

  /** All of them, by the names that `stats()` has for them. */
  counts() {
    return {
      acceptedMessages: this.#accepted,
      acknowledgedMessages: this.#acknowledged,
      rejectedMessages: this.#rejected,
      expiredMessages: this.#expired,
      cancelledMessages: this.#cancelled,
      evictedMessages: Object.values(this.#evictedBy).reduce((sum, count) => sum + count, 0),
      evictedBy: { ...this.#evictedBy },
    };
  }
}
