// A message as a handler gets it.

import type { Headers } from '@holdfast/protocol/core';
import type { ApplicationDatabase } from './store.js';

/** Runs work in one transaction with the record "this message is handled". */
export type InboxTransaction = <T, Database extends ApplicationDatabase = ApplicationDatabase>(
  work: (database: Database) => T,
) => Promise<T>;

/** A message for a handler. */
export interface IncomingMessage {
  /** Names the message for good: the same when it comes again, on both ends, across restarts. */
  readonly id: string;
  readonly name: string;
  readonly data: unknown;
  readonly lane: string;
  /** Texts that the sender gave beside the data. */
  readonly headers: Headers;
  /** How often it has been sent; more than 1: an earlier handling may have been cut short. */
  readonly attempt: number;
  /**
   * Runs `work`, which must be synchronous, and records in the same transaction that the message is handled: both are on disk
   * when this resolves, or neither is. So an effect in that database happens once, whatever crashes. What `work` returns is
   * the reply, which is recorded with it; what the handler returns or throws afterwards changes nothing any more. When `work`
   * throws, nothing is recorded, this rejects with its error, and the message is not handled: let the error out of the handler
   * and the message comes again. Can succeed once for a message, and only before its handler ends.
   *
   * @throws HoldfastError `TRANSACTION_REFUSED`: the store has no transactions, the message is recorded already, or its
   *   handler has ended; `STORE_FAILED`: the store could not write. TypeError: `work` returned a promise
   */
  readonly inboxTransaction: InboxTransaction;
}
