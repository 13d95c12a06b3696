// The outbox in its store, as the sending half needs it: the numbering when it opens, batches when their turn comes.

import { HoldfastError, ProtocolError, type RandomUint32 } from '@holdfast/protocol';
import {
  type BatchRecord,
  batchKey,
  batchKeyEnd,
  decodeBatch,
  decodeMeta,
  encodeMeta,
  metaKey,
  newEpoch,
  type OutboxMeta,
} from './core/index.js';
import type { Store } from './store.js';

/**
 * Reads the numbering of an outbox. A store without one gets it, on disk, before it is used: an epoch that a crash could
 * take back must not be seen by anyone.
 *
 * @throws HoldfastError `STORE_FORMAT_UNKNOWN`
 */
export async function openOutbox(store: Store, prefix: string, random: RandomUint32): Promise<OutboxMeta> {
  const bytes = await store.get(metaKey(prefix));
  if (bytes === undefined) {
    const meta = { epoch: newEpoch(random), floor: 1, next: 1, bytes: 0 };
    await store.commit([{ type: 'put', key: metaKey(prefix), value: encodeMeta(meta) }]);
    return meta;
  }
  const meta = decodeMeta(bytes);
  if (meta instanceof ProtocolError) {
    const advice = 'open it with the version of Holdfast that wrote it, or put a backup back';
    throw new HoldfastError('STORE_FORMAT_UNKNOWN', `the outbox can not be read: ${meta.message}; ${advice}`);
  }
  return meta;
}

/** Reads stored batches from message `from` on. @throws HoldfastError `STORE_FAILED` when one of them is not readable */
export async function readBatches(
  store: Store,
  prefix: string,
  from: number,
  maxBytes: number,
): Promise<BatchRecord[]> {
  const entries = await store.read({ from: batchKey(prefix, from), to: batchKeyEnd(prefix), maxBytes });
  return entries.map(({ key, value }) => {
    const batch = decodeBatch(value);
    if (batch instanceof ProtocolError) {
      throw new HoldfastError('STORE_FAILED', `the record ${key} can not be read: ${batch.message}; put a backup back`);
    }
    return batch;
  });
}
