// The batches in memory: those to be sent next, ascending. Numbers between two of them are settled.

import type { BatchRecord } from './outbox-record.js';

/** A batch in memory. */
export interface LoadedBatch extends BatchRecord {
  /** How often each message has been sent by this process. */
  readonly attempts: Uint32Array;
}

/** The last sequence number of a batch. */
export function lastOf(batch: BatchRecord): number {
  return batch.first + batch.count - 1;
}

/** Batches in the order of their numbers. */
export class LoadedBatches {
  #batches: LoadedBatch[] = [];
  #bytes = 0;

  /** Bytes of the entries of all batches. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds a batch behind all others. */
  push(batch: LoadedBatch): void {
    this.#batches.push(batch);
    this.#bytes += batch.entries.length;
  }

  /** The batch that holds `sequence`. */
  find(sequence: number): LoadedBatch | undefined {
    let low = 0;
    let high = this.#batches.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const batch = this.#batches[middle] as LoadedBatch;
      if (sequence < batch.first) high = middle - 1;
      else if (sequence > lastOf(batch)) low = middle + 1;
      else return batch;
    }
    return undefined;
  }

  /**
   * Takes out the batches that `isDone` names and returns them.
   *
   * @param everywhere - false: only from the beginning, up to the first that stays
   */
  takeDone(isDone: (batch: LoadedBatch) => boolean, everywhere: boolean): LoadedBatch[] {
    let count = 0;
    while (count < this.#batches.length && isDone(this.#batches[count] as LoadedBatch)) count += 1;
    const done = count === 0 ? [] : this.#batches.splice(0, count);
    if (everywhere) {
      done.push(...this.#batches.filter(isDone));
      this.#batches = this.#batches.filter((batch) => !isDone(batch));
    }
    for (const batch of done) this.#bytes -= batch.entries.length;
    return done;
  }
}
