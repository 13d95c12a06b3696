// How what was handled gets to the disk: one record of all lanes at a time, taken when its commit really begins, so that it
// is never older than the commit before it; the results that belong to it go along. A message can also be recorded in a
// transaction of the application's own: it counts as handled if that very commit succeeds, and not otherwise.

import { AckRanges, invariant, type LaneHandled, type MessageResult, type RangeList } from '@holdfast/protocol/core';
import { encodeInbox, INBOX_RANGES_MAX, inboxKey } from './inbox-record.js';
import type { KeptResults } from './kept-results.js';
import type { HandledMessage, LaneResults } from './receiver-contract.js';
import type { ReceivingLane } from './receiving-lane.js';
import type { ReceivingLanes } from './receiving-lanes.js';
import type { StoreOperation } from './store-operation.js';

/** What a commit under way writes. */
interface Snapshot {
  readonly epoch: string;
  /** Lanes of which it says something new. */
  readonly news: ReadonlyMap<ReceivingLane, RangeList>;
  /** Those of them that have something new even if this is not written. */
  readonly unrecorded: readonly ReceivingLane[];
  readonly transaction: HandledMessage | undefined;
}

/** What is on disk now, and may be said. */
export interface Recorded {
  readonly lanes: readonly ReceivingLane[];
  readonly results: readonly LaneResults[];
}

/** The records of one sender. */
export class InboxJournal {
  readonly #senderId: string;
  readonly #results: KeptResults;
  /** Whether a commit has been asked for that has not begun. */
  #isAsked = false;
  #snapshot: Snapshot | undefined;

  constructor(senderId: string, results: KeptResults) {
    this.#senderId = senderId;
    this.#results = results;
  }

  /** Whether a commit is under way. */
  get isRecording(): boolean {
    return this.#snapshot !== undefined;
  }

  /** Whether there is neither something to record nor a commit to wait for. */
  isAtRest(lanes: ReceivingLanes): boolean {
    return !this.#isAsked && this.#snapshot === undefined && !lanes.isUnrecorded;
  }

  /** Whether a commit is to be asked for now: what is handled while one is under way makes the next one. */
  ask(lanes: ReceivingLanes): boolean {
    if (this.#isAsked || this.#snapshot !== undefined || !lanes.isUnrecorded) return false;
    this.#isAsked = true;
    return true;
  }

  /** The commit begins that was asked for: what it has to do, which may be nothing. */
  begin(epoch: string, lanes: ReceivingLanes): StoreOperation[] {
    this.#isAsked = false;
    return this.#begin(epoch, lanes, undefined);
  }

  /** Another commit begins; the message, if there is one, counts as handled when it succeeds. */
  beginTransaction(epoch: string, lanes: ReceivingLanes, message: HandledMessage | undefined): StoreOperation[] {
    return this.#begin(epoch, lanes, message);
  }

  /** The commit has succeeded; `undefined` when it was about another epoch than this one. */
  onRecorded(epoch: string): Recorded | undefined {
    const snapshot = this.#snapshot;
    this.#snapshot = undefined;
    if (snapshot === undefined) return undefined;
    const isCurrent = snapshot.epoch === epoch;
    const results = this.#results.onRecorded(isCurrent && hasResult(snapshot));
    if (!isCurrent) return undefined;
    for (const [lane, handled] of snapshot.news) {
      if (lane.name === snapshot.transaction?.lane) lane.handled.add(snapshot.transaction.sequence);
      lane.onRecorded(handled);
    }
    return { lanes: [...snapshot.news.keys()], results };
  }

  /** The commit has failed, or never began: what was new still is. */
  onFailed(): void {
    const snapshot = this.#snapshot;
    this.#snapshot = undefined;
    if (snapshot === undefined) {
      this.#isAsked = false;
      return;
    }
    for (const lane of snapshot.unrecorded) lane.isUnrecorded = true;
    this.#results.onRecordFailed(hasResult(snapshot));
  }

  #begin(epoch: string, lanes: ReceivingLanes, transaction: HandledMessage | undefined): StoreOperation[] {
    invariant(this.#snapshot === undefined, 'one record at a time');
    const all: LaneHandled[] = [];
    const news = new Map<ReceivingLane, RangeList>();
    const unrecorded: ReceivingLane[] = [];
    for (const lane of lanes) {
      const isInTransaction = lane.name === transaction?.lane;
      const handled = isInTransaction ? withNumber(lane.handled, transaction.sequence) : lane.handled;
      if (handled.cumulative === 0 && handled.ranges.length === 0) continue;
      const snapshot = handled.snapshot(INBOX_RANGES_MAX);
      all.push({ lane: lane.name, handled: snapshot });
      if (lane.isUnrecorded || isInTransaction) news.set(lane, snapshot);
      if (lane.isUnrecorded) unrecorded.push(lane);
      lane.isUnrecorded = false;
    }
    this.#snapshot = { epoch, news, unrecorded, transaction };
    const result = transaction && resultOf(transaction);
    const extra = transaction !== undefined && result !== undefined ? { lane: transaction.lane, result } : undefined;
    const operations = this.#results.beginRecord(epoch, extra);
    if (news.size === 0) return operations;
    return [{ type: 'put', key: inboxKey(this.#senderId), value: encodeInbox({ epoch, lanes: all }) }, ...operations];
  }
}

/** What is to be kept of a message that was handled, if anything. */
export function resultOf({ sequence, answer }: HandledMessage): MessageResult | undefined {
  return answer === undefined ? undefined : { sequence, ...answer };
}

function hasResult({ transaction }: Snapshot): boolean {
  return transaction?.answer !== undefined;
}

function withNumber(handled: AckRanges, sequence: number): AckRanges {
  const copy = new AckRanges(handled);
  copy.add(sequence);
  return copy;
}
