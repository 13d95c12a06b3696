// Handled once: a message reaches a handler that finishes it a second time only when a crash of the agent lies between the first
// finish and its record in the inbox. Two at a time never work on the same message.

import type { Trace } from '../trace-event.js';
import { InboxCommits } from './inbox-commits.js';
import { keyOf, survivingMessages } from './sent-messages.js';
import type { EventOf, Violation } from './violation.js';

const CHECK = 'handled once';

/** What is known of a message that a handler has finished. */
interface Finished {
  readonly device: string;
  /** Its place in the trace. */
  readonly index: number;
  /** Commits of its device's record that have to begin later and be on disk until it is recorded for certain. */
  commitsToCome: number;
  /** The agent has crashed since, and may have forgotten it. */
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
  const running = new Set<string>();
  /** By device: when a handler finished last. */
  const lastDoneMs = new Map<string, number>();
  trace.forEach((event, index) => {
    if (event.what === 'handlerBegan' && event.id !== '') onBegan(event);
    else if (event.what === 'handlerFailed') running.delete(event.id);
    else if (event.what === 'handlerDone' && event.id !== '') onDone(event, index);
    else if (event.what === 'ended' && event.status === 'acknowledged') onAcknowledged(event);
    else if (event.what === 'agentCrashed') onCrashed();
    const commit = commits.read(event, index);
    if (commit === undefined) return;
    for (const work of uncertain) {
      if (commit.beganAt > work.index && commit.devices.includes(work.device)) work.commitsToCome -= 1;
      if (work.commitsToCome === 0) uncertain.delete(work);
    }
  });
  return violations;

  function onBegan({ atMs, n, id }: EventOf<'handlerBegan'>): void {
    const before = finished.get(id);
    if (before !== undefined && !before.isExcused)
      find(atMs, `message ${n} (${id}) came to a handler again after it was handled`);
    if (running.has(id)) find(atMs, `message ${n} (${id}) is with two handlers`);
    running.add(id);
  }

  function onDone({ atMs, id, device }: EventOf<'handlerDone' | 'handlerFailed'>, index: number): void {
    running.delete(id);
    // The next commit has it, unless that may hold a record made earlier; then the one behind that has it.
    const isNext = commits.isIdle(device) && lastDoneMs.get(device) !== atMs;
    lastDoneMs.set(device, atMs);
    const work: Finished = { device, index, commitsToCome: isNext ? 1 : 2, isExcused: false };
    const before = finished.get(id);
    if (before !== undefined) uncertain.delete(before);
    finished.set(id, work);
    uncertain.add(work);
  }

  function onAcknowledged({ who, first, last }: EventOf<'ended'>): void {
    for (let sequence = first; sequence <= last; sequence += 1) {
      const work = finished.get(messages.get(keyOf(who, sequence))?.send.id ?? '');
      if (work !== undefined) uncertain.delete(work);
    }
  }

  function onCrashed(): void {
    running.clear();
    for (const work of uncertain) work.isExcused = true;
    uncertain.clear();
  }
}
