// The outbox: every message that is not settled, lane by lane, in order. A message is first collected with others of its
// turn, then stored with them as one batch, then sendable. Batches in memory are those to be sent next; when more wait than
// fit into memory, the later ones lie in the store alone and are read back when their turn comes. Pure bookkeeping: it says
// which operations a commit needs and is told how the commit went.
//
// How a message ended is told when the store knows it: a crash must not bring back what has been told to be over.

import { LANES_MAX, type RangeList } from '@holdfast/protocol/core';
import { type Batch, entryOf, lastOf } from './batch.js';
import { type BatchBounds, BatchCollector, type CollectedMessage } from './batch-collector.js';
import { DeadLetters } from './dead-letters.js';
import type { CommitReport, LaneEnd, LaneRun, OpenedOutbox, OutboxOptions } from './outbox-contract.js';
import { OutboxLane, type OutboxTotals, RESERVED_NUMBERS } from './outbox-lane.js';
import { type BatchRecord, batchKey, encodeBatch, encodeLane, encodeMeta, laneKey, metaKey } from './outbox-record.js';
import { OutboxWrites } from './outbox-writes.js';
import type { GivenUp } from './outcome.js';
import type { Run } from './settled-numbers.js';
import type { StoreOperation } from './store-operation.js';

/** The messages of one sending half. */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #lanes = new Map<string, OutboxLane>();
  readonly #totals: OutboxTotals = { messages: 0, loadedBytes: 0 };
  readonly deadLetters: DeadLetters;
  #epoch: string;
  /** The epoch that is on disk. */
  #storedEpoch: string;
  #ordinal: number;
  /** Bytes of all batches that are not wholly settled, stored and collected. */
  #bytes: number;
  readonly #collected: BatchCollector;
  readonly #writes = new OutboxWrites();
  /** Whether numbers have to be reserved before what is in memory can go out. */
  #needsNumbers = false;
  /** Whether refusals have been counted that the store does not know of: a poison message must not begin anew for ever. */
  #hasCounted = false;

  constructor(options: OutboxOptions, opened: OpenedOutbox) {
    const { meta } = opened;
    this.#options = options;
    this.#collected = new BatchCollector(collectorBounds(options));
    this.deadLetters = new DeadLetters(options.keyPrefix, options, opened.deadLetters);
    this.#epoch = meta.epoch;
    this.#storedEpoch = meta.epoch;
    this.#ordinal = meta.ordinal;
    this.#bytes = meta.bytes;
    for (const record of opened.lanes) {
      const bounds = { hasRecords: meta.bytes > 0, maxAgeMs: options.outboxMaxAgeMs };
      const lane = new OutboxLane(record, { ...bounds, totals: this.#totals });
      this.#lanes.set(record.lane, lane);
    }
  }

  get epoch(): string {
    return this.#epoch;
  }

  /** Whether the store knows the current epoch. */
  get isEpochStored(): boolean {
    return this.#storedEpoch === this.#epoch;
  }

  get lanes(): Iterable<OutboxLane> {
    return this.#lanes.values();
  }

  /** Messages that are not settled. */
  get messageCount(): number {
    return this.#totals.messages;
  }

  get bytes(): number {
    return this.#bytes;
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
    return this.#writes.hasBatches || this.#needsNumbers;
  }

  /** Whether a commit would have anything to write. */
  get hasUncommitted(): boolean {
    return !this.#writes.isEmpty || this.#needsNumbers || this.#hasCounted || this.deadLetters.hasChanges;
  }

  /** Whether messages have ended that nobody has been told of yet. */
  get hasUntold(): boolean {
    return this.#writes.hasUntold;
  }

  /** Whether collected messages wait for room, or for the commit under way. */
  get hasCollected(): boolean {
    return !this.#collected.isEmpty;
  }

  lane(name: string): OutboxLane | undefined {
    return this.#lanes.get(name);
  }

  /** Whether a message of this lane can be taken at all. */
  acceptsLane(name: string): boolean {
    return this.#lanes.has(name) || this.#lanes.size < LANES_MAX;
  }

  /** Whether the outbox is at its limits, for a message of this size. */
  isFullFor(entryBytes: number): boolean {
    const { outboxMaxMessages, outboxMaxBytes } = this.#options;
    return this.messageCount >= outboxMaxMessages || this.#bytes + entryBytes > outboxMaxBytes;
  }

  /** Whether a message of this size can wait in memory for the outbox to have room. */
  canWait(entryBytes: number): boolean {
    const { whenFull, waitMaxMessages, waitMaxBytes } = this.#options;
    const { messages, bytes } = this.#collected;
    return whenFull === 'wait' && messages < waitMaxMessages && bytes + entryBytes <= waitMaxBytes;
  }

  /** Takes one message and gives it the next number of its lane. */
  collect(message: CollectedMessage, ageMs: number): number {
    const sequence = this.#laneOf(message.lane).takeNumber();
    this.#collected.add(message, { sequence, ordinal: this.#ordinal, ageMs });
    this.#ordinal += 1;
    this.#bytes += message.entry.length;
    return sequence;
  }

  /**
   * Brings what was collected on its way, as far as the outbox has room: into the next commit, or, when it is not critical and
   * its lane can send now, straight into memory. Returns the messages of low importance that have to go.
   *
   * @param isClosing - the outbox takes everything, whatever its limits are
   */
  routeCollected(canSend: (lane: string) => boolean, isClosing: boolean): LaneRun[] {
    if (this.isCommitting || this.#collected.isEmpty) return [];
    const gone: LaneRun[] = [];
    for (const batch of this.#collected.take((next) => isClosing || this.#hasRoomFor(next))) {
      const lane = this.#laneOf(batch.lane);
      if (batch.importance !== 'critical' && canSend(batch.lane)) {
        lane.enter(batch);
        if (lane.storedNext <= lastOf(batch)) this.#needNumbers(lane);
      } else if (batch.importance === 'low') {
        this.#bytes -= batch.entries.length;
        // What has been cancelled meanwhile has been told.
        for (const run of lane.settle(runOf(batch))) gone.push({ lane: batch.lane, ...run });
      } else {
        lane.enter(batch);
        this.#writes.add(batch, this.#keyOf(batch));
      }
    }
    this.#admit();
    return gone;
  }

  /** What was collected first of all leaves, to make room. */
  dropFirstCollected(): LaneRun | undefined {
    for (let dropped = this.#collected.dropFirst(); dropped !== undefined; dropped = this.#collected.dropFirst()) {
      const { lane, sequence, bytes } = dropped;
      this.#bytes -= bytes;
      const [run] = this.#laneOf(lane).settle({ first: sequence, last: sequence });
      // What has been cancelled meanwhile has been told.
      if (run !== undefined) return { lane, ...run };
    }
    return undefined;
  }

  // ---- the store

  /** The operations of one commit: store what is to be stored, delete what is settled, and the numberings. */
  beginCommit(ageMs: number, wallMs: number): StoreOperation[] {
    const { keyPrefix } = this.#options;
    for (const batch of this.#writes.batches) this.#laneOf(batch.lane).onWritten(batch);
    const records = [...this.#lanes.values()].filter((lane) => lane.isDirty).map((lane) => lane.takeRecord());
    const deadLetters = this.deadLetters.takeChanges();
    const [epoch, ordinal] = [this.#epoch, this.#ordinal];
    const commit = this.#writes.begin({ lanes: records, deadLetters, epoch });
    this.#needsNumbers = false;
    this.#hasCounted = false;
    const puts = commit.batches.map((batch) => this.#putOf(batch));
    const bytes = this.#bytes - this.#unstoredBytes();
    const meta = { epoch, ordinal, bytes, ageMs: Math.floor(ageMs), wallMs: Math.max(0, Math.floor(wallMs)) };
    return [
      ...puts,
      ...records.map((record) => put(laneKey(keyPrefix, record.lane), encodeLane(record))),
      ...[...commit.deleted].map((key): StoreOperation => ({ type: 'delete', key })),
      ...deadLetters,
      put(metaKey(keyPrefix), encodeMeta(meta)),
    ];
  }

  /** The commit is on disk. Returns what can be told now. */
  onCommitted(): CommitReport {
    const { batches, lanes, ends, epoch } = this.#writes.finish();
    this.#storedEpoch = epoch;
    this.deadLetters.onCommitted();
    for (const { lane, first } of ends) this.#laneOf(lane).untold.delete(first);
    for (const record of lanes) this.#laneOf(record.lane).onRecorded(record);
    const stored: LaneRun[] = [];
    for (const batch of batches) {
      if (batch.storage === 'committing') stored.push({ lane: batch.lane, ...runOf(batch) });
      batch.storage = 'stored';
    }
    this.#admit();
    // Messages of these were given up meanwhile. They can lie in the store alone by now.
    for (const batch of batches)
      if (batch.isDirty && !this.#laneOf(batch.lane).isForgotten(batch))
        this.#writes.rewrite(batch, this.#keyOf(batch));
    this.#forgetFailed();
    return { stored: joinRuns(stored), ends };
  }

  /** The commit failed: its new messages will never be sent. Returns which those are; the rest is tried again. */
  onCommitFailed(): LaneRun[] {
    const commit = this.#writes.finish();
    this.#writes.giveBack(commit);
    for (const record of commit.lanes) {
      const lane = this.#laneOf(record.lane);
      lane.isDirty = true;
      if (lane.entering.some(({ storage }) => storage === 'none')) this.#needsNumbers = true;
    }
    this.deadLetters.giveBack(commit.deadLetters);
    const failed: LaneRun[] = [];
    for (const batch of commit.batches) {
      const lane = this.#laneOf(batch.lane);
      if (lane.entering.includes(batch)) {
        this.#bytes -= batch.entries.length;
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

  /** Whether there is nothing anywhere, settled messages in batches that are on their way included. */
  #isEmpty(): boolean {
    if (this.messageCount > 0 || this.loadedBytes > 0 || this.hasCollected) return false;
    return [...this.#lanes.values()].every(({ entering, hasUnloaded }) => entering.length === 0 && !hasUnloaded);
  }

  /** Bytes that a crash would take: this commit does not write them. */
  #unstoredBytes(): number {
    let bytes = this.#collected.bytes;
    for (const { yielding, entering } of this.#lanes.values()) {
      for (const batch of yielding) if (!isInStore(batch)) bytes += batch.entries.length;
      for (const batch of entering) if (!isInStore(batch)) bytes += batch.entries.length;
    }
    return bytes;
  }

  #putOf(batch: Batch): StoreOperation {
    batch.isDirty = false;
    if (batch.storage !== 'stored') batch.storage = 'committing';
    const settled = this.#laneOf(batch.lane).settledIn(batch);
    return put(this.#keyOf(batch), encodeBatch({ ...batch, settled }));
  }

  /** Takes batches of a lane that were read. Returns the messages without a record that were not known to be settled. */
  onLoaded(name: string, records: readonly BatchRecord[], upTo: number): LaneRun[] {
    const lane = this.#laneOf(name);
    const missing = lane.onLoaded(records, upTo);
    for (const [sequence, bury] of lane.toBury) {
      if (lane.isInReach(sequence)) bury();
    }
    this.#dropSettled(lane);
    this.#forgetFailed();
    // The size of records that can not be read is not known; with nothing left there is none.
    if (this.#isEmpty()) this.#bytes = 0;
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
      if (batch !== undefined) this.#bury(batch, sequence, outcome, times);
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
    return lane.countFailure(sequence);
  }

  /** A message in memory that was not stored is to be stored after all. */
  store(batch: Batch): void {
    if (batch.storage === 'none' && !batch.isDirty) this.#writes.rewrite(batch, this.#keyOf(batch));
  }

  /** Begins a new epoch: the receiver knows numbers that we do not, so ours can not be trusted to be new. */
  renew(epoch: string): void {
    this.#epoch = epoch;
  }

  #bury(batch: Batch, sequence: number, outcome: GivenUp, { ageMs, wallMs, attempts }: DeathTimes): void {
    if (outcome.status !== 'rejected' && outcome.status !== 'expired') return;
    this.deadLetters.add({
      ...{ status: outcome.status, reason: outcome.reason, lane: batch.lane, sequence },
      attempts,
      acceptedAtWallMs: Math.max(0, Math.floor(wallMs - Math.max(0, ageMs - batch.acceptedAtMs))),
      diedAtWallMs: Math.max(0, Math.floor(wallMs)),
      entry: entryOf(batch, sequence),
    });
  }

  /** A message that was refused for good while it lay in the store alone has been read, unless its record is lost. */
  #buryLoaded(lane: OutboxLane, sequence: number, outcome: GivenUp, times: DeathTimes): void {
    lane.toBury.delete(sequence);
    const batch = lane.batchOf(sequence);
    if (batch !== undefined) this.#bury(batch, sequence, outcome, times);
  }

  /** Forgets the batches in memory whose messages are all settled, and marks their records for deletion. */
  #dropSettled(lane: OutboxLane): void {
    for (const batch of lane.takeSettled()) {
      if (this.#writes.remove(batch, this.#keyOf(batch))) this.#bytes -= batch.entries.length;
    }
  }

  #forgetFailed(): void {
    this.#writes.forgetFailed((batch) => this.#laneOf(batch.lane).isPastLoading(batch));
  }

  #admit(): void {
    const hasRoom = (): boolean => this.loadedBytes < this.#options.loadedMaxBytes;
    for (const lane of this.#lanes.values()) {
      if (lane.entering.length > 0) lane.admit(hasRoom);
      // All of a batch can have been called back on its way into memory.
      this.#dropSettled(lane);
    }
  }

  #needNumbers(lane: OutboxLane): void {
    lane.reserve(RESERVED_NUMBERS);
    this.#needsNumbers = true;
  }

  #hasRoomFor({ messages, bytes }: { readonly messages: number; readonly bytes: number }): boolean {
    const { whenFull, outboxMaxMessages, outboxMaxBytes } = this.#options;
    if (whenFull !== 'wait') return true;
    const othersMessages = this.messageCount - this.#collected.messages;
    const othersBytes = this.#bytes - this.#collected.bytes;
    if (othersMessages <= 0) return true;
    return othersMessages + messages <= outboxMaxMessages && othersBytes + bytes <= outboxMaxBytes;
  }

  #keyOf(batch: BatchRecord): string {
    return batchKey(this.#options.keyPrefix, batch.lane, batch.first);
  }

  #laneOf(name: string): OutboxLane {
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      const record = { lane: name, floor: 1, next: 1, reserved: 0, failedSequence: 0, failures: 0 };
      const bounds = { hasRecords: false, maxAgeMs: this.#options.outboxMaxAgeMs };
      lane = new OutboxLane(record, { ...bounds, totals: this.#totals });
      this.#lanes.set(name, lane);
    }
    return lane;
  }
}

/** What a dead letter has to know beside its message. */
export interface DeathTimes {
  readonly ageMs: number;
  readonly wallMs: number;
  readonly attempts: number;
}

function put(key: string, value: Uint8Array): StoreOperation {
  return { type: 'put', key, value };
}

/** Whether the store has a batch, or is being given it. */
function isInStore({ storage }: Batch): boolean {
  return storage === 'stored' || storage === 'committing';
}

function runOf(batch: BatchRecord): Run {
  return { first: batch.first, last: lastOf(batch) };
}

/** Neighbours of one lane become one run. */
function joinRuns(runs: readonly LaneRun[]): LaneRun[] {
  const joined: LaneRun[] = [];
  for (const run of runs) {
    const before = joined.at(-1);
    if (before?.lane === run.lane && before.last + 1 === run.first)
      joined[joined.length - 1] = { ...before, last: run.last };
    else joined.push(run);
  }
  return joined;
}

/** A batch must fit into the outbox as a whole, or it would wait for room for ever. */
function collectorBounds({
  batchMaxBytes,
  batchMaxMessages,
  outboxMaxBytes,
  outboxMaxMessages,
}: OutboxOptions): BatchBounds {
  return {
    batchMaxBytes: Math.min(batchMaxBytes, outboxMaxBytes),
    batchMaxMessages: Math.min(batchMaxMessages, outboxMaxMessages),
  };
}
