// Gathers messages into batches, which are stored and read as one. While a commit is under way, and while an outbox is full
// that makes its senders wait, they stay here.

import type { Batch } from './batch.js';
import { EntryBuffer } from './entry-buffer.js';
import { type Importance, type MessageTraits, NO_TRAITS, sameTraits, type TraitsRun } from './message-traits.js';

/** The bounds of a batch. One message may be larger. */
export interface BatchBounds {
  readonly batchMaxBytes: number;
  readonly batchMaxMessages: number;
}

/** A message that joins the outbox. */
export interface CollectedMessage {
  readonly lane: string;
  readonly entry: Uint8Array;
  readonly importance: Importance;
  readonly traits: MessageTraits;
}

/** What the outbox gives to a message that joins it. */
export interface CollectedPlace {
  /** One more than that of the message before in its lane. */
  readonly sequence: number;
  /** Its place in the order of all lanes. */
  readonly ordinal: number;
  /** Now, on the outbox's age clock. */
  readonly ageMs: number;
}

/** A batch that can grow. */
interface OpenBatch {
  readonly lane: string;
  first: number;
  ordinal: number;
  readonly openedAtMs: number;
  acceptedAtMs: number;
  readonly importance: Importance;
  traits: TraitsRun[];
  readonly entries: EntryBuffer;
}

/** Messages of a batch are accepted within this time, in milliseconds, so that they can share one time of acceptance. */
const BATCH_SPAN_MS = 1_000;

/** Messages that no commit has taken yet. */
export class BatchCollector {
  readonly #bounds: BatchBounds;
  /** In the order in which their first messages came. */
  #batches: OpenBatch[] = [];
  /** The batch that a lane's next message may join. */
  readonly #open = new Map<string, OpenBatch>();
  #messages = 0;
  #bytes = 0;
  /** The size of the batch that was taken last: the next one is probably as large. */
  #lastBytes = 0;

  constructor(bounds: BatchBounds) {
    this.#bounds = bounds;
  }

  get isEmpty(): boolean {
    return this.#batches.length === 0;
  }

  get messages(): number {
    return this.#messages;
  }

  /** Bytes of their entries. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds a message. Its entry is copied. */
  add(message: CollectedMessage, { sequence, ordinal, ageMs }: CollectedPlace): void {
    let batch = this.#open.get(message.lane);
    if (batch === undefined || !this.#fits(batch, message, ageMs)) {
      const { lane, importance } = message;
      batch = {
        lane,
        first: sequence,
        ordinal,
        openedAtMs: ageMs,
        acceptedAtMs: ageMs,
        importance,
        traits: [],
        entries: new EntryBuffer(this.#lastBytes),
      };
      this.#batches.push(batch);
      this.#open.set(lane, batch);
    }
    const before = batch.traits.at(-1)?.traits ?? NO_TRAITS;
    if (!sameTraits(before, message.traits)) batch.traits.push({ from: batch.entries.count, traits: message.traits });
    batch.entries.push(message.entry);
    batch.acceptedAtMs = ageMs;
    this.#messages += 1;
    this.#bytes += message.entry.length;
  }

  /** Takes batches in order as long as `accepts` says so; they do not change any more. */
  take(accepts: (batch: { readonly messages: number; readonly bytes: number }) => boolean): Batch[] {
    let count = 0;
    const taken: Batch[] = [];
    for (const batch of this.#batches) {
      if (!accepts({ messages: batch.entries.count, bytes: batch.entries.length })) break;
      count += 1;
      this.#forget(batch);
      this.#lastBytes = batch.entries.length;
      taken.push(closeBatch(batch));
    }
    this.#batches.splice(0, count);
    return taken;
  }

  /** Drops the message that came first of all; returns it. */
  dropFirst(): { readonly lane: string; readonly sequence: number; readonly bytes: number } | undefined {
    const batch = this.#batches[0];
    if (batch === undefined) return undefined;
    const bytes = batch.entries.dropFirst();
    const dropped = { lane: batch.lane, sequence: batch.first, bytes };
    batch.first += 1;
    batch.ordinal += 1;
    batch.traits = withoutFirst(batch.traits);
    this.#messages -= 1;
    this.#bytes -= bytes;
    if (batch.entries.count === 0) {
      this.#batches.shift();
      if (this.#open.get(batch.lane) === batch) this.#open.delete(batch.lane);
    }
    return dropped;
  }

  #fits(batch: OpenBatch, { entry, importance }: CollectedMessage, ageMs: number): boolean {
    const { batchMaxBytes, batchMaxMessages } = this.#bounds;
    return (
      batch.importance === importance &&
      batch.entries.count < batchMaxMessages &&
      batch.entries.length + entry.length <= batchMaxBytes &&
      ageMs - batch.openedAtMs <= BATCH_SPAN_MS
    );
  }

  #forget(batch: OpenBatch): void {
    this.#messages -= batch.entries.count;
    this.#bytes -= batch.entries.length;
    if (this.#open.get(batch.lane) === batch) this.#open.delete(batch.lane);
  }
}

/** The runs of a batch that has lost its first message. */
function withoutFirst(runs: readonly TraitsRun[]): TraitsRun[] {
  const moved = runs.map(({ from, traits }) => ({ from: Math.max(0, from - 1), traits }));
  return moved.filter((run, index) => moved[index + 1]?.from !== run.from);
}

function closeBatch({ lane, first, ordinal, acceptedAtMs, importance, traits, entries: buffer }: OpenBatch): Batch {
  const { entries, ends } = buffer.finish();
  const count = ends.length;
  return {
    ...{ lane, first, count, ordinal, acceptedAtMs: Math.ceil(acceptedAtMs), importance, traits },
    ...{ settled: [], entries, ends, attempts: new Uint32Array(count), storage: 'none', isDirty: false },
  };
}
