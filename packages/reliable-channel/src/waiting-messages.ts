// Reads what waits in an outbox, straight from its store and without changing anything: a batch at a time, so a million
// messages need no more memory than a thousand.

import { ProtocolError } from '@holdfast/protocol';
import { decodeEntries, type Headers } from '@holdfast/protocol/core';
import type { CheckedStore } from './checked-store.js';
import {
  type BatchRecord,
  batchKey,
  batchKeyEnd,
  batchKeys,
  decodeBatch,
  decodeLane,
  endOf,
  type Importance,
  laneKey,
  messageId,
} from './core/index.js';

/** A message that waits in an outbox. */
export interface WaitingMessage {
  /** Names it on both ends. */
  readonly id: string;
  readonly lane: string;
  readonly sequence: number;
  readonly name: string;
  readonly headers: Headers;
  readonly importance: Importance;
  /** Name, headers and data as they go over the wire. */
  readonly bytes: number;
}

/** What waits in one lane. */
export interface WaitingLane {
  readonly lane: string;
  readonly messages: number;
  /** Names, headers and data as they go over the wire. */
  readonly bytes: number;
  /** When the oldest one was accepted, on the age clock of the outbox, in milliseconds. */
  readonly oldestAcceptedAtMs: number;
}

/** So much is read from the store at a time. */
const READ_BYTES = 256 * 1024;

/** Counts what waits, lane by lane, in the order of their names in the store. Lanes in which nothing waits are left out. */
export async function countWaiting(store: CheckedStore, prefix: string): Promise<WaitingLane[]> {
  const lanes = new Map<string, WaitingLane>();
  for await (const { batch, floor } of batchesFrom(store, prefix, batchKeys(prefix))) {
    let messages = 0;
    let bytes = 0;
    for (const index of waitingIn(batch, floor)) {
      messages += 1;
      bytes += endOf(batch, index) - endOf(batch, index - 1);
    }
    if (messages === 0) continue;
    const { lane, acceptedAtMs } = batch;
    const known = lanes.get(lane) ?? { lane, messages: 0, bytes: 0, oldestAcceptedAtMs: acceptedAtMs };
    lanes.set(lane, { ...known, messages: known.messages + messages, bytes: known.bytes + bytes });
  }
  return [...lanes.values()];
}

/** Reads what waits in a lane, in order, in pieces of at most a batch. */
export async function* readWaiting(
  store: CheckedStore,
  prefix: string,
  { epoch, lane }: { readonly epoch: string; readonly lane: string },
): AsyncGenerator<WaitingMessage[], void, undefined> {
  const range = { from: batchKey(prefix, lane, 0), to: batchKeyEnd(prefix, lane) };
  for await (const { batch, floor } of batchesFrom(store, prefix, range)) {
    const entries = decodeEntries(batch.entries, batch.count);
    const messages: WaitingMessage[] = [];
    for (const index of waitingIn(batch, floor)) {
      const entry = entries[index];
      if (entry === undefined) break;
      const sequence = batch.first + index;
      const { name, headers = {} } = entry;
      const bytes = endOf(batch, index) - endOf(batch, index - 1);
      const { importance } = batch;
      messages.push({ id: messageId(epoch, lane, sequence), lane, sequence, name, headers, importance, bytes });
    }
    if (messages.length > 0) yield messages;
  }
}

/** Batches that can be read, each with the floor of its lane. Those that can not are left to whoever sends them. */
async function* batchesFrom(
  store: CheckedStore,
  prefix: string,
  range: { readonly from: string; readonly to: string },
): AsyncGenerator<{ readonly batch: BatchRecord; readonly floor: number }, void, undefined> {
  let { from } = range;
  let lane: { readonly name: string; readonly floor: number } | undefined;
  for (;;) {
    const entries = await store.read({ from, to: range.to, maxBytes: READ_BYTES });
    for (const { value } of entries) {
      const batch = decodeBatch(value);
      if (batch instanceof ProtocolError) continue;
      if (lane?.name !== batch.lane) lane = { name: batch.lane, floor: await floorOf(store, prefix, batch.lane) };
      yield { batch, floor: lane.floor };
    }
    const last = entries.at(-1);
    if (last === undefined) return;
    from = `${last.key}\0`;
  }
}

async function floorOf(store: CheckedStore, prefix: string, lane: string): Promise<number> {
  const bytes = await store.get(laneKey(prefix, lane));
  const record = bytes === undefined ? undefined : decodeLane(bytes);
  return record === undefined || record instanceof ProtocolError ? 1 : record.floor;
}

/** The messages of a batch that are not settled, as indexes into it. */
function* waitingIn(batch: BatchRecord, floor: number): Generator<number, void, undefined> {
  let next = Math.max(floor, batch.first);
  for (const { first, last } of [...batch.settled, { first: batch.first + batch.count, last: 0 }]) {
    for (; next < first; next++) yield next - batch.first;
    next = Math.max(next, last + 1);
  }
}
