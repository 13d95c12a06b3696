// What a sender can ask for one message beside its name and data. Most messages of a lane ask for the same, so traits are
// kept as runs: from this message on, these.
//
//   flags u8 (1 ttlMs, 2 coalesceKey, 4 maxAttempts, 8 retryBackoff) | the fields that the flags name

import { type BackoffOptions, type ByteReader, type ByteWriter, utf8Length } from '@holdfast/protocol/core';

/** The name of a message that a newer one replaces, in UTF-8, in bytes. */
export const COALESCE_KEY_MAX_BYTES = 128;

/**
 * How a message is stored. `critical`: before its first attempt. `high`: when an attempt fails, or can not be made. `low`:
 * never; it ends as evicted when it can not go out now. The terms are those of Electric Imp's ReplayMessenger.
 */
export type Importance = 'critical' | 'high' | 'low';

/** What was asked for a message; what is missing is as the channel's options say. */
export interface MessageTraits {
  /** It expires so long after it was sent, in milliseconds, unless it is in flight then. */
  readonly ttlMs?: number;
  /** It replaces an unsent message of its lane with the same key. */
  readonly coalesceKey?: string;
  /** So often may its handler refuse it before it is a dead letter. */
  readonly maxAttempts?: number;
  /** The waits between these attempts. */
  readonly retryBackoff?: BackoffOptions;
}

/** Messages from `from` on, an index into their batch, have these traits. */
export interface TraitsRun {
  readonly from: number;
  readonly traits: MessageTraits;
}

/** Nothing was asked for. */
export const NO_TRAITS: MessageTraits = {};

const FLAG = { ttlMs: 1, coalesceKey: 2, maxAttempts: 4, retryBackoff: 8 } as const;

/** Whether two messages can share a run. */
export function sameTraits(a: MessageTraits, b: MessageTraits): boolean {
  return (
    a === b ||
    (a.ttlMs === b.ttlMs &&
      a.coalesceKey === b.coalesceKey &&
      a.maxAttempts === b.maxAttempts &&
      a.retryBackoff?.minMs === b.retryBackoff?.minMs &&
      a.retryBackoff?.maxMs === b.retryBackoff?.maxMs)
  );
}

/** The traits of the message at `index`. */
export function traitsAt(runs: readonly TraitsRun[], index: number): MessageTraits {
  let low = 0;
  let high = runs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((runs[middle] as TraitsRun).from <= index) low = middle + 1;
    else high = middle;
  }
  return runs[low - 1]?.traits ?? NO_TRAITS;
}

/** Writes how many runs, then each one's first index, and its traits. */
export function writeTraits(writer: ByteWriter, runs: readonly TraitsRun[]): void {
  writer.uvar(runs.length);
  for (const { from, traits } of runs) {
    const { ttlMs, coalesceKey, maxAttempts, retryBackoff } = traits;
    const flags =
      (ttlMs === undefined ? 0 : FLAG.ttlMs) |
      (coalesceKey === undefined ? 0 : FLAG.coalesceKey) |
      (maxAttempts === undefined ? 0 : FLAG.maxAttempts) |
      (retryBackoff === undefined ? 0 : FLAG.retryBackoff);
    writer.uvar(from).u8(flags);
    if (ttlMs !== undefined) writer.uvar(ttlMs);
    if (coalesceKey !== undefined) writer.str8(coalesceKey, COALESCE_KEY_MAX_BYTES);
    if (maxAttempts !== undefined) writer.uvar(maxAttempts);
    if (retryBackoff !== undefined) writer.uvar(retryBackoff.minMs).uvar(retryBackoff.maxMs);
  }
}

/** Reads what `writeTraits` wrote. @param count - messages in the batch */
export function readTraits(reader: ByteReader, count: number): TraitsRun[] {
  const runCount = reader.uvar('traits count');
  if (runCount > count) reader.reject('FRAME_MALFORMED', 'a batch has more traits than messages');
  const runs: TraitsRun[] = [];
  for (let index = 0; index < runCount && reader.fault === undefined; index++) {
    const from = reader.uvar('traits from');
    if (from >= count || from <= (runs.at(-1)?.from ?? -1)) reader.reject('FRAME_MALFORMED', 'traits do not ascend');
    runs.push({ from, traits: readOneTraits(reader) });
  }
  return runs;
}

/** The bytes that traits take in a record, about. */
export function traitsBytes(traits: MessageTraits): number {
  return traits === NO_TRAITS ? 0 : 24 + (traits.coalesceKey === undefined ? 0 : utf8Length(traits.coalesceKey));
}

function readOneTraits(reader: ByteReader): MessageTraits {
  const flags = reader.u8('traits flags');
  if (flags > 15) reader.reject('FRAME_MALFORMED', `traits flags ${flags} are unknown`);
  return {
    ...((flags & FLAG.ttlMs) !== 0 && { ttlMs: reader.uvar('ttlMs') }),
    ...((flags & FLAG.coalesceKey) !== 0 && { coalesceKey: reader.str8('coalesceKey', COALESCE_KEY_MAX_BYTES) }),
    ...((flags & FLAG.maxAttempts) !== 0 && { maxAttempts: reader.uvar('maxAttempts') }),
    ...((flags & FLAG.retryBackoff) !== 0 && {
      retryBackoff: { minMs: reader.uvar('minMs'), maxMs: reader.uvar('maxMs') },
    }),
  };
}
