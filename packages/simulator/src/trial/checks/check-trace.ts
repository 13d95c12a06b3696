// All checks of one trace, by name, in the order of the guarantees.

import type { Trace } from '../trace-event.js';
import { checkAckAfterWork } from './ack-after-work.js';
import { checkBounded } from './bounded.js';
import { checkContent } from './content.js';
import { checkDurableBeforeStored } from './durable-before-stored.js';
import { checkExpiry } from './expiry.js';
import { checkHandledOnce } from './handled-once.js';
import { checkLanes } from './lanes.js';
import { checkLive } from './live.js';
import { checkOneOutcome } from './one-outcome.js';
import { checkOrder } from './order.js';
import { checkPlainSends } from './plain-sends.js';
import { checkReplies } from './replies.js';
import { checkToldOver } from './told-over.js';
import type { TraceCheck, Violation } from './violation.js';

/** The checks of a trace, by the name that their violations carry. */
export const TRACE_CHECKS: Readonly<Record<string, TraceCheck>> = Object.freeze({
  'one outcome': checkOneOutcome,
  'durable before stored': checkDurableBeforeStored,
  'ack after work': checkAckAfterWork,
  'handled once': checkHandledOnce,
  order: checkOrder,
  lanes: checkLanes,
  replies: checkReplies,
  expiry: checkExpiry,
  'told over': checkToldOver,
  bounded: checkBounded,
  live: checkLive,
  'plain sends': checkPlainSends,
  content: checkContent,
});

/** What every check finds, in the order of time. */
export function checkTrace(trace: Trace): Violation[] {
  const violations = Object.values(TRACE_CHECKS).flatMap((check) => check(trace));
  return violations.sort((a, b) => a.atMs - b.atMs);
}
