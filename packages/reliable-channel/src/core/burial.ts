// How a message that was refused for good, or whose time is over, becomes a dead letter.

import { type Batch, entryOf } from './batch.js';
import type { DeadLetters } from './dead-letters.js';
import type { GivenUp } from './outcome.js';

/** What a dead letter has to know beside its message: now, on the age clock and since 1970, in milliseconds. */
export interface DeathTimes {
  readonly ageMs: number;
  readonly wallMs: number;
  readonly attempts: number;
}

/** Keeps a message of a batch as a dead letter, when it ended so. */
export function bury(
  deadLetters: DeadLetters,
  batch: Batch,
  sequence: number,
  outcome: GivenUp,
  { ageMs, wallMs, attempts }: DeathTimes,
): void {
  if (outcome.status !== 'rejected' && outcome.status !== 'expired') return;
  deadLetters.add({
    ...{ status: outcome.status, reason: outcome.reason, lane: batch.lane, sequence },
    attempts,
    acceptedAtWallMs: Math.max(0, Math.floor(wallMs - Math.max(0, ageMs - batch.acceptedAtMs))),
    diedAtWallMs: Math.max(0, Math.floor(wallMs)),
    entry: entryOf(batch, sequence),
  });
}
