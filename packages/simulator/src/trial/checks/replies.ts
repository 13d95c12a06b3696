// Replies: what a delivery gives as the reply is what a handler answered to this message, and no answer is lost.

import type { Trace } from '../trace-event.js';
import type { Violation } from './violation.js';

/** Finds replies that belong to another message, or to none, and answers that did not arrive. */
export function checkReplies(trace: Trace): Violation[] {
  const violations: Violation[] = [];
  /** By number of the call: what handlers answered, each time that they finished it. */
  const answers = new Map<number, string[]>();
  for (const event of trace) {
    if (event.what === 'handlerDone') answers.set(event.n, [...(answers.get(event.n) ?? []), event.reply]);
    if (event.what !== 'settled' || event.status !== 'acknowledged') continue;
    const given = answers.get(event.n) ?? [];
    if (given.includes(event.reply)) continue;
    const message = `message ${event.n} of ${event.who} got ${event.reply || 'no reply'}, and handlers answered ${given.join(' and ') || 'nothing'}`;
    violations.push({ check: 'replies', atMs: event.atMs, message });
  }
  return violations;
}
