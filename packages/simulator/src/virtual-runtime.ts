// Virtual time: a `Runtime` whose clock moves only when a test says so, and then as fast as the machine can go.
// Everything that shells learn of time and chance comes from here, so one seed gives one run. The rule to know:
// between two timers every promise reaction runs, exactly as between two timers of Node. What virtual time does not
// wait for is the outside world: a socket, a file or a worker answers in real time, so keep those out of a simulation.

import { checkInteger, checkNumber, type RandomUint32, type Runtime, type TimerHandle } from '@holdfast/protocol';
import { seededRandom } from './seeded-random.js';
import { type QueuedTimer, TimerQueue } from './timer-queue.js';

const DEFAULTS = Object.freeze({
  /** 1 January 2025, 00:00 UTC. */
  startWallClockMs: 1_735_689_600_000,
  instantTimersMax: 1_000_000,
});

/** What a `Date` can hold. */
const WALL_CLOCK_RANGE = Object.freeze({ min: 0, max: 8_640_000_000_000_000 });

/** What `createVirtualRuntime` takes. */
export interface VirtualRuntimeOptions {
  /** Decides every random draw: an integer from 0 to 2^53 - 1. */
  readonly seed: number;
  /**
   * What the wall clock says at virtual time 0, in milliseconds since 1970.
   * @default 1_735_689_600_000 (1 January 2025)
   */
  readonly startWallClockMs?: number;
  /**
   * How many timers may fire without the clock moving. Beyond it `advance` and `runUntil` reject, because a program that
   * keeps setting timers of no delay would otherwise hang the test.
   * @default 1_000_000
   */
  readonly instantTimersMax?: number;
}

/**
 * A runtime in virtual time, standing at 0 with no timers.
 *
 * @throws TypeError or RangeError when an option is not a number in its range
 */
export function createVirtualRuntime(options: VirtualRuntimeOptions): VirtualRuntime {
  return new VirtualRuntime(options);
}

/** A `Runtime` that a test drives. Create it with `createVirtualRuntime`. */
export class VirtualRuntime implements Runtime {
  readonly randomUint32: RandomUint32;
  readonly #timers = new TimerQueue();
  readonly #instantTimersMax: number;
  /** Virtual milliseconds since the start. Never goes back. */
  #nowMs = 0;
  /** What the wall clock is ahead of `#nowMs`. */
  #wallClockOffsetMs: number;
  /** True while `advance` or `runUntil` is under way; two at once would tear the order of events apart. */
  #isDriving = false;
  /** Timers fired since the clock last moved. */
  #instantTimers = 0;
  /** What a deferred callback threw while time was being driven; the drive rejects with it. */
  #failure: { readonly error: unknown } | undefined;

  constructor(options: VirtualRuntimeOptions) {
    const { seed, startWallClockMs, instantTimersMax } = { ...DEFAULTS, ...options };
    checkNumber('startWallClockMs', startWallClockMs, WALL_CLOCK_RANGE);
    checkInteger('instantTimersMax', instantTimersMax, { min: 1, max: Number.MAX_SAFE_INTEGER });
    this.randomUint32 = seededRandom(seed);
    this.#wallClockOffsetMs = startWallClockMs;
    this.#instantTimersMax = instantTimersMax;
  }

  /** Virtual milliseconds since the start: 0 at first, later the instant being run. */
  nowMs(): number {
    return this.#nowMs;
  }

  /** The virtual wall clock, in milliseconds since 1970. */
  wallClockMs(): number {
    return this.#nowMs + this.#wallClockOffsetMs;
  }

  /**
   * Calls `callback` once, when virtual time reaches now plus `delayMs`. A delay below 0 counts as 0. Timers of the same
   * instant fire in the order in which they were set, and even a delay of 0 waits for `advance` or `runUntil`.
   *
   * @throws RangeError when the delay is not finite
   */
  setTimer(delayMs: number, callback: () => void): TimerHandle {
    const dueMs = this.#nowMs + Math.max(0, delayMs);
    if (!Number.isFinite(dueMs)) throw new RangeError(`a timer needs a finite delay, not ${delayMs}`);
    return this.#timers.add(dueMs, callback);
  }

  /** Forgets a timer. Does nothing when it fired, was cleared already or is of another runtime. */
  clearTimer(timer: TimerHandle): void {
    if (isQueuedTimer(timer)) this.#timers.remove(timer);
  }

  /** Calls `callback` once, after the running code has returned and before any timer. It does not wait for `advance`. */
  defer(callback: () => void): void {
    queueMicrotask(() => {
      try {
        callback();
      } catch (error) {
        if (!this.#isDriving || this.#failure !== undefined) throw error;
        this.#failure = { error };
      }
    });
  }

  /**
   * Moves time forward by `ms` and fires every timer that falls due on the way, in order, each at its own instant.
   * Promise reactions settle first, after every timer, and so also before the returned promise resolves. `advance(0)`
   * settles promises and fires what is due now.
   *
   * Rejects with what a timer or deferred callback threw; time then stands at that instant and later timers still wait.
   * Rejects with a RangeError when `ms` is negative or not finite, and with an Error while another drive is under way.
   */
  async advance(ms: number): Promise<void> {
    await this.#drive(ms, undefined);
  }

  /**
   * Moves time forward, like `advance`, until `predicate()` is true or `limitMs` have passed, and says which. The predicate
   * is asked before anything fires, after each timer, and a last time at the limit. When it is true, time stays at the
   * instant that made it so. With no timer left it goes straight to the limit, since nothing more can happen.
   *
   * @param options - `limitMs`: virtual milliseconds from now, finite and at least 0
   */
  async runUntil(predicate: () => boolean, options: { readonly limitMs: number }): Promise<boolean> {
    return this.#drive(options.limitMs, predicate);
  }

  /**
   * Makes the wall clock jump by `ms`, forwards or back. `nowMs()` and timers do not notice, as with a real clock.
   *
   * @throws RangeError when that leads before 1970 or beyond the year 275760, which is as far as `Date` goes
   */
  shiftWallClock(ms: number): void {
    checkNumber('wallClockMs', this.wallClockMs() + ms, WALL_CLOCK_RANGE);
    this.#wallClockOffsetMs += ms;
  }

  /** How many timers are set and have not fired. 0 means that a simulated program waits for nothing but its peers. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  async #drive(ms: number, predicate: (() => boolean) | undefined): Promise<boolean> {
    const endMs = this.#nowMs + ms;
    if (!(ms >= 0) || !Number.isFinite(endMs)) throw new RangeError(`time cannot go on by ${ms} milliseconds`);
    if (this.#isDriving) throw new Error('time is being driven already: await the earlier advance or runUntil first');
    this.#isDriving = true;
    try {
      await this.#settle();
      while (predicate === undefined || !predicate()) {
        const timer = this.#timers.first;
        if (timer === undefined || timer.dueMs > endMs) {
          this.#moveTo(endMs);
          return predicate?.() ?? false;
        }
        this.#fire(timer);
        await this.#settle();
      }
      return true;
    } finally {
      this.#isDriving = false;
      this.#failure = undefined;
    }
  }

  #fire(timer: QueuedTimer): void {
    this.#moveTo(timer.dueMs);
    this.#instantTimers += 1;
    if (this.#instantTimers > this.#instantTimersMax) {
      throw new Error(
        `${this.#instantTimersMax} timers fired at ${this.#nowMs} ms without time moving on: ` +
          'some code sets a timer of no delay again and again',
      );
    }
    this.#timers.remove(timer);
    timer.callback();
  }

  #moveTo(ms: number): void {
    if (ms > this.#nowMs) this.#instantTimers = 0;
    this.#nowMs = ms;
  }

  /**
   * Lets every promise reaction run. Node empties its microtask and next-tick queues before it starts the next macrotask,
   * so one `setImmediate` turn is enough however long the chains are. Awaiting a resolved promise a fixed number of times
   * would cut off the longer ones, and was not faster: a turn costs about a microsecond, ten awaits half of one.
   */
  async #settle(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

function isQueuedTimer(timer: TimerHandle): timer is QueuedTimer {
  return typeof timer === 'object' && timer !== null && 'place' in timer;
}
