// Which messages are lost because their record has decayed. The record can not be asked any more how many messages it held,
// but its neighbours can: what lies between them, is in no record and is not settled, was in it.

import type { BatchRecord, LoadRequest, Run } from './core/index.js';

/**
 * The messages that should have been among `batches`, which were read for `request`, and are not, as ascending runs.
 *
 * @param isSettled - whether a message needs no record any more
 */
export function lostRuns(
  batches: readonly BatchRecord[],
  { from, upTo }: Pick<LoadRequest, 'from' | 'upTo'>,
  isSettled: (sequence: number) => boolean,
): Run[] {
  const runs: Run[] = [];
  const look = (first: number, last: number): void => {
    let begin: number | undefined;
    for (let sequence = first; sequence <= last + 1; sequence++) {
      const isLost = sequence <= last && !isSettled(sequence);
      if (isLost) begin ??= sequence;
      else if (begin !== undefined) {
        runs.push({ first: begin, last: sequence - 1 });
        begin = undefined;
      }
    }
  };
  let next = from;
  for (const { first, count } of batches) {
    if (first > upTo) break;
    look(next, first - 1);
    next = first + count;
  }
  // Behind the last of them there can be more: the next reading begins there.
  if (next === from) look(from, upTo);
  return runs;
}
