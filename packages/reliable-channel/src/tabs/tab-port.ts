// What a shared channel needs of its browser. Tests have tabs of their own behind it; browser-tab-port.ts is the real one.

import type { Runtime } from '@holdfast/protocol';
import type { Store } from '../store.js';
import type { StoreSharing } from '../stores/idb-owner.js';
import type { BusMessage } from './bus-message.js';

/** One tab's end of what connects the tabs. */
export interface Bus {
  post(message: BusMessage): void;
  close(): void;
}

/** What the browser does with the page. */
export interface PageEvents {
  /** Nothing will run until `resume`, perhaps never again. Only what is done at once is done. */
  readonly freeze: () => void;
  readonly resume: () => void;
}

/** A tab's surroundings. */
export interface TabPort {
  readonly runtime: Runtime;
  readonly locks: TabLocks;
  /** Connects to all other ends of this name, in this tab too. Each hears the others' messages in the order of each sender. */
  openBus(name: string, onMessage: (message: BusMessage) => void): Bus;
  openStore(name: string, sharing: StoreSharing): Promise<Store>;
  /** Tells what happens to the page. Returns the function that ends it. */
  watchPage(events: PageEvents): () => void;
}

/** How a lock is asked for. */
export interface TabLockOptions {
  readonly signal?: AbortSignal;
  /** Several may have a lock that is shared. Exclusive where nothing is said. */
  readonly mode?: 'exclusive' | 'shared';
  /** Takes it at once from whoever holds it; without `signal`. */
  readonly steal?: boolean;
}

/** Locks that the browser lets go when their tab ends, however that ends. */
export interface TabLocks {
  /**
   * Waits for its turn, then holds the lock until what `hold` returns is settled. Rejects when that rejects, when `signal` has
   * ended the waiting, and when the lock was stolen.
   */
  request(name: string, options: TabLockOptions, hold: () => Promise<void>): Promise<void>;
}
