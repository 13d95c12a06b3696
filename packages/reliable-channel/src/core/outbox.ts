// The outbox: every message that is not settled, in order. A message is first collected with others of its turn, then
// stored with them as one batch, then sendable. Batches in memory are those to be sent next; when more wait than fit into
// memory, the later ones lie in the store alone and are read back when their turn comes. Pure bookkeeping: it says which
// operations a commit needs and is told how the commit went.
//
//   collected -> committing -> stored (loaded in memory | in the store only) -> settled -> deleted

import { invariant, type RangeList } from '@holdfast/protocol/core';
import { type BatchBounds, BatchCollector } from './batch-collector.js';
import { type LoadedBatch, LoadedBatches, lastOf } from './loaded-batches.js';
import { type BatchRecord, batchKey, encodeBatch, encodeMeta, metaKey, type OutboxMeta } from './outbox-record.js';
import { type Run, SettledNumbers } from './settled-numbers.js';
import type { StoreOperation } from './store-operation.js';

/** The bounds of an outbox. */
export interface OutboxOptions extends BatchBounds {
  /** Names this outbox within its store. */
  readonly keyPrefix: string;
  readonly outboxMaxMessages: number;
  readonly outboxMaxBytes: number;
  /** Bytes of stored batches that are kept in memory to be sent next. */
  readonly loadedMaxBytes: number;
}

/** Failed batches that are remembered. A store that fails on and on must not fill the memory. */
const FAILED_MAX = 256;

/** The messages of one sending half. */
export class Outbox {
  readonly #options: OutboxOptions;
  #epoch: string;
  /** The epoch that is on disk, and the one that the commit under way writes. */
  #storedEpoch: string;
  #committingEpoch: string;
  /** The number of the next message. Never goes back. */
  #next: number;
  /** The same on disk, and in the commit under way. */
  #storedNext: number;
  #committingNext: number;
  readonly #settled: SettledNumbers;
  /** Bytes of all batches that are not wholly settled, stored and collected. */
  #bytes: number;
  readonly #collecting: BatchCollector;
  /** The batches of the commit under way. */
  #committing: LoadedBatch[] | undefined;
  /** The keys that the commit under way deletes. */
  #deleting = new Set<string>();
  /** Stored batches in memory, ascending and without a hole between them. */
  readonly #loaded = new LoadedBatches();
  /** The last message that is in `#loaded` or before it. Stored ones behind it lie in the store alone. */
  #loadedUpTo: number;
  /** The last message that is in the store. */
  #storedUpTo: number;
  /** Keys of batches that are settled, or that a failed commit may have left behind; no commit has deleted them yet. */
  #deletable = new Set<string>();
  /** First numbers of batches that could not be stored and may yet be read. Not counted in `#bytes`. */
  readonly #failed = new Set<number>();

  /** @param meta - as the store has it; a new store has been given one with floor 1, next 1 and bytes 0 */
  constructor(options: OutboxOptions, meta: OutboxMeta) {
    this.#options = options;
    this.#collecting = new BatchCollector(options);
    this.#epoch = meta.epoch;
    this.#storedEpoch = meta.epoch;
    this.#committingEpoch = meta.epoch;
    this.#next = meta.next;
    this.#storedNext = meta.next;
    this.#committingNext = meta.next;
    this.#bytes = meta.bytes;
    this.#settled = new SettledNumbers(meta.floor);
    // The batch that the floor lies in begins below it, so reading begins at the beginning. With bytes left, there are
    // records that were settled before they were read: they are read to be deleted.
    this.#loadedUpTo = meta.floor === meta.next && meta.bytes === 0 ? meta.next - 1 : 0;
    this.#storedUpTo = meta.next - 1;
  }

  get epoch(): string {
    return this.#epoch;
  }

  /** Whether the store knows the current epoch. */
  get isEpochStored(): boolean {
    return this.#storedEpoch === this.#epoch;
  }

  get nextSequence(): number {
    return this.#next;
  }

  /** The lowest number that is not settled. */
  get floor(): number {
    return this.#settled.floor;
  }

  /**
   * Below it nothing will ever be sent, whatever happens. Numbers of messages that could not be stored are below `floor`
   * at once, but after a crash they are given out again, until the store knows that they are taken.
   */
  get certainFloor(): number {
    return Math.min(this.floor, this.#storedNext);
  }

  /** Messages that are not settled. */
  get messageCount(): number {
    return this.#settled.countUnsettled(this.#next);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes of the batches in memory that are stored. */
  get loadedBytes(): number {
    return this.#loaded.bytes;
  }

  /** Whether a commit has something to store. */
  get hasCollected(): boolean {
    return !this.#collecting.isEmpty;
  }

  /** Whether a commit has something to delete. */
  get hasDeletable(): boolean {
    return this.#deletable.size > 0;
  }

  get isCommitting(): boolean {
    return this.#committing !== undefined;
  }

  /** Whether another message of `entryBytes` is within the limits. */
  accepts(entryBytes: number): boolean {
    const { outboxMaxMessages, outboxMaxBytes } = this.#options;
    return this.messageCount < outboxMaxMessages && this.#bytes + entryBytes <= outboxMaxBytes;
  }

  isSettled(sequence: number): boolean {
    return this.#settled.has(sequence);
  }

  /** The highest number below `sequence` that is not settled, or 0. */
  unsettledBelow(sequence: number): number {
    return this.#settled.unsettledBelow(sequence);
  }

  /** Takes one message and gives it the next number. */
  collect(entry: Uint8Array): number {
    const sequence = this.#next++;
    this.#collecting.add(sequence, entry);
    this.#bytes += entry.length;
    return sequence;
  }

  /** The operations of one commit: store what was collected, delete what is settled, and the numbering. */
  beginCommit(): StoreOperation[] {
    invariant(this.#committing === undefined, 'one commit at a time');
    const { keyPrefix } = this.#options;
    this.#committing = this.#collecting.take();
    const operations: StoreOperation[] = this.#committing.map((batch) => ({
      type: 'put',
      key: this.#keyOf(batch),
      value: encodeBatch(batch),
    }));
    this.#deleting = this.#deletable;
    this.#deletable = new Set();
    for (const key of this.#deleting) operations.push({ type: 'delete', key });
    this.#committingEpoch = this.#epoch;
    this.#committingNext = this.#next;
    const meta = { epoch: this.#epoch, floor: this.floor, next: this.#next, bytes: this.#bytes };
    operations.push({ type: 'put', key: metaKey(keyPrefix), value: encodeMeta(meta) });
    return operations;
  }

  /** The commit is on disk. Returns what it stored. */
  onCommitted(): Run | undefined {
    const batches = this.#takeCommitting();
    this.#storedEpoch = this.#committingEpoch;
    this.#storedNext = this.#committingNext;
    this.#deleting = new Set();
    for (const batch of batches) this.#onStored(batch);
    return runOf(batches);
  }

  /** The commit failed: its messages will never be sent. Returns which those are. */
  onCommitFailed(): Run | undefined {
    const batches = this.#takeCommitting();
    for (const key of this.#deleting) this.#deletable.add(key);
    this.#deleting = new Set();
    for (const batch of batches) {
      this.#bytes -= batch.entries.length;
      this.#settled.addRun(batch.first, lastOf(batch));
      // They count as stored and loaded, so that those behind them are not waited for in vain.
      if (this.#loadedUpTo === batch.first - 1) this.#loadedUpTo = lastOf(batch);
      this.#storedUpTo = Math.max(this.#storedUpTo, lastOf(batch));
      this.#rememberFailed(batch);
    }
    return runOf(batches);
  }

  /** From which number on the store should be read, when memory has room for what lies in the store alone. */
  wantsLoad(): number | undefined {
    const behind = this.#loadedUpTo < this.#storedUpTo;
    return behind && this.#loaded.bytes < this.#options.loadedMaxBytes / 2 ? this.#loadedUpTo + 1 : undefined;
  }

  /**
   * Takes batches that were read, ascending. Numbers without a record have been settled and deleted before: nothing of
   * them is left to send.
   *
   * @param upTo - the last number that was in the store when the reading was asked for
   */
  onLoaded(batches: readonly BatchRecord[], upTo: number): void {
    let isAtEnd = true;
    for (const batch of batches) {
      // A commit under way may be visible already; its batches come with `onCommitted`, or not at all.
      if (batch.first > upTo) break;
      isAtEnd = false;
      if (batch.first <= this.#loadedUpTo) continue;
      this.#skipTo(batch.first - 1);
      if (this.#failed.has(batch.first)) this.#skipTo(lastOf(batch));
      else this.#keep({ ...batch, attempts: new Uint32Array(batch.count) });
    }
    if (isAtEnd) this.#skipTo(upTo);
    for (const first of this.#failed) if (first <= this.#loadedUpTo) this.#failed.delete(first);
    this.#dropSettled();
  }

  /** The last message that is in the store. */
  get storedUpTo(): number {
    return this.#storedUpTo;
  }

  /**
   * Settles what `handled` names. Returns the runs that are news, ascending. Numbers that were never given out are the
   * caller's to check.
   */
  settle(handled: RangeList): Run[] {
    const news = this.#settled.addAll(handled);
    if (news.length > 0) this.#dropSettled();
    return news;
  }

  /** Begins a new epoch: the receiver knows numbers that we do not, so ours can not be trusted to be new. */
  renew(epoch: string): void {
    this.#epoch = epoch;
  }

  /** The batch in memory that holds `sequence`. */
  batchOf(sequence: number): LoadedBatch | undefined {
    return this.#loaded.find(sequence);
  }

  /** The first message from `sequence` on that is in memory and not settled. */
  nextSendable(sequence: number): number | undefined {
    const candidate = this.#settled.unsettledFrom(sequence);
    return candidate <= this.#loadedUpTo ? candidate : undefined;
  }

  /** Forgets the batches in memory whose messages are all settled, and marks their records for deletion. */
  #dropSettled(): void {
    const isDone = (batch: LoadedBatch): boolean => this.#settled.hasRun(batch.first, lastOf(batch));
    // Behind a gap there can be more, but nearly never is.
    for (const batch of this.#loaded.takeDone(isDone, this.#settled.hasGaps)) {
      this.#bytes -= batch.entries.length;
      this.#deletable.add(this.#keyOf(batch));
    }
  }

  #onStored(batch: LoadedBatch): void {
    const last = lastOf(batch);
    this.#storedUpTo = Math.max(this.#storedUpTo, last);
    // Only the batch that follows directly on those in memory can join them; else it waits in the store.
    const follows = this.#loadedUpTo === batch.first - 1;
    if (follows && this.#loaded.bytes < this.#options.loadedMaxBytes) this.#keep(batch);
  }

  #keep(batch: LoadedBatch): void {
    this.#loaded.push(batch);
    this.#loadedUpTo = lastOf(batch);
  }

  /** Nothing of the numbers up to `sequence` is left to load. */
  #skipTo(sequence: number): void {
    if (sequence <= this.#loadedUpTo) return;
    this.#settled.addRun(this.#loadedUpTo + 1, sequence);
    this.#loadedUpTo = sequence;
  }

  /** A commit that says it failed may have reached the disk all the same, and must not come back from there. */
  #rememberFailed(batch: LoadedBatch): void {
    if (this.#deletable.size < FAILED_MAX) this.#deletable.add(this.#keyOf(batch));
    if (batch.first > this.#loadedUpTo && this.#failed.size < FAILED_MAX) this.#failed.add(batch.first);
  }

  #keyOf(batch: BatchRecord): string {
    return batchKey(this.#options.keyPrefix, batch.first);
  }

  #takeCommitting(): LoadedBatch[] {
    const batches = this.#committing;
    invariant(batches !== undefined, 'a commit that ends has begun');
    this.#committing = undefined;
    return batches;
  }
}

function runOf(batches: readonly BatchRecord[]): Run | undefined {
  const first = batches[0];
  const last = batches.at(-1);
  return first === undefined || last === undefined ? undefined : { first: first.first, last: lastOf(last) };
}
