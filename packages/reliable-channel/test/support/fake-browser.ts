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

/** How a lock is asked for. */
interface LockOptions {
  readonly signal?: AbortSignal;
  readonly mode?: 'exclusive' | 'shared';
  readonly steal?: boolean;
}

interface LockRequest {
  readonly mode: 'exclusive' | 'shared';
  readonly grant: () => void;
  readonly reject: (error: unknown) => void;
  isHeld: boolean;
}

/** Web Locks of one browser. */
export class FakeLocks {
  readonly #queues = new Map<string, LockRequest[]>();
  requests = 0;

  request(name: string, options: LockOptions, hold: () => Promise<void>): Promise<void> {
    const { signal, mode = 'exclusive', steal = false } = options;
    this.requests += 1;
    const queue = this.#queues.get(name) ?? [];
    this.#queues.set(name, queue);
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        if (queue.includes(request)) queue.splice(queue.indexOf(request), 1);
        grantNext(queue);
      };
      const grant = async (): Promise<void> => {
        await Promise.resolve();
        if (queue.includes(request)) await hold().then(resolve, reject);
        leave();
      };
      const request: LockRequest = { mode, grant: () => void grant(), reject, isHeld: false };
      signal?.addEventListener('abort', () => {
        if (request.isHeld) return;
        reject(signal.reason);
        leave();
      });
      if (steal) {
        const stolen = queue.filter(({ isHeld }) => isHeld);
        queue.splice(0, stolen.length, request);
        for (const each of stolen) each.reject(new DOMException('the lock was stolen', 'AbortError'));
      } else queue.push(request);
      grantNext(queue);
    });
  }

  /** How many wait for it. */
  waiting(name: string): number {
    return this.#queues.get(name)?.filter(({ isHeld }) => !isHeld).length ?? 0;
  }

  isHeld(name: string): boolean {
    return this.#queues.get(name)?.[0]?.isHeld === true;
  }
}

/** Gives the lock to the first in the queue, and to those behind it as far as they share it. */
function grantNext(queue: readonly LockRequest[]): void {
  for (const [index, request] of queue.entries()) {
    if (index > 0 && (request.mode === 'exclusive' || queue[index - 1]?.mode === 'exclusive')) return;
    if (request.isHeld) continue;
    request.isHeld = true;
    request.grant();
  }
}
