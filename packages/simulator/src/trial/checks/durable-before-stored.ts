// Durable before stored: when a message is said to be stored, a commit that has it is done; and no number that was stored is ever
// given out again.

import type { Trace } from '../trace-event.js';
import { programOf, takenMessages } from './sent-messages.js';
import type { EventOf, Violation } from './violation.js';

const CHECK = 'durable before stored';

/** Finds messages that were called stored and were on no disk, and stored numbers that a crash took back. */
export function checkDurableBeforeStored(trace: Trace): Violation[] {
  const violations: Violation[] = [];
  const find = (atMs: number, message: string): void => void violations.push({ check: CHECK, atMs, message });
  const sends = new Map(takenMessages(trace).map((message) => [message.send.n, message]));
  /** What each commit writes, by owner and number. */
  const writes = new Map<string, string>();
  /** Messages on disk, by owner and number of the call. */
  const onDisk = new Set<string>();
  /** Messages that a handler has finished, by id: they need no disk any more. */
  const handled = new Set<string>();
  /** By outbox and lane: the highest number that was stored. */
  const storedUpTo = new Map<string, number>();
  for (const event of trace) {
    if (event.what === 'commitBegan') writes.set(`${event.who} ${event.commit}`, event.about);
    if (event.what === 'committed') {
      const about = writes.get(`${event.who} ${event.commit}`) ?? '';
      for (const n of about.split(',')) onDisk.add(`${event.who} ${n}`);
    }
    if (event.what === 'handlerDone') handled.add(event.id);
    if (event.what === 'stored') onStored(event);
    if (event.what === 'opened') onOpened(event);
  }
  return violations;

  function onStored(event: EventOf<'stored' | 'notStored'>): void {
    const sent = sends.get(event.n);
    if (sent === undefined) {
      find(event.atMs, `message ${event.n} was stored and never taken`);
      return;
    }
    const { who, send } = sent;
    const isOnDisk = onDisk.has(`${programOf(who)} ${event.n}`);
    if (!isOnDisk && !handled.has(send.id))
      find(event.atMs, `message ${event.n} of ${who} was stored and is on no disk`);
    const lane = `${who} ${send.lane}`;
    if (isOnDisk) storedUpTo.set(lane, Math.max(storedUpTo.get(lane) ?? 0, send.sequence));
  }

  function onOpened({ atMs, who, lane, next }: EventOf<'opened'>): void {
    const highest = storedUpTo.get(`${who} ${lane}`) ?? 0;
    if (next <= highest) find(atMs, `${who} goes on with number ${next}, and had stored ${highest}`);
  }
}
