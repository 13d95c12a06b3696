// What several checks need to know of a trace: who sent what, and when which life of a device or of the agent ended.

import type { Trace } from '../trace-event.js';
import type { SentMessage } from './violation.js';

/** The messages that channels took, in the order of sending. Those that were evicted at once are not among them. */
export function takenMessages(trace: Trace): SentMessage[] {
  const taken: SentMessage[] = [];
  trace.forEach((event, index) => {
    if (event.what === 'send' && event.sequence > 0) taken.push({ who: event.who, send: event, index });
  });
  return taken;
}

/** Names a number of an outbox within the trial. */
export function keyOf(who: string, sequence: number): string {
  return `${who} ${sequence}`;
}

/**
 * The messages that a crash did not take with it, one for each number of an outbox. A number that was not stored is given out
 * again in the next life; then the later message has it.
 */
export function survivingMessages(trace: Trace): Map<string, SentMessage> {
  const next = new Map<string, { readonly life: number; readonly next: number }[]>();
  for (const event of trace) {
    if (event.what !== 'opened') continue;
    const openings = next.get(event.who) ?? [];
    openings.push({ life: event.life, next: event.next });
    next.set(event.who, openings);
  }
  const surviving = new Map<string, SentMessage>();
  for (const message of takenMessages(trace)) {
    const { who, send } = message;
    const later = next.get(who)?.find(({ life }) => life > send.life);
    if (later === undefined || send.sequence < later.next) surviving.set(keyOf(who, send.sequence), message);
  }
  return surviving;
}
