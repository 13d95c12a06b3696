// When the messages of a lane expire, on the age clock of its outbox: looks through what is in memory, and not before the
// earliest of them can be too old.

import { type Batch, earliestExpiryOf, expiryOf, lastOf } from './batch.js';

/** The deadlines of one lane. */
export class LaneExpiry {
  readonly #maxAgeMs: number;
  /** When a message in memory may expire; early is no harm. */
  #nextMs = Number.POSITIVE_INFINITY;
  /** Whether any message that has been in memory can expire. */
  #hasExpiring = false;

  /** @param maxAgeMs - a message that has waited so long is too old; may be infinite */
  constructor(maxAgeMs: number) {
    this.#maxAgeMs = maxAgeMs;
  }

  /** When `take` may have something to say; infinite: nothing in memory can expire. */
  get nextMs(): number {
    return this.#nextMs;
  }

  /** A batch is in memory now. */
  watch(batch: Batch): void {
    const expiryMs = earliestExpiryOf(batch, this.#maxAgeMs);
    if (expiryMs === Number.POSITIVE_INFINITY) return;
    this.#hasExpiring = true;
    this.#nextMs = Math.min(this.#nextMs, expiryMs);
  }

  /** What could not be given up for a while can be now. */
  lookAgain(): void {
    if (this.#hasExpiring) this.#nextMs = 0;
  }

  /** The messages of `batches` from `from` on that have expired by now and are not settled. */
  take(batches: readonly Batch[], ageMs: number, from: number, isSettled: (sequence: number) => boolean): number[] {
    const expired: number[] = [];
    let nextMs = Number.POSITIVE_INFINITY;
    for (const batch of batches) {
      if (lastOf(batch) < from) continue;
      const earliestMs = earliestExpiryOf(batch, this.#maxAgeMs);
      if (earliestMs > ageMs) {
        nextMs = Math.min(nextMs, earliestMs);
        continue;
      }
      for (let sequence = Math.max(from, batch.first); sequence <= lastOf(batch); sequence++) {
        if (isSettled(sequence)) continue;
        const expiryMs = expiryOf(batch, sequence, this.#maxAgeMs);
        if (expiryMs <= ageMs) expired.push(sequence);
        else nextMs = Math.min(nextMs, expiryMs);
      }
    }
    this.#nextMs = nextMs;
    return expired;
  }
}
