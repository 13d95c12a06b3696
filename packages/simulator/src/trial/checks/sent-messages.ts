// What several checks need to know of a trace: who sent what, and which of it a crash took.

import type { Trace } from '../trace-event.js';
import type { SentMessage } from './violation.js';

/** Where the outboxes are that the agent has for what it sends to devices. */
const AGENT_OUTBOXES = 'agent/';

/** The program that an outbox belongs to: its crash ends the outbox's life. */
export function programOf(outbox: string): string {
  return outbox.startsWith(AGENT_OUTBOXES) ? 'agent' : outbox;
}

/** The program whose handlers get what an outbox sends. */
export function receiverOf(outbox: string): string {
  return outbox.startsWith(AGENT_OUTBOXES) ? outbox.slice(AGENT_OUTBOXES.length) : 'agent';
}

/** The messages that channels took, in the order of sending. Those that were refused at once are not among them. */
export function takenMessages(trace: Trace): SentMessage[] {
  const taken: SentMessage[] = [];
  trace.forEach((event, index) => {
    if (event.what === 'send' && event.sequence > 0) taken.push({ who: event.who, send: event, index });
  });
  return taken;
}

/** Names a number of a lane of an outbox within the trial. */
export function keyOf(who: string, lane: string, sequence: number): string {
  return `${who} ${lane} ${sequence}`;
}

/** The messages that are on disk at any time, by number of the call. */
export function messagesOnDisk(trace: Trace): Set<number> {
  const writes = new Map<string, string>();
  const onDisk = new Set<number>();
  for (const event of trace) {
    if (event.what === 'commitBegan') writes.set(`${event.who} ${event.commit}`, event.about);
    if (event.what !== 'committed' && !(event.what === 'commitTorn' && event.applied)) continue;
    for (const n of writes.get(`${event.who} ${event.commit}`)?.split(',') ?? []) onDisk.add(Number(n));
  }
  return onDisk;
}

/**
 * The messages that no crash took, one for each number of a lane: those of the last life, and those that the disk had. A number
 * that nobody has seen may be given out again in the next life; then the later message has it.
 */
export function survivingMessages(trace: Trace): Map<string, SentMessage> {
  const onDisk = messagesOnDisk(trace);
  const lastLife = new Map<string, number>();
  for (const event of trace) {
    if (event.what === 'agentCrashed' || event.what === 'crashed') lastLife.set(event.who, event.life);
  }
  const surviving = new Map<string, SentMessage>();
  for (const message of takenMessages(trace)) {
    const { who, send } = message;
    const isOver = send.life <= (lastLife.get(programOf(who)) ?? 0);
    if (!isOver || onDisk.has(send.n)) surviving.set(keyOf(who, send.lane, send.sequence), message);
  }
  return surviving;
}

/** The lives, as `<program> <life>`, whose last commit reached the disk in their crash: nobody heard which ends it wrote down. */
export function livesWithUntoldEnds(trace: Trace): Set<string> {
  const untold = new Set<string>();
  const crashed = new Map<string, number>();
  for (const event of trace) {
    if (event.what === 'agentCrashed' || event.what === 'crashed') crashed.set(event.who, event.life);
    if (event.what === 'commitTorn' && event.applied) untold.add(`${event.who} ${crashed.get(event.who)}`);
  }
  return untold;
}
