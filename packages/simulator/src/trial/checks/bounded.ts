// Bounded: no queue or buffer ever held more than it may.

import type { Trace } from '../trace-event.js';
import type { Violation } from './violation.js';

/** Finds peaks above their limits. */
export function checkBounded(trace: Trace): Violation[] {
  return trace.flatMap((event) => {
    if (event.what !== 'peak' || event.value <= event.limit) return [];
    const message = `${event.gauge} of ${event.who} held ${event.value}; ${event.limit} is its limit`;
    return [{ check: 'bounded', atMs: event.atMs, message }];
  });
}
