// Cuts data frames out of the outbox. Messages are encoded already: a frame is a header and a copy of bytes.

import { DATA_MESSAGES_MAX, type DataFrame, invariant } from '@holdfast/protocol/core';
import { type Batch, endOf, lastOf } from './batch.js';
import type { OutboxLane } from './outbox-lane.js';

/** How much a frame may hold. The first message always fits. */
export interface FrameBounds {
  readonly maxMessages: number;
  readonly maxBytes: number;
}

/**
 * The data frame that begins with message `first` and holds as many of those behind it as the bounds allow. It ends where
 * a number is settled, since the numbers in a frame have no gaps. Counts an attempt for every message in it.
 */
export function nextDataFrame(lane: OutboxLane, epoch: string, first: number, bounds: FrameBounds): DataFrame {
  const start = lane.batchOf(first);
  invariant(start !== undefined, 'a message that is sent is in memory');
  const pieces: Uint8Array[] = [];
  const maxMessages = Math.min(bounds.maxMessages, DATA_MESSAGES_MAX);
  const attempt = (start.attempts[first - start.first] as number) + 1;
  let count = 0;
  let bytes = 0;
  for (let batch: Batch | undefined = start; batch !== undefined; batch = lane.batchOf(first + count)) {
    const from = first + count - batch.first;
    let to = from;
    const base = endOf(batch, from - 1);
    while (to < batch.count && count < maxMessages) {
      const size = endOf(batch, to) - endOf(batch, to - 1);
      if (count > 0 && (bytes + size > bounds.maxBytes || lane.isSettled(batch.first + to))) break;
      batch.attempts[to] = (batch.attempts[to] as number) + 1;
      bytes += size;
      count += 1;
      to += 1;
    }
    if (to > from) pieces.push(batch.entries.subarray(base, endOf(batch, to - 1)));
    if (batch.first + to <= lastOf(batch) || count === maxMessages) break;
  }
  const after = lane.unsettledBelow(first);
  const floor = lane.certainFloor;
  return { type: 'data', epoch, lane: lane.name, floor, after, first, attempt, count, entries: join(pieces, bytes) };
}

function join(pieces: readonly Uint8Array[], bytes: number): Uint8Array {
  const only = pieces[0];
  if (pieces.length === 1 && only !== undefined) return only;
  const joined = new Uint8Array(bytes);
  let offset = 0;
  for (const piece of pieces) {
    joined.set(piece, offset);
    offset += piece.length;
  }
  return joined;
}
