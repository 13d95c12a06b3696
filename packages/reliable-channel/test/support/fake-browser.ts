// What a browser has and Node has not, as far as the IndexedDB store wants it: a database, and Web Locks. Durability and
// processes that die are not simulated; test/browser has a real browser for that.

import {
  forceCloseDatabase,
  IDBDatabase,
  IDBFactory,
  IDBKeyRange,
  IDBObjectStore,
  IDBTransaction,
} from 'fake-indexeddb';
import { vi } from 'vitest';

export { IDBDatabase, IDBFactory, IDBObjectStore, IDBTransaction };

/** A browser profile: its databases, and what the test does to them. */
export interface FakeBrowser {
  readonly factory: IDBFactory;
  /** Drops every open connection, as when the browser's storage process dies. */
  dropConnections(): void;
  /** Closes every open connection and tells nobody, as Safari has done. */
  closeQuietly(): void;
}

/** Gives the globals of a new browser profile to this test, without Web Locks. `vi.unstubAllGlobals` ends it. */
export function stubBrowser(): FakeBrowser {
  const factory = new IDBFactory();
  const open = new Set<IDBDatabase>();
  const { open: openDatabase } = factory;
  vi.spyOn(factory, 'open').mockImplementation((...args) => {
    const request = openDatabase.apply(factory, args);
    request.addEventListener('success', () => open.add(request.result));
    return request;
  });
  vi.stubGlobal('indexedDB', factory);
  vi.stubGlobal('IDBKeyRange', IDBKeyRange);
  vi.stubGlobal('navigator', {});
  return {
    factory,
    dropConnections: () => {
      for (const database of open) {
        // The standard wants what is under way to be aborted; fake-indexeddb waits for it.
        for (const transaction of transactionsOf(database)) abortWith(transaction, 'AbortError');
        forceCloseDatabase(database as never);
      }
      open.clear();
    },
    closeQuietly: () => {
      for (const database of open) database.close();
    },
  };
}

interface Innards {
  readonly db: IDBDatabase;
  readonly _state: string;
  _abort(errorName: string): void;
}

function transactionsOf(database: IDBDatabase): Innards[] {
  const { _rawDatabase: raw } = database as unknown as { readonly _rawDatabase: { transactions: Innards[] } };
  return raw.transactions.filter(({ db, _state }) => db === database && _state !== 'finished');
}

/** Ends a transaction with an error, as the browser does when the disk is full. */
export function abortWith(transaction: unknown, errorName: string): void {
  (transaction as Innards)._abort(errorName);
}

/** Web Locks of one browser, as far as exclusive locks that wait go. */
export class FakeLocks {
  readonly #held = new Map<string, Promise<unknown>>();
  requests = 0;

  async request(name: string, { signal }: { readonly signal?: AbortSignal }, hold: () => Promise<void>): Promise<void> {
    this.requests += 1;
    const aborted = new Promise<never>((_, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    aborted.catch(() => {});
    while (this.#held.has(name)) await Promise.race([this.#held.get(name), aborted]);
    const held = hold();
    this.#held.set(name, held);
    await held;
    this.#held.delete(name);
  }

  isHeld(name: string): boolean {
    return this.#held.has(name);
  }
}
