// What an outbox is made of, and what it tells.

import type { BatchBounds } from './batch-collector.js';
import type { DeadLetterIndex, DeadLetterLimits } from './dead-letters.js';
import type { LaneRecord, OutboxMeta } from './outbox-record.js';
import type { GivenUp } from './outcome.js';
import type { Run } from './settled-numbers.js';

/** The bounds of an outbox. */
export interface OutboxOptions extends BatchBounds, DeadLetterLimits {
  /** Names this outbox within its store. */
  readonly keyPrefix: string;
  readonly outboxMaxMessages: number;
  readonly outboxMaxBytes: number;
  /** A message that has waited so long is evicted; may be infinite. */
  readonly outboxMaxAgeMs: number;
  /** What becomes of a message for which there is no room. */
  readonly whenFull: WhenFull;
  /** Messages that wait in memory for room, under `wait`, and their bytes. */
  readonly waitMaxMessages: number;
  readonly waitMaxBytes: number;
  /** Bytes of batches that are kept in memory to be sent next. */
  readonly loadedMaxBytes: number;
}

/**
 * `reject`: it is evicted at once. `wait`: it waits in memory, and its `stored` with it. `evict`: the least important message
 * makes room, among equals the oldest.
 */
export type WhenFull = 'reject' | 'wait' | 'evict';

/** An outbox as its store has it. */
export interface OpenedOutbox {
  readonly meta: OutboxMeta;
  readonly lanes: readonly LaneRecord[];
  readonly deadLetters: DeadLetterIndex;
}

/** Messages of one lane with consecutive numbers. */
export interface LaneRun extends Run {
  readonly lane: string;
}

/** What a commit has brought. */
export interface CommitReport {
  /** These are on disk now. */
  readonly stored: readonly LaneRun[];
  /** These are over, and the store knows it. */
  readonly ends: readonly LaneEnd[];
}

/** Messages that were given up. */
export interface LaneEnd extends LaneRun {
  readonly outcome: GivenUp;
  /** How often they were sent by this process, or refused by their handler, whichever is more. Earlier processes do not count. */
  readonly attempts: number;
}

/** Neighbours of one lane become one run. */
export function joinRuns(runs: readonly LaneRun[]): LaneRun[] {
  const joined: LaneRun[] = [];
  for (const run of runs) {
    const before = joined.at(-1);
    if (before?.lane === run.lane && before.last + 1 === run.first)
      joined[joined.length - 1] = { ...before, last: run.last };
    else joined.push(run);
  }
  return joined;
}
