// Reads what an inbox has of one sender.

import { ProtocolError } from '@holdfast/protocol';
import {
  decodeInbox,
  decodeResults,
  type InboxContents,
  inboxKey,
  resultsKey,
  resultsKeyEnd,
  resultsNumberOf,
  type StoredResults,
} from './core/index.js';
import type { Store } from './store.js';

/** Bytes of results that are read at a time. */
const READ_BYTES = 256 * 1024;

/**
 * The record of a sender and the results that are kept for it. Rejects with a ProtocolError when one of them makes no sense:
 * it must not be taken for an empty one, which would repeat messages or lose answers.
 */
export async function readInbox(store: Store, senderId: string): Promise<InboxContents> {
  const bytes = await store.get(inboxKey(senderId));
  const record = bytes === undefined ? undefined : valid(decodeInbox(bytes));
  const results: StoredResults[] = [];
  const to = resultsKeyEnd(senderId);
  let from = resultsKey(senderId, 0);
  for (;;) {
    const entries = await store.read({ from, to, maxBytes: READ_BYTES });
    for (const { key, value } of entries) {
      results.push({ ...valid(decodeResults(value)), number: resultsNumberOf(key) });
    }
    const last = entries.at(-1);
    if (last === undefined) return { record, results };
    from = resultsKey(senderId, resultsNumberOf(last.key) + 1);
  }
}

function valid<Value>(decoded: Value | ProtocolError): Value {
  if (decoded instanceof ProtocolError) throw decoded;
  return decoded;
}
