// Content: a handler sees what was sent before, from the device that sent it, ungarbled; and nothing whose number
// was given out again after a crash.

import type { Trace } from '../trace-event.js';
import { takenMessages } from './sent-messages.js';
import type { Violation } from './violation.js';

/** Finds handlings of what nobody sent. */
export function checkContent(trace: Trace): Violation[] {
  const violations: Violation[] = [];
  /** By message id: the last call whose message has it. */
  const owners = new Map(takenMessages(trace).map(({ send }) => [send.id, send.n]));
  /** By number of the call, as far as the trace has been read. */
  const sent = new Map<number, { readonly who: string; readonly id: string; readonly hash: string }>();
  for (const event of trace) {
    if (event.what === 'send') sent.set(event.n, event);
    if (event.what === 'plainSend') sent.set(event.n, { ...event, id: '' });
    if (event.what !== 'handlerBegan') continue;
    const send = sent.get(event.n);
    const why =
      send === undefined || send.who !== event.from || send.id !== event.id
        ? `${event.from} did not send it`
        : send.hash !== event.hash
          ? `its content is ${event.hash} and was ${send.hash}`
          : send.id !== '' && owners.get(send.id) !== event.n
            ? 'its number was given to another one'
            : undefined;
    if (why === undefined) continue;
    violations.push({ check: 'content', atMs: event.atMs, message: `a handler got message ${event.n}, but ${why}` });
  }
  return violations;
}
