// A batch in memory: messages of one lane with consecutive numbers that are stored, read and mostly sent as one.

import { traitsAt } from './message-traits.js';
import type { BatchRecord } from './outbox-record.js';
import type { Run } from './settled-numbers.js';

/** A batch in memory, and what this process knows of it. */
export interface Batch extends BatchRecord {
  /** How often each message has been sent by this process. */
  readonly attempts: Uint32Array;
  storage: BatchStorage;
  /** Whether the store does not have it as it is: the next commit writes it. */
  isDirty: boolean;
}

/**
 * Whether the store has a batch. `none`: no, and it need not. `new`: no, the next commit takes it. `committing`: perhaps, a
 * commit with it is under way. `failed`: perhaps, although that commit failed; the next one takes it. `stored`: yes.
 */
export type BatchStorage = 'none' | 'new' | 'committing' | 'failed' | 'stored';

/** The last sequence number of a batch. */
export function lastOf(batch: BatchRecord): number {
  return batch.first + batch.count - 1;
}

/** Where the entry at `index` ends; where the first one begins for -1. */
export function endOf(batch: BatchRecord, index: number): number {
  return index < 0 ? 0 : (batch.ends[index] as number);
}

/** The bytes of one message of a batch, as they go into a frame. */
export function entryOf(batch: BatchRecord, sequence: number): Uint8Array {
  const index = sequence - batch.first;
  return batch.entries.subarray(endOf(batch, index - 1), endOf(batch, index));
}

/** How often a message has been sent by this process. */
export function attemptsOf(batch: Batch, sequence: number): number {
  return batch.attempts[sequence - batch.first] as number;
}

/** When a message expires, on the age clock of its outbox; infinite when it does not. */
export function expiryOf(batch: BatchRecord, sequence: number, maxAgeMs: number): number {
  const { ttlMs = Number.POSITIVE_INFINITY } = traitsAt(batch.traits, sequence - batch.first);
  return batch.acceptedAtMs + Math.min(ttlMs, maxAgeMs);
}

/** When the first message of a batch expires, whichever it is; infinite when none does. */
export function earliestExpiryOf(batch: BatchRecord, maxAgeMs: number): number {
  let ttlMs = maxAgeMs;
  for (const { traits } of batch.traits) ttlMs = Math.min(ttlMs, traits.ttlMs ?? ttlMs);
  return batch.acceptedAtMs + ttlMs;
}

/** The numbers of a batch. */
export function runOf(batch: BatchRecord): Run {
  return { first: batch.first, last: lastOf(batch) };
}

/** Whether the store has a batch, or is being given it. */
export function isInStore({ storage }: Batch): boolean {
  return storage === 'stored' || storage === 'committing';
}
