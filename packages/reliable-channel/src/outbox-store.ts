// The outbox in its store, as the sending half needs it: the numbering when it opens, batches when their turn comes.

import { HoldfastError, ProtocolError, type RandomUint32 } from '@holdfast/protocol';
import type { CheckedStore } from './checked-store.js';
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

const ADVICE = 'open it with the version of Holdfast that wrote it, or put a backup back';

/** So much is read at a time when a numbering is made from the batches. */
const REBUILD_READ_BYTES = 1024 * 1024;

/**
 * Reads the numbering of an outbox. A store without one gets it, on disk, before it is used: an epoch that a crash could
 * take back must not be seen by anyone. Where it is missing although there are batches, its record has decayed: the new one
 * begins with what they hold, so nothing of it is lost; it has a new epoch, since nobody knows which numbers were used.
 *
 * @throws HoldfastError `STORE_FORMAT_UNKNOWN`
 */
export async function openOutbox(store: CheckedStore, prefix: string, random: RandomUint32): Promise<OutboxMeta> {
  const bytes = await store.get(metaKey(prefix));
  if (bytes === undefined) {
    const meta = await numberingOf(store, prefix, newEpoch(random));
    await store.commit([{ type: 'put', key: metaKey(prefix), value: encodeMeta(meta) }]);
    return meta;
  }
  const meta = decodeMeta(bytes);
  if (meta instanceof ProtocolError) {
    throw new HoldfastError('STORE_FORMAT_UNKNOWN', `the outbox can not be read: ${meta.message}; ${ADVICE}`);
  }
  return meta;
}

/** A numbering that fits the batches in the store. */
async function numberingOf(store: CheckedStore, prefix: string, epoch: string): Promise<OutboxMeta> {
  let floor: number | undefined;
  let next = 1;
  let bytes = 0;
  for (;;) {
    const batches = await readBatches(store, prefix, next, REBUILD_READ_BYTES);
    if (batches.length === 0) return { epoch, floor: floor ?? 1, next, bytes };
    for (const batch of batches) {
      floor ??= batch.first;
      next = batch.first + batch.count;
      bytes += batch.entries.length;
    }
  }
}

/**
 * Reads stored batches from message `from` on. Those that make no sense are set aside and left out; when there are more
 * behind them, some of these are read.
 *
 * @throws HoldfastError `STORE_FAILED` when one was written by another version
 */
export async function readBatches(
  store: CheckedStore,
  prefix: string,
  from: number,
  maxBytes: number,
): Promise<BatchRecord[]> {
  const batches: BatchRecord[] = [];
  let next = batchKey(prefix, from);
  for (;;) {
    const entries = await store.read({ from: next, to: batchKeyEnd(prefix), maxBytes });
    for (const entry of entries) {
      const batch = decodeBatch(entry.value);
      if (!(batch instanceof ProtocolError)) batches.push(batch);
      else if (batch.code !== 'VERSION_UNSUPPORTED') await store.quarantine(entry, batch.message);
      else
        throw new HoldfastError('STORE_FAILED', `the record ${entry.key} can not be read: ${batch.message}; ${ADVICE}`);
    }
    const last = entries.at(-1);
    if (last === undefined || batches.length > 0) return batches;
    next = `${last.key}\0`;
  }
}
