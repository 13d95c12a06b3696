// Where records go that can not be read: under `quarantine/` and their own key, bytes as they were found, until somebody has
// had a look. It has room for a limited number; its keys are counted when the first one comes.

import { invariant } from '@holdfast/protocol/core';
import type { StoreOperation } from './core/index.js';
import type { Store } from './store.js';

/** Keys that begin so are in quarantine. */
export const QUARANTINE_PREFIX = 'quarantine/';

/** Behind every key that begins with the prefix. */
const QUARANTINE_END = 'quarantine0';

/** Records that are kept. Further ones are dropped, and counted all the same. */
export const QUARANTINE_MAX_RECORDS = 100;

/** The quarantine of one store. */
export class Quarantine {
  readonly #store: Store;
  /** The original keys of what is in it, once that has been read. */
  #keys: Set<string> | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Whether a record of this key is in it, from this or an earlier run. */
  async has(key: string): Promise<boolean> {
    return this.#keys?.has(key) ?? (await this.#store.get(QUARANTINE_PREFIX + key)) !== undefined;
  }

  /** Learns what is in it already; to be called before `move`. */
  async prepare(): Promise<void> {
    if (this.#keys !== undefined) return;
    const keys = new Set<string>();
    let from = QUARANTINE_PREFIX;
    for (;;) {
      // One at a time: only the keys are wanted, and the values may be large.
      const [entry] = await this.#store.read({ from, to: QUARANTINE_END, maxBytes: 1 });
      if (entry === undefined) break;
      keys.add(entry.key.slice(QUARANTINE_PREFIX.length));
      from = `${entry.key}\0`;
    }
    this.#keys = keys;
  }

  /**
   * Moves a record here with one commit, in place of an earlier one of the same key. Without room it is only removed.
   * Asks the store for the commit before it returns. Resolves with whether the record was kept.
   */
  async move(key: string, value: Uint8Array): Promise<boolean> {
    invariant(this.#keys !== undefined, 'prepare comes before move');
    const keys = this.#keys;
    const hasRoom = keys.has(key) || keys.size < QUARANTINE_MAX_RECORDS;
    const operations: StoreOperation[] = [{ type: 'delete', key }];
    if (hasRoom) operations.push({ type: 'put', key: QUARANTINE_PREFIX + key, value });
    await this.#store.commit(operations);
    if (hasRoom) keys.add(key);
    return hasRoom;
  }
}
