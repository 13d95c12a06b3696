// Ack after work: when a message is acknowledged, a handler has finished it before, and the inbox has written after that.

import type { Trace } from '../trace-event.js';
import { InboxCommits } from './inbox-commits.js';
import { keyOf, survivingMessages } from './sent-messages.js';
import type { EventOf, Violation } from './violation.js';

const CHECK = 'ack after work';

/** Finds messages that were acknowledged before their work was done and on record. */
export function checkAckAfterWork(trace: Trace): Violation[] {
  const violations: Violation[] = [];
  const messages = survivingMessages(trace);
  /** By message id: where a handler first finished it. */
  const doneAt = new Map<string, number>();
  const commits = new InboxCommits();
  /** By device: where the latest inbox commit began that is done. */
  const recordedAt = new Map<string, number>();
  trace.forEach((event, index) => {
    if (event.what === 'handlerDone' && event.id !== '' && !doneAt.has(event.id)) doneAt.set(event.id, index);
    const commit = commits.read(event, index);
    for (const device of commit?.devices ?? []) recordedAt.set(device, commit?.beganAt ?? 0);
    if (event.what === 'ended' && event.status === 'acknowledged') onAcknowledged(event);
  });
  return violations;

  function onAcknowledged({ atMs, who, first, last }: EventOf<'ended'>): void {
    for (let sequence = first; sequence <= last; sequence += 1) {
      const message = messages.get(keyOf(who, sequence));
      const done = message === undefined ? undefined : doneAt.get(message.send.id);
      const what = `message ${message?.send.n ?? `number ${sequence}`} of ${who} was acknowledged`;
      if (done === undefined)
        violations.push({ check: CHECK, atMs, message: `${what}, and no handler had finished it` });
      else if ((recordedAt.get(who) ?? -1) < done)
        violations.push({ check: CHECK, atMs, message: `${what}, and the inbox had not recorded it` });
    }
  }
}
