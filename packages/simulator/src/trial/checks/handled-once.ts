// Handled once: a message reaches a handler that finishes it a second time only when a crash of its program lies between the first
// finish and its record in the inbox. Two at a time never work on the same message.

import type { Trace, TraceEvent } from '../trace-event.js';
import { InboxCommits } from './inbox-commits.js';
import { keyOf, receiverOf, survivingMessages } from './sent-messages.js';
import type { EventOf, Violation } from './violation.js';

const CHECK = 'handled once';

/** What is known of a message that a handler has finished. */
interface Finished {
  readonly from: string;
  /** Its place in the trace. */
  readonly index: number;
  /** Commits of its outbox's record that have to begin later and be on disk until it is recorded for certain. */
  commitsToCome: number;
  /** Its handler's program has crashed since, and may have forgotten it. */
  isExcused: boolean;
}

/** Finds messages that were handled again without need. */
export function checkHandledOnce(trace: Trace): Violation[] {
  const violations: Violation[] = [];
  const find = (atMs: number, message: string): void => void violations.push({ check: CHECK, atMs, message });
  const messages = survivingMessages(trace);
  const commits = new InboxCommits();
  const finished = new Map<string, Finished>();
  /** Those of `finished` that a crash may still excuse. */
  const uncertain = new Set<Finished>();
  /** By message id: the outbox that it comes from. */
  const running = new Map<string, string>();
  /** By outbox: when a handler finished last. */
  const lastDoneMs = new Map<string, number>();
  trace.forEach((event, index) => {
    if (event.what === 'handlerBegan' && event.id !== '') onBegan(event);
    else if (event.what === 'handlerFailed' || event.what === 'handlerAskedLater') running.delete(event.id);
    else if (isDone(event) && event.id !== '') onDone(event, index);
    else if (event.what === 'ended' && event.status === 'acknowledged') onAcknowledged(event);
    else if (event.what === 'agentCrashed' || event.what === 'crashed') onCrashed(event.who);
    const commit = commits.read(event, index);
    if (commit === undefined) return;
    for (const work of uncertain) {
      if (commit.beganAt > work.index && commit.outboxes.includes(work.from)) work.commitsToCome -= 1;
      if (work.commitsToCome === 0) uncertain.delete(work);
    }
  });
  return violations;

  function onBegan({ atMs, n, id, from }: EventOf<'handlerBegan'>): void {
    const before = finished.get(id);
    if (before !== undefined && !before.isExcused)
      find(atMs, `message ${n} (${id}) came to a handler again after it was handled`);
    if (running.has(id)) find(atMs, `message ${n} (${id}) is with two handlers`);
    running.set(id, from);
  }

  function onDone({ atMs, id, from }: DoneEvent, index: number): void {
    running.delete(id);
    // The next commit has it, unless that may hold a record made earlier; then the one behind that has it.
    const isNext = commits.isIdle(from) && lastDoneMs.get(from) !== atMs;
    lastDoneMs.set(from, atMs);
    const work: Finished = { from, index, commitsToCome: isNext ? 1 : 2, isExcused: false };
    const before = finished.get(id);
    if (before !== undefined) uncertain.delete(before);
    finished.set(id, work);
    uncertain.add(work);
  }

  function onAcknowledged({ who, lane, first, last }: EventOf<'ended'>): void {
    for (let sequence = first; sequence <= last; sequence += 1) {
      const work = finished.get(messages.get(keyOf(who, lane, sequence))?.send.id ?? '');
      if (work !== undefined) uncertain.delete(work);
    }
  }

  function onCrashed(program: string): void {
    for (const [id, from] of running) if (receiverOf(from) === program) running.delete(id);
    for (const work of uncertain) {
      if (receiverOf(work.from) !== program) continue;
      work.isExcused = true;
      uncertain.delete(work);
    }
  }
}

type DoneEvent = EventOf<'handlerDone'> | EventOf<'handlerRejected'>;

/** A message that was refused for good is as finished as one that was handled. */
function isDone(event: TraceEvent): event is DoneEvent {
  return event.what === 'handlerDone' || event.what === 'handlerRejected';
}
