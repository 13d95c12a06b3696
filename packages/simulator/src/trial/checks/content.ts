// Content: a handler sees what was sent before, from the device that sent it, ungarbled; and nothing that was refused or that a
// crash took back.

import type { Trace } from '../trace-event.js';
import { survivingMessages } from './sent-messages.js';
import type { Violation } from './violation.js';

/** Finds handlings of what nobody sent. */
export function checkContent(trace: Trace): Violation[] {
  const violations: Violation[] = [];
  const surviving = new Set([...survivingMessages(trace).values()].map(({ send }) => send.n));
  /** By number of the call, as far as the trace has been read. */
  const sent = new Map<number, { readonly who: string; readonly id: string; readonly hash: string }>();
  for (const event of trace) {
    if (event.what === 'send') sent.set(event.n, event);
    if (event.what === 'plainSend') sent.set(event.n, { ...event, id: '' });
    if (event.what !== 'handlerBegan') continue;
    const send = sent.get(event.n);
    const why =
      send === undefined || send.who !== event.device || send.id !== event.id
        ? `${event.device} did not send it`
        : send.hash !== event.hash
          ? `its content is ${event.hash} and was ${send.hash}`
          : send.id !== '' && !surviving.has(event.n)
            ? 'its number was given to another one'
            : undefined;
    if (why === undefined) continue;
    violations.push({ check: 'content', atMs: event.atMs, message: `a handler got message ${event.n}, but ${why}` });
  }
  return violations;
}
