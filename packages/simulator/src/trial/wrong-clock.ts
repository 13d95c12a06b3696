// The wall clock of a device in one of its lives. It may be right; it may begin in 1970 until the device is told the time; or it
// may be wrong by so much that no program can take the leap for time that has passed.

import type { RandomUint32, Runtime } from '@holdfast/protocol';
import { pick, randomInteger } from '../seeded-random.js';

const DAY_MS = 86_400_000;
/** Wrong clocks are wrong by a year. */
const WRONG_BY_MS = 365 * DAY_MS;
/** A device learns the time within this, in milliseconds. */
const TOLD_AFTER_MAX_MS = 60_000;

/** A wall clock. */
export class WrongClock {
  readonly #runtime: Runtime;
  #offsetMs: number;
  /** When the device is told the time, in milliseconds from its start; `undefined`: it never is. */
  readonly setAfterMs: number | undefined;

  constructor(runtime: Runtime, random: RandomUint32) {
    this.#runtime = runtime;
    const kind = pick(random, ['right', 'right', 'reset', 'ahead', 'behind'] as const);
    const offsets = { right: 0, reset: -runtime.wallClockMs(), ahead: WRONG_BY_MS, behind: -WRONG_BY_MS };
    this.#offsetMs = offsets[kind];
    this.setAfterMs = kind === 'reset' ? randomInteger(random, { min: 0, max: TOLD_AFTER_MAX_MS }) : undefined;
  }

  wallClockMs(): number {
    return this.#runtime.wallClockMs() + this.#offsetMs;
  }

  /** The device is told the time. */
  set(): void {
    this.#offsetMs = 0;
  }
}
