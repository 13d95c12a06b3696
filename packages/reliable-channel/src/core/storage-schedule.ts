// When the outbox asks something of its store. New messages are committed at once, one commit at a time; deletions wait a
// little for such a commit to take them along; what the store refused is tried again after a while, never in a hurry.

import type { Outbox } from './outbox.js';
import type { LaneRun } from './outbox-contract.js';
import type { OutboxLane } from './outbox-lane.js';
import type { BatchRecord } from './outbox-record.js';
import type { StoreOperation } from './store-operation.js';

/** The waits of a storage schedule. */
export interface StorageScheduleOptions {
  /** How long settled records may stay in the store when no other commit takes them along. */
  readonly deleteDelayMs: number;
  /** How long the store is left alone after it could not do what was asked. */
  readonly storeRetryMs: number;
  /** Bytes of stored batches that are kept in memory; half of it is read at a time. */
  readonly loadedMaxBytes: number;
}

/** What is to be read: batches of a lane from number `from` on; the store has none behind `upTo`. */
export interface LoadRequest {
  readonly lane: string;
  readonly from: number;
  readonly upTo: number;
  readonly maxBytes: number;
}

/** What was read. */
export interface LoadedRecords {
  readonly lane: string;
  /** Ascending; none: the store has no more up to `upTo`. */
  readonly batches: readonly BatchRecord[];
  readonly upTo: number;
  /** Whether records were found that can not be read: what is missing here is lost, not settled. */
  readonly isDamaged: boolean;
}

const NEVER = Number.POSITIVE_INFINITY;
/** A lane with nothing in memory reads at most so much, however full the memory is: it must not wait for the other lanes. */
const LANE_LOAD_MAX_BYTES = 65_536;

/** Decides when to commit and when to load. */
export class StorageSchedule {
  readonly #options: StorageScheduleOptions;
  readonly #outbox: Outbox;
  /** When there is a commit even if nobody waits for one. */
  #commitAtMs = NEVER;
  /** The store failed: not before this. */
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  /** Lanes that are being read, and when a read that failed is tried again. */
  readonly #loading = new Map<string, number>();
  #isClosed = false;
  /** The store refused the last changes of a closed outbox; they are left to the next time. */
  #hasGivenUp = false;

  constructor(options: StorageScheduleOptions, outbox: Outbox) {
    this.#options = options;
    this.#outbox = outbox;
  }

  /** Whether the store has everything and nothing is asked of it. */
  get isIdle(): boolean {
    const { isCommitting, hasUncommitted, intake } = this.#outbox;
    return !isCommitting && intake.isEmpty && (!hasUncommitted || this.#hasGivenUp);
  }

  /** When `commit` or `load` have something to do although nothing else has happened. */
  nextTimeoutMs(): number {
    let dueMs = this.#outbox.isCommitting ? NEVER : this.#commitAtMs;
    if (!this.#isClosed) for (const atMs of this.#loading.values()) dueMs = Math.min(dueMs, atMs);
    return dueMs;
  }

  /** Something can be deleted or told: soon, or at once when this outbox is closed. */
  planCommit(nowMs: number): void {
    if (!this.#outbox.hasUncommitted || this.#commitAtMs !== NEVER || this.#hasGivenUp) return;
    const atMs = this.#isClosed ? nowMs : nowMs + this.#options.deleteDelayMs;
    this.#commitAtMs = Math.max(atMs, this.#notBeforeMs);
  }

  /** The numbering has changed: it is committed then, or with the next messages. */
  commitAt(atMs: number): void {
    this.#commitAtMs = Math.min(this.#commitAtMs, atMs);
  }

  /** No more messages are coming; what can be deleted is deleted without delay. */
  close(nowMs: number): void {
    this.#isClosed = true;
    if (this.#outbox.hasUncommitted) this.#commitAtMs = nowMs;
  }

  /** Whether a commit is due and can begin. */
  isCommitDue(nowMs: number): boolean {
    if (this.#outbox.isCommitting) return false;
    return (
      this.#outbox.hasNew || (this.#outbox.isCommitUrgent && nowMs >= this.#notBeforeMs) || nowMs >= this.#commitAtMs
    );
  }

  /** The operations of the commit that is due. */
  beginCommit(ageMs: number, wallMs: number): StoreOperation[] {
    this.#commitAtMs = NEVER;
    return this.#outbox.beginCommit(ageMs, wallMs);
  }

  /** The commit failed. Returns the messages that are lost by it. */
  onCommitFailed(nowMs: number): LaneRun[] {
    const failed = this.#outbox.onCommitFailed();
    if (this.#isClosed) this.#hasGivenUp = true;
    else {
      this.#notBeforeMs = nowMs + this.#options.storeRetryMs;
      this.#commitAtMs = this.#notBeforeMs;
    }
    return failed;
  }

  /** What is to be read now, if anything. */
  load(nowMs: number): LoadRequest | undefined {
    if (this.#isClosed) return undefined;
    // When its time has come a read is tried again, or is not needed any more.
    for (const [name, atMs] of this.#loading) if (atMs <= nowMs) this.#loading.delete(name);
    for (const lane of this.#outbox.lanes) {
      const from = this.#wantsLoad(lane);
      if (from === undefined) continue;
      this.#loading.set(lane.name, NEVER);
      const half = this.#options.loadedMaxBytes / 2;
      const maxBytes = lane.loadedBytes === 0 ? Math.min(LANE_LOAD_MAX_BYTES, half) : half;
      return { lane: lane.name, from, upTo: lane.storedUpTo, maxBytes };
    }
    return undefined;
  }

  /** Takes what was read. Returns the messages that can not be read any more. */
  onLoaded({ lane, batches, upTo, isDamaged }: LoadedRecords, nowMs: number): LaneRun[] {
    this.#loading.delete(lane);
    const missing = this.#outbox.onLoaded(lane, batches, upTo);
    this.planCommit(nowMs);
    return isDamaged ? missing : [];
  }

  onLoadFailed(lane: string, nowMs: number): void {
    this.#loading.set(lane, nowMs + this.#options.storeRetryMs);
  }

  #wantsLoad(lane: OutboxLane): number | undefined {
    if (!lane.hasUnloaded || this.#loading.has(lane.name)) return undefined;
    const isMemoryLow = this.#outbox.loadedBytes < this.#options.loadedMaxBytes / 2;
    return isMemoryLow || lane.loadedBytes === 0 ? lane.unloadedFrom : undefined;
  }
}
