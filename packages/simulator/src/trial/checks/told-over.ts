// Told over: what the channel has told to be over without any attempt in the life that sent it was never seen by a handler, and never
// is. With attempts, and in a later life, which does not know the attempts of the earlier one, the other end may have it.

import type { Trace } from '../trace-event.js';
import { keyOf } from './sent-messages.js';
import type { EventOf, Violation } from './violation.js';

/** Finds messages that came to a handler although they were told to be over and unseen. */
export function checkToldOver(trace: Trace): Violation[] {
  const violations: Violation[] = [];
  /** By lane and number: the message that has it now. What a crash took gives its number back. */
  const owners = new Map<string, EventOf<'send'>>();
  const seen = new Set<number>();
  const unseen = new Map<number, string>();
  for (const event of trace) {
    if (event.what === 'send') owners.set(keyOf(event.who, event.lane, event.sequence), event);
    if (event.what === 'handlerBegan' && event.id !== '') onBegan(event);
    if (event.what === 'ended' && event.status !== 'acknowledged' && event.attempts === 0) onEnded(event);
  }
  return violations;

  function onBegan({ atMs, n, from }: EventOf<'handlerBegan'>): void {
    seen.add(n);
    const status = unseen.get(n);
    if (status !== undefined) find(atMs, n, from, status);
  }

  function onEnded({ atMs, who, life, lane, first, last, status }: EventOf<'ended'>): void {
    for (let sequence = first; sequence <= last; sequence += 1) {
      const send = owners.get(keyOf(who, lane, sequence));
      if (send?.life !== life) continue;
      unseen.set(send.n, status);
      if (seen.has(send.n)) find(atMs, send.n, who, status);
    }
  }

  function find(atMs: number, n: number, from: string, status: string): void {
    const message = `message ${n} of ${from} came to a handler, and is ${status} without an attempt`;
    violations.push({ check: 'told over', atMs, message });
  }
}
