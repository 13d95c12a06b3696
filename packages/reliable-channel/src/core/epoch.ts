// The name of one life of a numbering.

import type { RandomUint32 } from '@holdfast/protocol/core';

/** Draws a name for one life of a numbering: 64 random bits as 16 hex digits. */
export function newEpoch(random: RandomUint32): string {
  return [random(), random()].map((part) => part.toString(16).padStart(8, '0')).join('');
}
