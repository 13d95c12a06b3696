// The outbox: every message that is not settled, lane by lane, in order. A message is first collected with others of its
// turn, then stored with them as one batch, then sendable. Batches in memory are those to be sent next; when more wait than
// fit into memory, the later ones lie in the store alone and are read back when their turn comes. Pure bookkeeping: it says
// which operations a commit needs and is told how the commit went.
//
// How a message ended is told when the store knows it: a crash must not bring back what has been told to be over.

import type { RangeList } from '@holdfast/protocol/core';
import { type Batch, lastOf, runOf } from './batch.js';
import type { CollectedMessage } from './batch-collector.js';
import { bury, type DeathTimes } from './burial.js';
import { DeadLetters } from './dead-letters.js';
import { Intake } from './intake.js';
import {
  type CommitReport,
  joinRuns,
  type LaneEnd,
  type LaneRun,
  type OpenedOutbox,
  type OutboxOptions,
} from './outbox-contract.js';
import type { OutboxLane, OutboxTotals } from './outbox-lane.js';
import { OutboxLanes } from './outbox-lanes.js';
import { type BatchRecord, batchKey, encodeBatch, encodeLane, encodeMeta, laneKey, metaKey } from './outbox-record.js';
import { OutboxWrites } from './outbox-writes.js';
import type { GivenUp } from './outcome.js';
import type { Run } from './settled-numbers.js';
import { putOf, type StoreOperation } from './store-operation.js';

/** The messages of one sending half. */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #lanes: OutboxLanes;
  readonly #totals: OutboxTotals;
  /** The way in. */
  readonly intake: Intake;
  readonly deadLetters: DeadLetters;
  #epoch: string;
  /** The epoch that is on disk. */
  #storedEpoch: string;
  #ordinal: number;
  readonly #writes = new OutboxWrites();
  /** Whether refusals have been counted that the store does not know of: a poison message must not begin anew for ever. */
  #hasCounted = false;

  constructor(options: OutboxOptions, opened: OpenedOutbox) {
    const { meta } = opened;
    this.#options = options;
    this.#lanes = new OutboxLanes(opened, options.outboxMaxAgeMs);
    this.#totals = this.#lanes.totals;
    this.deadLetters = new DeadLetters(options.keyPrefix, options, opened.deadLetters);
    this.#epoch = meta.epoch;
    this.#storedEpoch = meta.epoch;
    this.#ordinal = meta.ordinal;
    this.intake = new Intake(options, this.#lanes, this.#writes);
  }

  get epoch(): string {
    return this.#epoch;
  }

  /** Whether the store knows the current epoch. */
  get isEpochStored(): boolean {
    return this.#storedEpoch === this.#epoch;
  }

  get lanes(): Iterable<OutboxLane> {
    return this.#lanes.all;
  }

  /** Messages that are not settled. */
  get messageCount(): number {
    return this.#totals.messages;
  }

  get bytes(): number {
    return this.#totals.bytes;
  }

  /** Bytes of the batches in memory that are stored or need no storing. */
  get loadedBytes(): number {
    return this.#totals.loadedBytes;
  }

  get isCommitting(): boolean {
    return this.#writes.isCommitting;
  }

  /** Whether there are messages that the store has not been asked to take yet. */
  get hasNew(): boolean {
    return this.#writes.hasNew;
  }

  /** Whether somebody waits for the next commit. */
  get isCommitUrgent(): boolean {
    return this.#writes.hasBatches || this.intake.needsNumbers;
  }

  /** Whether a commit would have anything to write. */
  get hasUncommitted(): boolean {
    return !this.#writes.isEmpty || this.intake.needsNumbers || this.#hasCounted || this.deadLetters.hasChanges;
  }

  /** Whether messages have ended that nobody has been told of yet. */
  get hasUntold(): boolean {
    return this.#writes.hasUntold;
  }

  lane(name: string): OutboxLane | undefined {
    return this.#lanes.get(name);
  }

  /** Whether a message of this lane can be taken at all. */
  acceptsLane(name: string): boolean {
    return this.#lanes.accepts(name);
  }

  /** Takes one message and gives it the next number of its lane. */
  collect(message: CollectedMessage, ageMs: number): number {
    return this.intake.collect(message, this.#ordinal++, ageMs);
  }

  /** Brings what was collected on its way; see `Intake.route`. Returns the messages of low importance that have to go. */
  routeCollected(canSend: (lane: string) => boolean, isClosing: boolean): LaneRun[] {
    const gone = this.intake.route(canSend, isClosing);
    this.#admit();
    return gone;
  }

  // ---- the store

  /** The operations of one commit: store what is to be stored, delete what is settled, and the numberings. */
  beginCommit(ageMs: number, wallMs: number): StoreOperation[] {
    const { keyPrefix } = this.#options;
    for (const batch of this.#writes.batches) this.#lanes.of(batch.lane).numbers.onWritten(lastOf(batch));
    const records = [...this.#lanes.all].filter((lane) => lane.numbers.isDirty).map((lane) => lane.takeRecord());
    const deadLetters = this.deadLetters.takeChanges();
    const [epoch, ordinal] = [this.#epoch, this.#ordinal];
    const commit = this.#writes.begin({ lanes: records, deadLetters, epoch });
    this.intake.needsNumbers = false;
    this.#hasCounted = false;
    const puts = commit.batches.map((batch) => this.#putOf(batch));
    const bytes = this.#totals.bytes - this.intake.bytes - this.#lanes.unstoredBytes;
    const meta = { epoch, ordinal, bytes, ageMs: Math.floor(ageMs), wallMs: Math.max(0, Math.floor(wallMs)) };
    return [
      ...puts,
      ...records.map((record) => putOf(laneKey(keyPrefix, record.lane), encodeLane(record))),
      ...[...commit.deleted].map((key): StoreOperation => ({ type: 'delete', key })),
      ...deadLetters,
      putOf(metaKey(keyPrefix), encodeMeta(meta)),
    ];
  }

  /** The commit is on disk. Returns what can be told now. */
  onCommitted(): CommitReport {
    const { batches, lanes, ends, epoch } = this.#writes.finish();
    this.#storedEpoch = epoch;
    this.deadLetters.onCommitted();
    for (const { lane, first } of ends) this.#lanes.of(lane).untold.delete(first);
    for (const record of lanes) this.#lanes.of(record.lane).numbers.onRecorded(record);
    const stored: LaneRun[] = [];
    for (const batch of batches) {
      if (batch.storage === 'committing') stored.push({ lane: batch.lane, ...runOf(batch) });
      batch.storage = 'stored';
    }
    this.#admit();
    // Messages of these were given up meanwhile. They can lie in the store alone by now.
    for (const batch of batches)
      if (batch.isDirty && !this.#lanes.of(batch.lane).isForgotten(batch))
        this.#writes.rewrite(batch, this.#keyOf(batch));
    this.#forgetFailed();
    return { stored: joinRuns(stored), ends };
  }

  /** The commit failed: its new messages will never be sent. Returns which those are; the rest is tried again. */
  onCommitFailed(): LaneRun[] {
    const commit = this.#writes.finish();
    this.#writes.giveBack(commit);
    for (const record of commit.lanes) {
      const lane = this.#lanes.of(record.lane);
      lane.numbers.isDirty = true;
      if (lane.entering.some(({ storage }) => storage === 'none')) this.intake.needsNumbers = true;
    }
    this.deadLetters.giveBack(commit.deadLetters);
    const failed: LaneRun[] = [];
    for (const batch of commit.batches) {
      const lane = this.#lanes.of(batch.lane);
      if (lane.entering.includes(batch)) {
        this.#totals.bytes -= batch.entries.length;
        failed.push(...lane.drop(batch).map((run) => ({ lane: batch.lane, ...run })));
        this.#writes.rememberFailed(batch, this.#keyOf(batch));
      } else {
        // It was to be written again; if it is still needed, it is.
        if (batch.storage === 'committing') batch.storage = 'failed';
        if (!lane.isForgotten(batch)) this.#writes.rewrite(batch, this.#keyOf(batch));
      }
    }
    this.#admit();
    return joinRuns(failed);
  }

  #putOf(batch: Batch): StoreOperation {
    batch.isDirty = false;
    if (batch.storage !== 'stored') batch.storage = 'committing';
    const settled = this.#lanes.of(batch.lane).settledIn(batch);
    return putOf(this.#keyOf(batch), encodeBatch({ ...batch, settled }));
  }

  /** Takes batches of a lane that were read. Returns the messages without a record that were not known to be settled. */
  onLoaded(name: string, records: readonly BatchRecord[], upTo: number): LaneRun[] {
    const lane = this.#lanes.of(name);
    const missing = lane.onLoaded(records, upTo);
    for (const [sequence, bury] of lane.toBury) {
      if (lane.isInReach(sequence)) bury();
    }
    this.#dropSettled(lane);
    this.#forgetFailed();
    // The size of records that can not be read is not known; with nothing left there is none.
    if (this.#lanes.areEmpty && this.intake.isEmpty) this.#totals.bytes = 0;
    return missing.map((run) => ({ lane: name, ...run }));
  }

  // ---- settling

  /** Settles what the receiver has handled of a lane. Returns the runs that are news, ascending. */
  settle(lane: OutboxLane, handled: RangeList): Run[] {
    const news = lane.settleAll(handled);
    if (news.length > 0) this.#dropSettled(lane);
    return news;
  }

  /**
   * Gives a message up. Returns it when it was never in the store and so can be told at once; otherwise it is told after the
   * commit that writes it down.
   *
   * @param times - given when it is to be kept as a dead letter
   */
  giveUp(
    lane: OutboxLane,
    sequence: number,
    {
      outcome,
      attempts,
      times,
    }: { readonly outcome: GivenUp; readonly attempts: number; readonly times?: DeathTimes | undefined },
  ): LaneEnd[] {
    const end = { lane: lane.name, first: sequence, last: sequence, outcome, attempts };
    const batch =
      lane.batchOf(sequence) ?? lane.entering.find((each) => each.first <= sequence && sequence <= lastOf(each));
    if (times !== undefined) {
      if (batch !== undefined) bury(this.deadLetters, batch, sequence, outcome, times);
      else if (!lane.isInReach(sequence))
        lane.toBury.set(sequence, () => this.#buryLoaded(lane, sequence, outcome, times));
    }
    lane.settle({ first: sequence, last: sequence });
    const isKnownToStore = batch !== undefined && batch.storage !== 'none' && batch.storage !== 'new';
    if (isKnownToStore) {
      this.#writes.end(end);
      lane.untold.add(sequence);
      // Below the floor the lane's record says it.
      if (sequence >= lane.floor) this.#writes.rewrite(batch as Batch, this.#keyOf(batch));
    }
    this.#dropSettled(lane);
    return isKnownToStore ? [] : [end];
  }

  /** The handler refused a message; returns how often it has by now. */
  countFailure(lane: OutboxLane, sequence: number): number {
    this.#hasCounted = true;
    return lane.numbers.countFailure(sequence);
  }

  /** A message in memory that was not stored is to be stored after all. */
  store(batch: Batch): void {
    if (batch.storage === 'none' && !batch.isDirty) this.#writes.rewrite(batch, this.#keyOf(batch));
  }

  /** Begins a new epoch: the receiver knows numbers that we do not, so ours can not be trusted to be new. */
  renew(epoch: string): void {
    this.#epoch = epoch;
  }

  /** A message that was refused for good while it lay in the store alone has been read, unless its record is lost. */
  #buryLoaded(lane: OutboxLane, sequence: number, outcome: GivenUp, times: DeathTimes): void {
    lane.toBury.delete(sequence);
    const batch = lane.batchOf(sequence);
    if (batch !== undefined) bury(this.deadLetters, batch, sequence, outcome, times);
  }

  /** Forgets the batches in memory whose messages are all settled, and marks their records for deletion. */
  #dropSettled(lane: OutboxLane): void {
    for (const batch of lane.takeSettled()) {
      if (this.#writes.remove(batch, this.#keyOf(batch))) this.#totals.bytes -= batch.entries.length;
    }
  }

  #forgetFailed(): void {
    this.#writes.forgetFailed((batch) => this.#lanes.of(batch.lane).isPastLoading(batch));
  }

  #admit(): void {
    const hasRoom = (): boolean => this.loadedBytes < this.#options.loadedMaxBytes;
    for (const lane of this.#lanes.all) {
      if (lane.entering.length > 0) lane.admit(hasRoom);
      // All of a batch can have been called back on its way into memory.
      this.#dropSettled(lane);
    }
  }

  #keyOf(batch: BatchRecord): string {
    return batchKey(this.#options.keyPrefix, batch.lane, batch.first);
  }
}
