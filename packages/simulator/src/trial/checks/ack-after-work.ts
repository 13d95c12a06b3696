// Ack after work: when a message is acknowledged, a handler has finished it before, and the inbox has written after that; and
// when it is rejected, a handler has refused it before.

import type { Trace } from '../trace-event.js';
import { InboxCommits } from './inbox-commits.js';
import { keyOf, takenMessages } from './sent-messages.js';
import type { EventOf, Violation } from './violation.js';

const CHECK = 'ack after work';

/** Finds messages that were acknowledged before their work was done and on record. */
export function checkAckAfterWork(trace: Trace): Violation[] {
  const violations: Violation[] = [];
  // Of what a crash took unstored, the other end can still say that it was handled.
  const messages = new Map(
    takenMessages(trace).map((message) => [keyOf(message.who, message.send.lane, message.send.sequence), message]),
  );
  /** By message id: where a handler first finished it. */
  const doneAt = new Map<string, number>();
  /** By message id: what a handler refused, for good or for the time being. */
  const refused = new Set<string>();
  const commits = new InboxCommits();
  /** By outbox: where the latest inbox commit began that is done. */
  const recordedAt = new Map<string, number>();
  trace.forEach((event, index) => {
    if (event.what === 'handlerDone' && event.id !== '' && !doneAt.has(event.id)) doneAt.set(event.id, index);
    const commit = commits.read(event, index);
    for (const outbox of commit?.outboxes ?? []) recordedAt.set(outbox, commit?.beganAt ?? 0);
    if (event.what === 'handlerRejected' || event.what === 'handlerFailed' || event.what === 'handlerAskedLater')
      refused.add(event.id);
    if (event.what === 'ended' && event.status === 'acknowledged') onAcknowledged(event);
    if (event.what === 'ended' && event.status === 'rejected') onRejected(event);
  });
  return violations;

  function onAcknowledged({ atMs, who, lane, first, last }: EventOf<'ended'>): void {
    for (let sequence = first; sequence <= last; sequence += 1) {
      const message = messages.get(keyOf(who, lane, sequence));
      const done = message === undefined ? undefined : doneAt.get(message.send.id);
      const what = `message ${message?.send.n ?? `number ${sequence}`} of ${who} was acknowledged`;
      if (done === undefined)
        violations.push({ check: CHECK, atMs, message: `${what}, and no handler had finished it` });
      else if ((recordedAt.get(who) ?? -1) < done)
        violations.push({ check: CHECK, atMs, message: `${what}, and the inbox had not recorded it` });
    }
  }
  function onRejected({ atMs, who, lane, first, last }: EventOf<'ended'>): void {
    for (let sequence = first; sequence <= last; sequence += 1) {
      const message = messages.get(keyOf(who, lane, sequence));
      if (message === undefined || refused.has(message.send.id)) continue;
      const what = `message ${message.send.n} of ${who} was rejected, and no handler had refused it`;
      violations.push({ check: CHECK, atMs, message: what });
    }
  }
}
