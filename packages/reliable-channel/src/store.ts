// The port to durable memory: an ordered map of bytes with atomic, durable commits. Outbox and inbox both live in it.
// Adapters lie in stores/. They get valid arguments and need not check them.

import type { StoreOperation } from './core/index.js';

/** One record. */
export interface StoreEntry {
  readonly key: string;
  readonly value: Uint8Array;
}

/**
 * Which records to read: `from` and above, below `to`, in the order of the keys' characters. Where a key has characters
 * above U+D7FF, stores may put them in the order of UTF-8 or of UTF-16.
 */
export interface StoreRange {
  readonly from: string;
  readonly to: string;
  /** Stop when this many bytes of values have been read; the first record is always read. */
  readonly maxBytes: number;
}

/**
 * The application's own data beside an inbox, in one transaction with it. With `lmdbStore` this is lmdb's `Database`, with
 * everything that it can do; what is named here is what a store has to offer at least. Valid only within the transaction.
 */
export interface ApplicationDatabase {
  // biome-ignore lint/suspicious/noExplicitAny: a value is whatever the application has put there
  get(key: string): any;
  put(key: string, value: unknown): unknown;
  remove(key: string): unknown;
}

/**
 * An open store. It belongs to one process. Keys have 1 to 1,024 bytes in UTF-8; those that begin with `holdfast/` are its
 * own. What it can not do, because the disk is full, broken or gone, or because it is closed, rejects with `STORE_FAILED`.
 */
export interface Store {
  /** Whether a commit outlives the process. */
  readonly isDurable: boolean;
  /** The value under `key`, or `undefined`. The bytes are the caller's. */
  get(key: string): Promise<Uint8Array | undefined>;
  read(range: StoreRange): Promise<StoreEntry[]>;
  /**
   * Applies all operations or none, and resolves when they are on disk. Commits under way at one time are applied in the
   * order in which they were asked for. The bytes may change when it has resolved, and not before.
   */
  commit(operations: readonly StoreOperation[]): Promise<void>;
  /**
   * Where the store has a database for the application: runs `work` on it, then applies the operations, all in one
   * transaction. Resolves with what `work` returned when that is on disk. When `work` or `operations` throws, nothing is
   * changed and it rejects with that error. Never called while a commit is under way.
   *
   * @param operations - called after `work`, within the transaction
   */
  transaction?<T>(operations: () => readonly StoreOperation[], work: (database: ApplicationDatabase) => T): Promise<T>;
  /** Waits for the commits under way and lets the store go. Idempotent. */
  close(): Promise<void>;
}

/** Something that can be opened: what users hand in. */
export interface StoreFactory {
  /** For people: `lmdb ./outbox`. */
  readonly name: string;
  /**
   * Opens the store for this process alone.
   *
   * @throws HoldfastError `STORE_UNAVAILABLE`, `STORE_LOCKED` or `STORE_FORMAT_UNKNOWN`
   */
  open(): Promise<Store>;
}
