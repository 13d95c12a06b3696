// How old an outbox is: the time that has really passed since its first life began, as far as that can be known. A message
// expires by this clock, so a leap of the wall clock makes nothing expire early.
//
//   while the process runs      it goes with the monotonic clock, whatever the wall clock does
//   between two processes       the difference of the wall clocks counts when both readings can be true: not before 2024,
//                               not backwards, and not more than 30 days. Otherwise nothing counts for now.
//   a device that boots in 1970 learns the time later: when the wall clock becomes one that can be true, what had not been
//                               counted is made up for, unless a message was accepted meanwhile: that one must not grow older
//                               than it is, so older ones live longer

/** Wall clocks before this are those of devices that have not been told the time: 1 January 2024, in milliseconds. */
const PLAUSIBLE_FROM_MS = 1_704_067_200_000;
/** A longer time between two processes is taken for a leap of the clock, in milliseconds. */
export const DOWNTIME_MAX_MS = 30 * 86_400_000;

/** What an outbox knows of time when it is opened. */
export interface AgeRecord {
  readonly ageMs: number;
  readonly wallMs: number;
}

/** The age of one outbox. */
export class AgeClock {
  readonly #saved: AgeRecord;
  #openedAtMs: number | undefined;
  #downtimeMs: number | undefined;
  /** Whether the age must go with the monotonic clock from now on, whatever is learned. */
  #isFixed = false;

  /** @param saved - the last that the store knows; a new outbox has the age 0 */
  constructor(saved: AgeRecord) {
    this.#saved = saved;
  }

  /** The age at `nowMs`, in whole milliseconds; never less than before, as long as `nowMs` is not. */
  ageMs(nowMs: number): number {
    this.#openedAtMs ??= nowMs;
    // Whole: what is due in a rest of a millisecond that rounding has made would be asked for again and again.
    return Math.floor(this.#saved.ageMs + (this.#downtimeMs ?? 0) + (nowMs - this.#openedAtMs));
  }

  /** Whether a look at the wall clock could still tell something. */
  get isOpen(): boolean {
    return this.#downtimeMs === undefined && !this.#isFixed;
  }

  /** A message is accepted at this age: the age leaps no more. */
  fix(): void {
    this.#isFixed = true;
  }

  /** Looks at the wall clock, until it has said how long the time between the processes was. */
  look(nowMs: number, wallMs: number): void {
    this.#openedAtMs ??= nowMs;
    if (!this.isOpen) return;
    const downtimeMs = wallMs - (nowMs - this.#openedAtMs) - this.#saved.wallMs;
    const isPlausible = this.#saved.wallMs >= PLAUSIBLE_FROM_MS && wallMs >= PLAUSIBLE_FROM_MS;
    if (isPlausible && downtimeMs >= 0 && downtimeMs <= DOWNTIME_MAX_MS) this.#downtimeMs = downtimeMs;
  }
}
