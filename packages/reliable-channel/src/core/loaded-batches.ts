// The batches in memory: those to be sent next, ascending. Numbers between two of them are settled.

import { type Batch, lastOf } from './batch.js';

/** Batches in the order of their numbers. */
export class LoadedBatches {
  #batches: Batch[] = [];
  /** Those of them that are not critical. */
  #yielding: Batch[] = [];
  #bytes = 0;

  /** Bytes of the entries of all batches. */
  get bytes(): number {
    return this.#bytes;
  }

  get all(): readonly Batch[] {
    return this.#batches;
  }

  /** The batches that are not critical. */
  get yielding(): readonly Batch[] {
    return this.#yielding;
  }

  /** Adds a batch behind all others. */
  push(batch: Batch): void {
    this.#batches.push(batch);
    if (batch.importance !== 'critical') this.#yielding.push(batch);
    this.#bytes += batch.entries.length;
  }

  /** The batch that holds `sequence`. */
  find(sequence: number): Batch | undefined {
    const batch = this.#batches[indexFrom(this.#batches, sequence)];
    return batch !== undefined && batch.first <= sequence ? batch : undefined;
  }

  /** The batches that hold messages of a run. */
  *overlapping(first: number, last: number): Iterable<Batch> {
    for (let index = indexFrom(this.#batches, first); index < this.#batches.length; index++) {
      const batch = this.#batches[index] as Batch;
      if (batch.first > last) return;
      yield batch;
    }
  }

  /** Takes batches out. One alone, and those at the beginning, cost nothing of the others. */
  remove(done: readonly Batch[]): void {
    for (const batch of done) this.#bytes -= batch.entries.length;
    this.#batches = without(this.#batches, done);
    const yielding = done.filter(({ importance }) => importance !== 'critical');
    this.#yielding = without(this.#yielding, yielding);
  }
}

/** The index of the first batch that ends at `sequence` or later. */
export function indexFrom(batches: readonly Batch[], sequence: number): number {
  let low = 0;
  let high = batches.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (lastOf(batches[middle] as Batch) < sequence) low = middle + 1;
    else high = middle;
  }
  return low;
}

function without(batches: Batch[], done: readonly Batch[]): Batch[] {
  const [first] = done;
  if (first === undefined) return batches;
  const at = indexFrom(batches, first.first);
  // Nearly always they lie one behind the other.
  if (done.every((batch, index) => batches[at + index] === batch)) {
    batches.splice(at, done.length);
    return batches;
  }
  const gone = new Set(done);
  return batches.filter((batch) => !gone.has(batch));
}
