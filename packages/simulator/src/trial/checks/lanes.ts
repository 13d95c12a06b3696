// Lanes: one that is stuck blocks no other. Long after the faults, while one lane is still stuck, all others are done.

import type { Trace } from '../trace-event.js';
import { keyOf, receiverOf, survivingMessages } from './sent-messages.js';
import type { Violation } from './violation.js';

/** Finds messages of other lanes that had not ended when a stuck lane was freed. */
export function checkLanes(trace: Trace): Violation[] {
  const freed = trace.find((event) => event.what === 'laneFreed');
  if (freed?.what !== 'laneFreed') return [];
  const ended = new Set<string>();
  for (const event of trace) {
    if (event.what !== 'ended' || event.atMs > freed.atMs) continue;
    for (let sequence = event.first; sequence <= event.last; sequence += 1)
      ended.add(keyOf(event.who, event.lane, sequence));
  }
  return [...survivingMessages(trace)].flatMap(([key, { who, send }]) => {
    if (receiverOf(who) !== 'agent' || send.lane === freed.lane || ended.has(key)) return [];
    const message = `message ${send.n} of ${who} in lane '${send.lane}' waits behind the stuck lane '${freed.lane}'`;
    return [{ check: 'lanes', atMs: freed.atMs, message }];
  });
}
