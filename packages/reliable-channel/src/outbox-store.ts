// The outbox in its store, as the sending half needs it: the numbering when it opens, batches when their turn comes.

import { HoldfastError, isHoldfastError, ProtocolError, type RandomUint32 } from '@holdfast/protocol';
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
  type StoreOperation,
} from './core/index.js';

const ADVICE = 'open it with the version of Holdfast that wrote it, or put a backup back';

/** Records that a full disk nearly always has room to delete. */
export const DELETE_FEW = 16;

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

/**
 * Commits what an outbox asks for. A full disk may have no room for a commit that deletes many records, since that needs
 * room as well, but for one that deletes a few. So when a commit fails, its deletions are made a few at a time, and then it
 * is tried once more. What an outbox deletes is settled, so it may be gone before the rest is there.
 *
 * @throws HoldfastError `STORE_FAILED`
 */
export async function commitOutbox(store: CheckedStore, operations: readonly StoreOperation[]): Promise<void> {
  try {
    await store.commit(operations);
  } catch (error) {
    const deletions = operations.filter(({ type }) => type === 'delete');
    if (!isHoldfastError(error) || deletions.length <= DELETE_FEW) throw error;
    for (let index = 0; index < deletions.length; index += DELETE_FEW) {
      await store.commit(deletions.slice(index, index + DELETE_FEW));
    }
    await store.commit(operations.filter(({ type }) => type === 'put'));
  }
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
