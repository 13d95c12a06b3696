// The outbox in its store, as the sending half needs it: the numberings when it opens, batches when their turn comes.

import { HoldfastError, ProtocolError, type RandomUint32 } from '@holdfast/protocol';
import type { CheckedStore } from './checked-store.js';
import {
  type BatchRecord,
  batchKey,
  batchKeyEnd,
  batchKeys,
  type DeadLetterIndex,
  deadLetterIndexKey,
  decodeBatch,
  decodeDeadLetterIndex,
  decodeLane,
  decodeMeta,
  encodeMeta,
  type LaneRecord,
  laneKeys,
  lastOf,
  metaKey,
  NO_DEAD_LETTERS,
  newEpoch,
  type OpenedOutbox,
  type OutboxMeta,
  type StoreOperation,
} from './core/index.js';
import type { GroupCommit } from './group-commit.js';
import type { OutboxMarks } from './marks-contract.js';

const ADVICE = 'open it with the version of Holdfast that wrote it, or put a backup back';

/** So much is read at a time when a numbering is made from the batches, and of the lanes. */
const READ_BYTES = 1024 * 1024;

/**
 * Reads the numberings of an outbox. A store without them gets them, on disk, before it is used: an epoch that a crash could
 * take back must not be seen by anyone. Where one is missing although there are batches, its record has decayed: the new one
 * begins with what they hold, so nothing of it is lost; the epoch is a new one, since nobody knows which numbers were used.
 *
 * @param commit - where others write the store, too: the way that they all take
 * @throws HoldfastError `STORE_FORMAT_UNKNOWN`
 */
export async function openOutbox(
  store: CheckedStore,
  prefix: string,
  sources: { readonly random: RandomUint32; readonly wallClockMs: () => number },
  commit = (operations: readonly StoreOperation[]): Promise<void> => store.commit(operations),
): Promise<OpenedOutbox> {
  const stored = await readMeta(store, prefix);
  const known = await readLanes(store, prefix);
  const deadLetters = await readDeadLetterIndex(store, prefix);
  // Looking through all batches is for the one case in which it is needed.
  const isDamaged = stored === undefined || store.quarantinedCount > 0;
  const found = isDamaged
    ? await lanesInBatches(store, prefix, known)
    : { lanes: known, bytes: stored.bytes, isNew: false };
  if (stored !== undefined && !found.isNew) return { meta: stored, lanes: known, deadLetters };
  const wallMs = Math.max(0, Math.floor(sources.wallClockMs()));
  const before = stored ?? { ordinal: 1, ageMs: 0, wallMs };
  const meta: OutboxMeta = { ...before, epoch: newEpoch(sources.random), bytes: found.bytes };
  await commit([{ type: 'put', key: metaKey(prefix), value: encodeMeta(meta) }]);
  return { meta, lanes: found.lanes, deadLetters };
}

/** Records that a full disk nearly always has room to delete. */
export const DELETE_FEW = 16;

/**
 * Cuts the commit of an outbox into pieces that a full disk may take one after the other: it may have no room for a commit
 * that deletes many records, since that needs room as well, but for one that deletes a few and writes next to nothing; and
 * then for new batches. The numberings and the dead letters come first: what they say to be over can be deleted. Nothing is
 * lost when only some of the pieces are taken and the whole is called failed.
 *
 * @param marks - what has to be in one piece with the batches
 */
export function commitPieces(
  operations: readonly StoreOperation[],
  prefix: string,
  marks: readonly StoreOperation[] = [],
): StoreOperation[][] {
  const { from, to } = batchKeys(prefix);
  const isBatch = ({ type, key }: StoreOperation): boolean => type === 'put' && key >= from && key < to;
  const deletions = operations.filter(({ type }) => type === 'delete');
  const small = operations.filter((operation) => operation.type === 'put' && !isBatch(operation));
  const pieces: StoreOperation[][] = [[...small, ...deletions.slice(0, DELETE_FEW)]];
  for (let at = DELETE_FEW; at < deletions.length; at += DELETE_FEW) pieces.push(deletions.slice(at, at + DELETE_FEW));
  const batches = operations.filter(isBatch);
  if (batches.length > 0) pieces.push([...batches, ...marks]);
  return pieces;
}

/** Writes a commit of an outbox, and the marks that belong to it: at once, or in pieces when it is refused and frees something. */
export async function commitOutbox(
  commits: GroupCommit,
  operations: readonly StoreOperation[],
  prefix: string,
  marks?: OutboxMarks,
): Promise<void> {
  const puts = marks?.marksFor(operations) ?? [];
  const deletions = marks?.takeDeletions() ?? [];
  const all = deletions.length === 0 ? operations : [...operations, ...deletions];
  try {
    await commits.commit(() => (puts.length === 0 ? all : [...all, ...puts]));
  } catch (error) {
    // Those that the pieces delete are deleted once more, which does no harm.
    marks?.giveBack(deletions);
    // With nothing to delete there is no room to be made.
    if (!all.some(({ type }) => type === 'delete')) throw error;
    for (const piece of commitPieces(all, prefix, puts)) await commits.commit(() => piece);
  }
}

/** Whether a store has an outbox of this name. */
export async function hasOutbox(store: CheckedStore, prefix: string): Promise<boolean> {
  return (await store.get(metaKey(prefix))) !== undefined || (await store.isQuarantined(metaKey(prefix)));
}

/**
 * Reads stored batches of a lane from message `from` on. Those that make no sense are set aside and left out; when there are
 * more behind them, some of these are read.
 *
 * @throws HoldfastError `STORE_FAILED` when one was written by another version
 */
export async function readBatches(
  store: CheckedStore,
  prefix: string,
  { lane, from, maxBytes }: { readonly lane: string; readonly from: number; readonly maxBytes: number },
): Promise<BatchRecord[]> {
  const batches: BatchRecord[] = [];
  let next = batchKey(prefix, lane, from);
  for (;;) {
    const entries = await store.read({ from: next, to: batchKeyEnd(prefix, lane), maxBytes });
    for (const entry of entries) {
      const batch = decodeBatch(entry.value);
      if (!(batch instanceof ProtocolError)) batches.push(batch);
      else if (batch.code !== 'VERSION_UNSUPPORTED') await store.quarantine(entry, batch.message);
      else {
        throw new HoldfastError('STORE_FAILED', `the record ${entry.key} can not be read: ${batch.message}; ${ADVICE}`);
      }
    }
    const last = entries.at(-1);
    if (last === undefined || batches.length > 0) return batches;
    next = `${last.key}\0`;
  }
}

/** Up to which message a lane has been read when these batches came; none: the store has no more up to `upTo`. */
export function lastRead(batches: readonly BatchRecord[], upTo: number): number {
  const last = batches.at(-1);
  return last === undefined ? upTo : lastOf(last);
}

/** Reads what the lanes of an outbox share; `undefined`: the store has none. @throws HoldfastError `STORE_FORMAT_UNKNOWN` */
export async function readMeta(store: CheckedStore, prefix: string): Promise<OutboxMeta | undefined> {
  const bytes = await store.get(metaKey(prefix));
  return bytes === undefined ? undefined : known(decodeMeta(bytes));
}

async function readLanes(store: CheckedStore, prefix: string): Promise<LaneRecord[]> {
  const entries = await store.read({ ...laneKeys(prefix), maxBytes: READ_BYTES });
  return entries.map(({ value }) => known(decodeLane(value)));
}

async function readDeadLetterIndex(store: CheckedStore, prefix: string): Promise<DeadLetterIndex> {
  const bytes = await store.get(deadLetterIndexKey(prefix));
  return bytes === undefined ? NO_DEAD_LETTERS : known(decodeDeadLetterIndex(bytes));
}

function known<Record>(record: Record | ProtocolError): Record {
  if (!(record instanceof ProtocolError)) return record;
  throw new HoldfastError('STORE_FORMAT_UNKNOWN', `the outbox can not be read: ${record.message}; ${ADVICE}`);
}

/** The lanes that have batches: as their records say, or, where a record is missing, as the batches do. */
async function lanesInBatches(
  store: CheckedStore,
  prefix: string,
  records: readonly LaneRecord[],
): Promise<{ readonly lanes: LaneRecord[]; readonly bytes: number; readonly isNew: boolean }> {
  const lanes = new Map(records.map((record) => [record.lane, record]));
  const missing = new Map<string, { floor: number; next: number }>();
  let bytes = 0;
  let { from, to } = batchKeys(prefix);
  for (;;) {
    const entries = await store.read({ from, to, maxBytes: READ_BYTES });
    for (const { value } of entries) {
      const batch = decodeBatch(value);
      // Set aside when it is read to be sent.
      if (batch instanceof ProtocolError) continue;
      bytes += batch.entries.length;
      if (lanes.has(batch.lane)) continue;
      const span = missing.get(batch.lane) ?? { floor: batch.first, next: 1 };
      missing.set(batch.lane, { ...span, next: batch.first + batch.count });
    }
    const last = entries.at(-1);
    if (last === undefined) break;
    from = `${last.key}\0`;
  }
  for (const [lane, span] of missing) lanes.set(lane, { lane, ...span, reserved: 0, failedSequence: 0, failures: 0 });
  return { lanes: [...lanes.values()], bytes, isNew: missing.size > 0 };
}
