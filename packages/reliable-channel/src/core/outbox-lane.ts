// One lane of an outbox: a numbering, what of it is settled, and the batches in memory. Pure bookkeeping.
//
//   collected -> committing -> stored (in memory | in the store only) -> settled -> deleted
//          \--> in memory, not stored (of high and low importance) --^

import { invariant, type RangeList } from '@holdfast/protocol/core';
import { type Batch, lastOf } from './batch.js';
import { LaneExpiry } from './lane-expiry.js';
import { LaneNumbers } from './lane-numbers.js';
import { LoadedBatches } from './loaded-batches.js';
import type { BatchRecord, LaneRecord } from './outbox-record.js';
import { type Run, SettledNumbers } from './settled-numbers.js';

/** What the lanes of an outbox hold together. */
export interface OutboxTotals {
  /** Messages that are not settled. */
  messages: number;
  /** Bytes of the batches in memory. */
  loadedBytes: number;
  /** Bytes of all batches that are not wholly settled, stored and collected. */
  bytes: number;
}

/** One lane. */
export class OutboxLane {
  readonly name: string;
  readonly numbers: LaneNumbers;
  readonly #settled: SettledNumbers;
  readonly #totals: OutboxTotals;
  /** Messages that are not settled. */
  #count = 0;
  /** Batches on their way into memory, ascending: being stored, or waiting for those before them. */
  #entering: Batch[] = [];
  /** Batches in memory, ascending and without a hole between them. */
  readonly #loaded = new LoadedBatches();
  /** Those of them whose messages are all settled. */
  #done: Batch[] = [];
  /** The last message that is in `#loaded` or before it. Stored ones behind it lie in the store alone. */
  #loadedUpTo: number;
  /** The last message that is in the store, or past it. */
  #storedUpTo: number;
  readonly #expiry: LaneExpiry;
  /** Messages that were given up, which the store does not know yet. */
  readonly untold = new Set<number>();
  /** Messages in the store alone that the agent refused for good: how to keep them as dead letters when they are read. */
  readonly toBury = new Map<number, () => void>();

  /**
   * @param record - as the store has it; a new lane has floor 1 and next 1
   * @param hasRecords - whether the store may have batches of this lane, settled ones too: those are read to be deleted
   * @param maxAgeMs - a message that has waited so long is too old; may be infinite
   * @param totals - what the lanes of an outbox hold together: this one counts there, too
   */
  constructor(
    record: LaneRecord,
    {
      hasRecords,
      maxAgeMs,
      totals,
    }: { readonly hasRecords: boolean; readonly maxAgeMs: number; readonly totals: OutboxTotals },
  ) {
    this.#expiry = new LaneExpiry(maxAgeMs);
    this.#totals = totals;
    this.name = record.lane;
    this.numbers = new LaneNumbers(record);
    this.#settled = new SettledNumbers(record.floor);
    this.#addCount(record.next - record.floor);
    // The batch that the floor lies in begins below it, so reading begins at the beginning.
    this.#loadedUpTo = hasRecords ? 0 : record.next - 1;
    this.#storedUpTo = record.next - 1;
    // Numbers without a record were given out, perhaps, and lost with the process: nothing waits under them.
    const lostFrom = hasRecords ? Math.max(record.floor, this.numbers.writtenUpTo + 1) : record.floor;
    if (lostFrom < record.next) this.settle({ first: lostFrom, last: record.next - 1 });
  }

  get nextSequence(): number {
    return this.numbers.next;
  }

  /** The lowest number that is not settled. */
  get floor(): number {
    return this.#settled.floor;
  }

  /** Below it everything is settled, and the store knows: after a crash the receiver need not say it again. */
  get certainFloor(): number {
    return Math.min(this.floor, this.numbers.storedFloor);
  }

  /** Messages that are not settled. */
  get messageCount(): number {
    return this.#count;
  }

  /** Bytes of the batches in memory. */
  get loadedBytes(): number {
    return this.#loaded.bytes;
  }

  /** The last message that is in the store, or past it. */
  get storedUpTo(): number {
    return this.#storedUpTo;
  }

  /** Whether stored messages lie in the store alone, before anything that is sent now. */
  get hasUnloaded(): boolean {
    return this.#loadedUpTo < this.#storedUpTo;
  }

  /** Whether a message is in memory, or on its way there: not in the store alone. */
  isInReach(sequence: number): boolean {
    return sequence <= this.#loadedUpTo || sequence > this.#storedUpTo;
  }

  /** The batches in memory, ascending. */
  get batches(): readonly Batch[] {
    return this.#loaded.all;
  }

  /** Those of them that are not critical, ascending. */
  get yielding(): readonly Batch[] {
    return this.#loaded.yielding;
  }

  /** The batches that wait for those before them. */
  get entering(): readonly Batch[] {
    return this.#entering;
  }

  /** Whether a batch has been in memory, and was settled there. */
  isForgotten(batch: Batch): boolean {
    return this.isPastLoading(batch) && this.#loaded.find(batch.first) !== batch;
  }

  /** Whether reading goes on behind a batch: it can not come from the store any more. */
  isPastLoading(batch: BatchRecord): boolean {
    return batch.first <= this.#loadedUpTo;
  }

  /** Gives out the next number. */
  takeNumber(): number {
    this.#addCount(1);
    return this.numbers.take();
  }

  isSettled(sequence: number): boolean {
    return this.#settled.has(sequence);
  }

  /** Whether a message is settled, and the store knows that if it has to. */
  isOver(sequence: number): boolean {
    return this.#settled.has(sequence) && !this.untold.has(sequence);
  }

  /** The highest number below `sequence` that is not settled, or 0. */
  unsettledBelow(sequence: number): number {
    return this.#settled.unsettledBelow(sequence);
  }

  /** The batch in memory that holds `sequence`. */
  batchOf(sequence: number): Batch | undefined {
    return this.#loaded.find(sequence);
  }

  /** The first message from `sequence` on that is in memory and not settled. */
  nextSendable(sequence: number): number | undefined {
    const candidate = this.#settled.unsettledFrom(sequence);
    return candidate <= this.#loadedUpTo ? candidate : undefined;
  }

  /** The runs of a batch that are settled. */
  settledIn(batch: BatchRecord): Run[] {
    return this.#settled.runsIn(batch.first, lastOf(batch));
  }

  // ---- into memory

  /** A batch that is going to be in memory: it is being stored, or needs no storing. */
  enter(batch: Batch): void {
    this.#entering.push(batch);
  }

  /** Moves the batches that are ready into memory, as long as it has room; stored ones behind it stay in the store. */
  admit(hasRoom: () => boolean): void {
    for (let batch = this.#entering[0]; batch !== undefined && this.#isReady(batch); batch = this.#entering[0]) {
      this.#entering.shift();
      this.#passGap(batch.first);
      const follows = this.#loadedUpTo === batch.first - 1;
      if (batch.storage === 'stored') this.#storedUpTo = Math.max(this.#storedUpTo, lastOf(batch));
      // What is not stored has to be in memory, and so has what comes before it.
      const isNeeded = batch.storage === 'none' || this.#entering.some(({ storage }) => storage === 'none');
      if (follows && (isNeeded || hasRoom())) this.#keep(batch);
      else invariant(batch.storage === 'stored', 'what is not stored follows on what is in memory');
    }
  }

  #isReady(batch: Batch): boolean {
    return batch.storage === 'stored' || (batch.storage === 'none' && this.numbers.storedNext > lastOf(batch));
  }

  /** Numbers that were given up before they reached the store leave a gap, behind which the next batch follows all the same. */
  #passGap(first: number): void {
    if (this.hasUnloaded || this.#settled.unsettledFrom(this.#loadedUpTo + 1) < first) return;
    this.#loadedUpTo = Math.max(this.#loadedUpTo, first - 1);
  }

  /** Takes out what was to be stored and will not be. Returns the runs of it that had not been settled. */
  drop(batch: Batch): Run[] {
    this.#entering = this.#entering.filter((each) => each !== batch);
    return this.settle({ first: batch.first, last: lastOf(batch) });
  }

  /** From which number on the store should be read. */
  get unloadedFrom(): number | undefined {
    return this.hasUnloaded ? this.#loadedUpTo + 1 : undefined;
  }

  /**
   * Takes batches that were read, ascending. Numbers without a record have been settled and deleted before: nothing of
   * them is left to send. Returns those that were not known to be settled.
   *
   * @param upTo - the last number that was in the store when the reading was asked for
   */
  onLoaded(records: readonly BatchRecord[], upTo: number): Run[] {
    const gone: Run[] = [];
    let isAtEnd = true;
    for (const record of records) {
      // A commit under way may be visible already; its batches enter by themselves, or not at all.
      if (record.first > upTo) break;
      isAtEnd = false;
      if (record.first <= this.#loadedUpTo) continue;
      gone.push(...this.#skipTo(record.first - 1));
      for (const run of record.settled) this.settle(run);
      this.#keep({ ...record, attempts: new Uint32Array(record.count), storage: 'stored', isDirty: false });
    }
    if (isAtEnd) gone.push(...this.#skipTo(upTo));
    return gone;
  }

  #keep(batch: Batch): void {
    this.#loaded.push(batch);
    this.#totals.loadedBytes += batch.entries.length;
    this.#loadedUpTo = lastOf(batch);
    if (this.#isDone(batch)) this.#done.push(batch);
    this.#expiry.watch(batch);
  }

  /** Nothing of the numbers up to `sequence` is left to load. */
  #skipTo(sequence: number): Run[] {
    if (sequence <= this.#loadedUpTo) return [];
    const gone = this.settle({ first: this.#loadedUpTo + 1, last: sequence });
    this.#loadedUpTo = sequence;
    return gone;
  }

  // ---- settling

  /** Settles what the receiver has handled. Returns the runs that are news, ascending. */
  settleAll(handled: RangeList): Run[] {
    return this.#counted(this.#settled.addAll(handled));
  }

  /** Settles a run. Returns what of it is news. */
  settle({ first, last }: Run): Run[] {
    return this.#counted(this.#settled.addAll({ cumulative: 0, ranges: [{ first, last }] }));
  }

  #counted(news: Run[]): Run[] {
    for (const { first, last } of news) {
      this.#addCount(first - last - 1);
      for (const batch of this.#loaded.overlapping(first, last)) if (this.#isDone(batch)) this.#done.push(batch);
    }
    if (news.length > 0) this.numbers.isDirty = true;
    return news;
  }

  #addCount(messages: number): void {
    this.#count += messages;
    this.#totals.messages += messages;
  }

  #isDone(batch: Batch): boolean {
    return this.#settled.hasRun(batch.first, lastOf(batch));
  }

  /** Forgets the batches in memory whose messages are all settled; returns them. */
  takeSettled(): readonly Batch[] {
    if (this.#done.length === 0) return [];
    // News that comes in several runs can name a batch more than once.
    const done = [...new Set(this.#done)].sort((a, b) => a.first - b.first);
    this.#done = [];
    this.#loaded.remove(done);
    for (const batch of done) this.#totals.loadedBytes -= batch.entries.length;
    return done;
  }

  // ---- expiry

  /** When `takeExpired` may have something to say, on the age clock; infinite: nothing in memory can expire. */
  get nextExpiryMs(): number {
    return this.#expiry.nextMs;
  }

  /** Messages that were in flight are not any more: they may have expired meanwhile. */
  lookAgain(): void {
    this.#expiry.lookAgain();
  }

  /** The messages from `from` on that have expired by now; what lies before is in flight and is waited for. */
  takeExpired(ageMs: number, from: number): number[] {
    return this.#expiry.take(this.#loaded.all, ageMs, from, (sequence) => this.#settled.has(sequence));
  }

  /** What the store has to know of this lane; the numbers are not dirty any more. */
  takeRecord(): LaneRecord {
    return { lane: this.name, floor: this.floor, ...this.numbers.takeRecord(this.floor) };
  }
}
