// What the store has to be told by the outbox: batches to write, batches to delete, and messages whose end can be told when
// it is written down. One commit takes all of it; what was added meanwhile is for the next one.

import { invariant } from '@holdfast/protocol/core';
import type { Batch } from './batch.js';
import type { LaneEnd } from './outbox-contract.js';
import type { LaneRecord } from './outbox-record.js';
import type { StoreOperation } from './store-operation.js';

/** Failed batches that are remembered. A store that fails on and on must not fill the memory. */
const FAILED_MAX = 256;

/** What the commit under way writes. */
export interface Commit {
  readonly batches: readonly Batch[];
  readonly lanes: readonly LaneRecord[];
  readonly deleted: ReadonlySet<string>;
  readonly deadLetters: readonly StoreOperation[];
  readonly ends: readonly LaneEnd[];
  readonly epoch: string;
}

/** The writes of one outbox. */
export class OutboxWrites {
  /**
   * Batches that the next commit writes, by key: new ones, and those that are not in the store as they are. One that has left
   * the memory to be written may have been read again since, so the key tells which they are.
   */
  #batches = new Map<string, Batch>();
  #hasNew = false;
  /** Keys of batches that are settled, or that a failed commit may have left behind; no commit has deleted them yet. */
  #deletable = new Set<string>();
  /** Batches that could not be stored, by key, and that may be there all the same. */
  readonly #failed = new Map<string, Batch>();
  /** How messages ended, to be told when the store knows. */
  #ends: LaneEnd[] = [];
  #commit: Commit | undefined;

  get isCommitting(): boolean {
    return this.#commit !== undefined;
  }

  /** Whether there are batches that the store has not been asked to take yet. */
  get hasNew(): boolean {
    return this.#hasNew;
  }

  /** The batches that the next commit writes. */
  get batches(): Iterable<Batch> {
    return this.#batches.values();
  }

  /** Whether there are batches to write. */
  get hasBatches(): boolean {
    return this.#batches.size > 0;
  }

  /** Whether messages have ended that nobody has been told of yet: the store does not know it. */
  get hasUntold(): boolean {
    return this.#ends.length > 0 || (this.#commit?.ends.length ?? 0) > 0;
  }

  get isEmpty(): boolean {
    return this.#batches.size === 0 && this.#deletable.size === 0 && this.#ends.length === 0;
  }

  /** A new batch is to be stored. */
  add(batch: Batch, key: string): void {
    batch.storage = 'new';
    this.#batches.set(key, batch);
    this.#hasNew = true;
  }

  /** A batch in memory is not in the store as it is. */
  rewrite(batch: Batch, key: string): void {
    batch.isDirty = true;
    // One that is being written is written again afterwards.
    if (batch.storage !== 'committing') this.#batches.set(key, batch);
  }

  /** A batch is not needed any more. Returns whether its bytes still counted. */
  remove(batch: Batch, key: string): boolean {
    this.#batches.delete(key);
    if (batch.storage !== 'none') this.#deletable.add(key);
    return !this.#failed.delete(key);
  }

  /** A message was given up; the batch that says so is to be written, or the record of its lane. */
  end(end: LaneEnd): void {
    this.#ends.push(end);
  }

  /** A commit that says it failed may have reached the disk all the same, and must not come back from there. */
  rememberFailed(batch: Batch, key: string): void {
    if (this.#failed.size >= FAILED_MAX) return;
    this.#failed.set(key, batch);
    this.#deletable.add(key);
  }

  /** Forgets the failed batches that have been deleted and that no read can bring any more. */
  forgetFailed(isPast: (batch: Batch) => boolean): void {
    for (const [key, batch] of this.#failed) {
      const isDeleted = !this.#deletable.has(key) && this.#commit?.deleted.has(key) !== true;
      if (isDeleted && isPast(batch)) this.#failed.delete(key);
    }
  }

  /** Begins a commit with everything that is to be written. */
  begin(rest: Pick<Commit, 'lanes' | 'deadLetters' | 'epoch'>): Commit {
    invariant(this.#commit === undefined, 'one commit at a time');
    this.#commit = { ...rest, batches: [...this.#batches.values()], deleted: this.#deletable, ends: this.#ends };
    this.#batches = new Map();
    this.#hasNew = false;
    this.#deletable = new Set();
    this.#ends = [];
    return this.#commit;
  }

  /** The commit is over. */
  finish(): Commit {
    const commit = this.#commit;
    invariant(commit !== undefined, 'a commit that ends has begun');
    this.#commit = undefined;
    return commit;
  }

  /** The commit failed: its deletions and ends are for the next one. */
  giveBack({ deleted, ends }: Commit): void {
    for (const key of deleted) this.#deletable.add(key);
    this.#ends = [...ends, ...this.#ends];
  }
}
