// Live: nothing throws; when the faults are over, everything is settled in time and without help, and nothing storms: in no minute does a device
// dial too often, and in none does one message come to the server or to a handler too often.

import type { Trace } from '../trace-event.js';
import type { Violation } from './violation.js';

const CHECK = 'live';
const MINUTE_MS = 60_000;

/** The most that a message may have been sent when it comes to its handler. */
export const ATTEMPTS_MAX = 60;
// The schedules are random and know no hard limit a minute: these are about twice what thousands of trials have shown at most, and far
// below what a schedule that does not wait comes to.
/** The most dials of one device in any minute: the waits between them are drawn from 0 to half a second at first, then longer. */
export const DIALS_A_MINUTE_MAX = 70;
/** The most frames with one message in any minute, whoever asked for them. */
export const TRANSMISSIONS_A_MINUTE_MAX = 55;
/** The most beginnings of one message's handling in any minute. */
export const HANDLINGS_A_MINUTE_MAX = 30;

/** Finds what was not settled at the end, and storms. */
export function checkLive(trace: Trace): Violation[] {
  const violations: Violation[] = [];
  const find = (atMs: number, message: string): void => void violations.push({ check: CHECK, atMs, message });
  const dials = new MinuteCounts();
  const transmissions = new MinuteCounts();
  const handlings = new MinuteCounts();
  let isQuiet = false;
  for (const event of trace) {
    const { atMs, what, who } = event;
    const check = (counts: MinuteCounts, subject: string, max: number, happened: string): void => {
      const count = counts.add(subject, atMs);
      if (count === max + 1) find(atMs, `${subject} ${happened} more than ${max} times in a minute`);
    };
    if (what === 'quiet') isQuiet = true;
    if (what === 'threw') find(atMs, `the trial ended with ${event.error}`);
    if (what === 'left' && event.messages > 0)
      find(atMs, `${event.messages} messages of ${who} are not acknowledged at the end`);
    if (what === 'dialed') check(dials, who, DIALS_A_MINUTE_MAX, 'dialed');
    if (what === 'received' && !event.isPlain)
      check(transmissions, `message ${event.n}`, TRANSMISSIONS_A_MINUTE_MAX, 'was sent');
    if (what !== 'handlerBegan' || event.id === '') continue;
    check(handlings, `message ${event.n}`, HANDLINGS_A_MINUTE_MAX, 'came to a handler');
    if (event.attempt > ATTEMPTS_MAX)
      find(atMs, `message ${event.n} was sent ${event.attempt} times; ${ATTEMPTS_MAX} is the limit`);
  }
  if (!isQuiet) find(trace.at(-1)?.atMs ?? 0, 'the trial did not come to rest');
  return violations;
}

/** Counts what happened to each subject in the last minute. */
class MinuteCounts {
  readonly #times = new Map<string, number[]>();

  /** Once more; returns how often that is within the minute that ends now. */
  add(subject: string, atMs: number): number {
    const recent = (this.#times.get(subject) ?? []).filter((earlierMs) => earlierMs > atMs - MINUTE_MS);
    recent.push(atMs);
    this.#times.set(subject, recent);
    return recent.length;
  }
}
