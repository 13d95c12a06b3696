// When the outbox asks something of its store. New messages are committed at once, one commit at a time; deletions wait a
// little for such a commit to take them along; what the store refused is tried again after a while, never in a hurry.

import type { Outbox } from './outbox.js';
import type { BatchRecord } from './outbox-record.js';
import type { Run } from './settled-numbers.js';
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

/** What is to be read: batches from number `from` on; the store has none behind `upTo`. */
export interface LoadRequest {
  readonly from: number;
  readonly upTo: number;
  readonly maxBytes: number;
}

const NEVER = Number.POSITIVE_INFINITY;

/** Decides when to commit and when to load. */
export class StorageSchedule {
  readonly #options: StorageScheduleOptions;
  readonly #outbox: Outbox;
  /** When there is a commit even if no message is to be stored. */
  #commitAtMs = NEVER;
  #isLoading = false;
  /** When a load that failed is tried again. */
  #loadAgainAtMs = NEVER;
  #isClosed = false;
  /** The store refused the last deletions of a closed outbox; they are left to the next time. */
  #hasGivenUp = false;

  constructor(options: StorageScheduleOptions, outbox: Outbox) {
    this.#options = options;
    this.#outbox = outbox;
  }

  /** Whether the store has everything and nothing is asked of it. */
  get isIdle(): boolean {
    const { isCommitting, hasCollected, hasDeletable } = this.#outbox;
    return !isCommitting && !hasCollected && (!hasDeletable || this.#hasGivenUp);
  }

  /** When `commit` or `load` have something to do although nothing else has happened. */
  nextTimeoutMs(): number {
    const commitAtMs = this.#outbox.isCommitting ? NEVER : this.#commitAtMs;
    return this.#isClosed ? commitAtMs : Math.min(commitAtMs, this.#loadAgainAtMs);
  }

  /** Something can be deleted: soon, or at once when this outbox is closed. */
  planDeletion(nowMs: number): void {
    if (!this.#outbox.hasDeletable || this.#commitAtMs !== NEVER || this.#hasGivenUp) return;
    this.#commitAtMs = this.#isClosed ? nowMs : nowMs + this.#options.deleteDelayMs;
  }

  /** The numbering has changed: it is committed then, or with the next messages. */
  commitAt(atMs: number): void {
    this.#commitAtMs = Math.min(this.#commitAtMs, atMs);
  }

  /** No more messages are coming; what can be deleted is deleted without delay. */
  close(nowMs: number): void {
    this.#isClosed = true;
    if (this.#outbox.hasDeletable) this.#commitAtMs = nowMs;
  }

  /** The operations of the commit that is due, if one is. */
  commit(nowMs: number): StoreOperation[] | undefined {
    const isDue = this.#outbox.hasCollected || nowMs >= this.#commitAtMs;
    if (!isDue || this.#outbox.isCommitting) return undefined;
    this.#commitAtMs = NEVER;
    return this.#outbox.beginCommit();
  }

  /** The commit failed. Returns the messages that are lost by it. */
  onCommitFailed(nowMs: number): Run | undefined {
    const run = this.#outbox.onCommitFailed();
    if (this.#isClosed) this.#hasGivenUp = true;
    else this.#commitAtMs = nowMs + this.#options.storeRetryMs;
    return run;
  }

  /** What is to be read now, if anything. */
  load(nowMs: number): LoadRequest | undefined {
    if (nowMs >= this.#loadAgainAtMs) {
      this.#loadAgainAtMs = NEVER;
      this.#isLoading = false;
    }
    const from = this.#isLoading ? undefined : this.#outbox.wantsLoad();
    if (from === undefined) return undefined;
    this.#isLoading = true;
    return { from, upTo: this.#outbox.storedUpTo, maxBytes: this.#options.loadedMaxBytes / 2 };
  }

  onLoaded(batches: readonly BatchRecord[], upTo: number, nowMs: number): void {
    this.#isLoading = false;
    this.#outbox.onLoaded(batches, upTo);
    this.planDeletion(nowMs);
  }

  onLoadFailed(nowMs: number): void {
    this.#loadAgainAtMs = nowMs + this.#options.storeRetryMs;
  }
}
