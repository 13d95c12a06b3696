// Capped exponential backoff with full jitter, the arithmetic behind dialing and behind the retry schedule.
// The delay before attempt n + 1 is drawn evenly from 0 to min(max, min * 2^(n-1)): spreading over the whole span
// keeps a fleet that lost its server at one moment from coming back at one moment
// (aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter).

import type { RandomUint32 } from './runtime.js';

/** The bounds of a backoff, in milliseconds. */
export interface BackoffOptions {
  /** The span of the first delay. */
  readonly minMs: number;
  /** No span is longer. */
  readonly maxMs: number;
}

/** The longest delay that may follow after `failures` failures in a row (1 or more), in milliseconds. */
export function backoffSpanMs(failures: number, options: BackoffOptions): number {
  // Beyond 2^30 the cap holds for sure, and the power would only lose precision.
  return Math.min(options.maxMs, options.minMs * 2 ** Math.min(failures - 1, 30));
}

/** Draws the delay that follows after `failures` failures in a row (1 or more), in whole milliseconds. */
export function backoffDelayMs(failures: number, options: BackoffOptions, random: RandomUint32): number {
  return Math.round((backoffSpanMs(failures, options) * random()) / 0xffffffff);
}
