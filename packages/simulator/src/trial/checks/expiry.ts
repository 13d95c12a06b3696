// Expiry: a message expires only when it has one, and not before its time has really passed, whatever wall clocks say.

import type { Trace } from '../trace-event.js';
import { keyOf, survivingMessages } from './sent-messages.js';
import type { Violation } from './violation.js';

/** Outboxes count whole milliseconds. */
const ROUNDING_MS = 1;

/** Finds messages that expired early, or although they can not. */
export function checkExpiry(trace: Trace): Violation[] {
  const violations: Violation[] = [];
  const messages = survivingMessages(trace);
  for (const event of trace) {
    if (event.what !== 'ended' || event.status !== 'expired') continue;
    for (let sequence = event.first; sequence <= event.last; sequence += 1) {
      const message = messages.get(keyOf(event.who, event.lane, sequence));
      if (message === undefined) continue;
      const { n, ttlMs, atMs } = message.send;
      const waitedMs = event.atMs - atMs;
      if (ttlMs > 0 && waitedMs >= ttlMs - ROUNDING_MS) continue;
      const why = ttlMs === 0 ? 'it has no time to live' : `its time is ${ttlMs} ms`;
      const found = `message ${n} of ${event.who} expired after ${waitedMs} ms, and ${why}`;
      violations.push({ check: 'expiry', atMs: event.atMs, message: found });
    }
  }
  return violations;
}
