// What bounds a receiver, and what it says when it gives back a message that would be next in its lane: the sender sends it
// again, as its own schedule says.

import { LANES_MAX, NACK_CODE } from '@holdfast/protocol/core';
import type { Pause } from './receiver-contract.js';

/**
 * The data of the messages that may wait in a receiver, in bytes: four times what a sender has in flight unless told
 * otherwise. The message that goes beyond is still taken.
 */
export const WAITING_MAX_BYTES = 4 * 1024 * 1024;

/** It holds as much as it may. */
export const FULL = overloaded('the receiver is full');

/** It keeps as many results as it may. */
export const RESULTS_FULL = overloaded('too many results wait for the sender to take them');

/** Its record could not hold the ranges. */
export const TOO_MANY_GAPS = overloaded('too many numbers are missing between those that were handled');

/** Its record could not hold the lane. */
export const TOO_MANY_LANES = overloaded(`the channel has ${LANES_MAX} lanes, and no more are allowed`);

function overloaded(reason: string): Pause {
  return { code: NACK_CODE.overloaded, retryAfterMs: 0, reason };
}
