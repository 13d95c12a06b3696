// Order: a message begins to be handled only when every earlier one of its lane is finished, or has ended without being handled.
// Lanes do not wait for one another.

import type { Trace } from '../trace-event.js';
import { keyOf, livesWithUntoldEnds, programOf, survivingMessages } from './sent-messages.js';
import type { SentMessage, Violation } from './violation.js';

const CHECK = 'order';

/** These do not let a later message of the lane pass. */
const HANDLED_OR_WAITING: readonly string[] = ['acknowledged', 'kept'];

/** The messages of one lane that are to be handled, in the order of sending. */
interface Lane {
  readonly messages: SentMessage[];
  /** Everything before this place is finished. */
  finished: number;
}

/** Finds messages that came to a handler before an earlier one of the same lane was finished. */
export function checkOrder(trace: Trace): Violation[] {
  const violations: Violation[] = [];
  const lanes = new Map<string, Lane>();
  /** By message id. */
  const places = new Map<string, { readonly lane: Lane; readonly place: number }>();
  for (const message of messagesToHandle(trace)) {
    const name = `${message.who}/${message.send.lane}`;
    const lane = lanes.get(name) ?? { messages: [], finished: 0 };
    lanes.set(name, lane);
    places.set(message.send.id, { lane, place: lane.messages.length });
    lane.messages.push(message);
  }
  const finished = new Set<string>();
  for (const event of trace) {
    if (event.what === 'handlerDone') finished.add(event.id);
    const known = event.what === 'handlerBegan' ? places.get(event.id) : undefined;
    // One that nobody sent is another check's business.
    if (known === undefined || event.what !== 'handlerBegan') continue;
    const { lane, place } = known;
    while (lane.finished < place && finished.has(idAt(lane, lane.finished))) lane.finished += 1;
    if (lane.finished >= place) continue;
    const first = lane.messages[lane.finished] as SentMessage;
    const message = `message ${event.n} of ${event.from} came to a handler, and ${first.send.n} before it is not finished`;
    violations.push({ check: CHECK, atMs: event.atMs, message });
  }
  return violations;
}

function idAt({ messages }: Lane, place: number): string {
  return (messages[place] as SentMessage).send.id;
}

/** Those that no crash took, and that do not end in another way, told or not: such a one may be overtaken. */
function messagesToHandle(trace: Trace): SentMessage[] {
  const ended = new Set<string>();
  const endedOtherwise = new Set<string>();
  const settledOtherwise = new Set<number>();
  for (const event of trace) {
    if (event.what === 'settled' && !HANDLED_OR_WAITING.includes(event.status)) settledOtherwise.add(event.n);
    if (event.what !== 'ended') continue;
    for (let sequence = event.first; sequence <= event.last; sequence += 1) {
      const key = keyOf(event.who, event.lane, sequence);
      ended.add(key);
      if (!HANDLED_OR_WAITING.includes(event.status)) endedOtherwise.add(key);
    }
  }
  const untoldLives = livesWithUntoldEnds(trace);
  return [...survivingMessages(trace)].flatMap(([key, message]) => {
    const { who, send } = message;
    const isUntold = !ended.has(key) && untoldLives.has(`${programOf(who)} ${send.life}`);
    return endedOtherwise.has(key) || settledOtherwise.has(send.n) || isUntold ? [] : [message];
  });
}
