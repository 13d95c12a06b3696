// The application's way to record "this message is handled" together with what its handler does: one transaction for both, so
// that no crash can come between them.

import { HoldfastError } from '@holdfast/protocol';
import type { StoreOperation } from './core/index.js';
import type { GroupCommit } from './group-commit.js';
import type { ApplicationDatabase, Store } from './store.js';

/**
 * Runs `work` in a transaction of the inbox's store, while no commit is under way, and rejects with what it throws; nothing
 * is changed then.
 *
 * @param operations - called after `work` with what it returned: what is to be written with it
 * @throws HoldfastError `TRANSACTION_REFUSED` when the store has no transactions; TypeError when `work` returns a promise
 */
export function inboxTransaction<T>(
  store: Store,
  commits: GroupCommit,
  work: (database: ApplicationDatabase) => T,
  operations: (result: T) => readonly StoreOperation[],
): Promise<T> {
  const { transaction } = store;
  if (transaction === undefined) {
    throw new HoldfastError('TRANSACTION_REFUSED', 'the inbox has no transactions for the application; use lmdbStore');
  }
  let result: T;
  return commits.exclusive(() =>
    transaction.call(
      store,
      () => operations(result),
      (database) => {
        result = work(database);
        if (isThenable(result)) throw new TypeError('the work of a transaction must not return a promise');
        return result;
      },
    ),
  ) as Promise<T>;
}

function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
