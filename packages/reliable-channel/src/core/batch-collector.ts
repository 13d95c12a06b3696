// Gathers the messages of one turn into batches, which are stored and read as one.

import type { LoadedBatch } from './loaded-batches.js';

/** The bounds of a batch. One message may be larger. */
export interface BatchBounds {
  readonly batchMaxBytes: number;
  readonly batchMaxMessages: number;
}

/** A batch that can grow. */
interface OpenBatch {
  readonly first: number;
  readonly entries: Uint8Array[];
  bytes: number;
}

/** Messages that no commit has taken yet. */
export class BatchCollector {
  readonly #bounds: BatchBounds;
  #batches: OpenBatch[] = [];

  constructor(bounds: BatchBounds) {
    this.#bounds = bounds;
  }

  get isEmpty(): boolean {
    return this.#batches.length === 0;
  }

  /** Adds a message; its number is one more than that of the message before. */
  add(sequence: number, entry: Uint8Array): void {
    const { batchMaxBytes, batchMaxMessages } = this.#bounds;
    let batch = this.#batches.at(-1);
    const isFull =
      batch === undefined || batch.entries.length >= batchMaxMessages || batch.bytes + entry.length > batchMaxBytes;
    if (batch === undefined || isFull) {
      batch = { first: sequence, entries: [], bytes: 0 };
      this.#batches.push(batch);
    }
    batch.entries.push(entry);
    batch.bytes += entry.length;
  }

  /** Everything gathered so far, as batches that do not change any more. */
  take(): LoadedBatch[] {
    const batches = this.#batches.map(closeBatch);
    this.#batches = [];
    return batches;
  }
}

function closeBatch({ first, entries: pieces, bytes }: OpenBatch): LoadedBatch {
  const entries = new Uint8Array(bytes);
  const ends = new Uint32Array(pieces.length);
  let end = 0;
  for (const [index, piece] of pieces.entries()) {
    entries.set(piece, end);
    end += piece.length;
    ends[index] = end;
  }
  return { first, count: pieces.length, lane: '', entries, ends, attempts: new Uint32Array(pieces.length) };
}
