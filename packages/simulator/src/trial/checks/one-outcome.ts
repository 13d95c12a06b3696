// Nothing silent: every message that a channel took has exactly one outcome, or is still in the outbox. Across crashes: a message
// that was stored ends in this life or a later one, or is still there.

import type { Trace } from '../trace-event.js';
import { keyOf, livesWithUntoldEnds, programOf, survivingMessages } from './sent-messages.js';
import type { EventOf, Violation } from './violation.js';

const CHECK = 'one outcome';

/** How a message can end. A channel that is closed says `kept` of what stays in the outbox, which is no end. */
const OUTCOMES: ReadonlySet<string> = new Set(['acknowledged', 'rejected', 'expired', 'evicted', 'cancelled']);
const KEPT = 'kept';

/** Finds messages with two outcomes, none, or one that belongs to nobody. */
export function checkOneOutcome(trace: Trace): Violation[] {
  const violations: Violation[] = [];
  const find = (atMs: number, message: string): void => void violations.push({ check: CHECK, atMs, message });
  const sent = new Set<number>();
  /** The life that has given each number out last: what it took with it when it crashed, the next one gives out again. */
  const senders = new Map<string, number>();
  /** What deliveries said, by number of the call. */
  const settled = new Map<number, string>();
  /** What channels said, by lane and number of the outbox. */
  const ended = new Map<string, { readonly firstLife: number; readonly life: number; readonly status: string }>();
  /** Messages that were called back, with success. */
  const calledBack = new Set<number>();
  const left = new Map<string, number>();
  for (const event of trace) {
    if (event.what === 'send') {
      sent.add(event.n);
      senders.set(keyOf(event.who, event.lane, event.sequence), event.life);
    } else if (event.what === 'settled') onSettled(event);
    else if (event.what === 'ended') onEnded(event);
    else if (event.what === 'calledBack' && event.works) calledBack.add(event.n);
    else if (event.what === 'left') left.set(event.who, event.messages);
  }
  checkSurvivors();
  for (const event of trace) {
    if (event.what === 'send' && event.sequence === 0 && settled.get(event.n) !== 'evicted')
      find(event.atMs, `message ${event.n} was not taken and is not evicted`);
  }
  return violations;

  function onSettled({ atMs, n, status }: EventOf<'settled'>): void {
    const before = settled.get(n);
    if (!sent.has(n)) find(atMs, `message ${n} was settled and never sent`);
    if (before !== undefined) find(atMs, `message ${n} was ${before} and is ${status}`);
    if (!OUTCOMES.has(status) && status !== KEPT) find(atMs, `message ${n} is ${status}, which is no outcome`);
    if (calledBack.has(n) && status !== 'cancelled') find(atMs, `message ${n} was called back and is ${status}`);
    settled.set(n, status);
  }

  function onEnded({ atMs, who, life, lane, first, last, status }: EventOf<'ended'>): void {
    for (let sequence = first; sequence <= last; sequence += 1) {
      const number = keyOf(who, lane, sequence);
      const key = `${number} of life ${senders.get(number)}`;
      const before = ended.get(key);
      // In the next life one that is still on disk may end again, in the same way.
      if (before !== undefined && (before.life === life || before.status !== status))
        find(atMs, `${key} was ${before.status} in life ${before.life} and is ${status} in life ${life}`);
      ended.set(key, { firstLife: before?.firstLife ?? life, life, status });
    }
  }

  function checkSurvivors(): void {
    const endMs = trace.at(-1)?.atMs ?? 0;
    const open = new Map<string, number>();
    /** Those of them whose end a crash may have kept from being told. */
    const untold = new Map<string, number>();
    const untoldLives = livesWithUntoldEnds(trace);
    for (const [key, { who, send }] of survivingMessages(trace)) {
      const told = settled.get(send.n);
      const outcome = told === KEPT ? undefined : told;
      const end = ended.get(`${key} of life ${send.life}`);
      const ofChannel = end?.status;
      // A message that never got into the outbox has no number that the channel could speak of.
      if (outcome !== undefined && outcome !== ofChannel && !(outcome === 'evicted' && ofChannel === undefined))
        find(endMs, `message ${send.n} of ${who} is ${outcome}, and its channel says ${ofChannel ?? 'nothing'}`);
      if (outcome === undefined && end?.firstLife === send.life)
        find(endMs, `message ${send.n} of ${who} is ${end.status}, and its delivery says ${told ?? 'nothing'}`);
      if (outcome !== undefined || ofChannel !== undefined) continue;
      const isExcused = untoldLives.has(`${programOf(who)} ${send.life}`);
      const counts = isExcused ? untold : open;
      counts.set(who, (counts.get(who) ?? 0) + 1);
    }
    for (const who of new Set([...open.keys(), ...left.keys()])) {
      const [without, inOutbox] = [open.get(who) ?? 0, left.get(who) ?? 0];
      if (inOutbox < without || inOutbox > without + (untold.get(who) ?? 0))
        find(endMs, `${without} messages of ${who} have no outcome, and ${inOutbox} are in its outbox`);
    }
  }
}
