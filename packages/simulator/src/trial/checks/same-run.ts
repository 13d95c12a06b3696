// Same seed, same run: two traces of one seed are alike, event by event.

import type { Trace } from '../trace-event.js';
import type { Violation } from './violation.js';

/** Finds the first event in which two runs differ. */
export function checkSameRun(trace: Trace, again: Trace): Violation[] {
  const length = Math.max(trace.length, again.length);
  for (let index = 0; index < length; index += 1) {
    const [first, second] = [JSON.stringify(trace[index]), JSON.stringify(again[index])];
    if (first === second) continue;
    const atMs = trace[index]?.atMs ?? again[index]?.atMs ?? 0;
    const message = `event ${index} was ${first ?? 'nothing'} and is ${second ?? 'nothing'} in the second run`;
    return [{ check: 'same run', atMs, message }];
  }
  return [];
}
