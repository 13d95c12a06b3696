// One life of a program that can crash: the clock, timers, draws and links that it gets. When it ends, nothing of it runs any
// more, although its objects are still there: no timer fires, nothing deferred runs, no link tells anything.

import type { RandomUint32, Runtime, TimerHandle } from '@holdfast/protocol';
import type { Link, PipeEvents } from '@holdfast/transport';

/** A life. */
export class Life {
  readonly number: number;
  /** For everything that belongs to this life. */
  readonly runtime: Runtime;
  #isOver = false;
  readonly #atEnd: (() => void)[] = [];

  /**
   * @param number - from 1 on
   * @param wallClockMs - what the program's wall clock says; that of the runtime when it is left out
   */
  constructor(
    number: number,
    runtime: Runtime,
    random: RandomUint32,
    wallClockMs: () => number = () => runtime.wallClockMs(),
  ) {
    this.number = number;
    this.runtime = {
      randomUint32: random,
      nowMs: () => runtime.nowMs(),
      wallClockMs,
      setTimer: (delayMs: number, callback: () => void): TimerHandle => runtime.setTimer(delayMs, this.guard(callback)),
      clearTimer: (timer) => runtime.clearTimer(timer),
      defer: (callback) => runtime.defer(this.guard(callback)),
    };
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Ends it, without a word to anybody in it. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const action of this.#atEnd) action();
  }

  /** Calls `action` when this life ends: for what lies outside of it. */
  onEnd(action: () => void): void {
    this.#atEnd.push(action);
  }

  /** A callback that does nothing once this life is over. */
  guard<Arguments extends unknown[]>(callback: (...given: Arguments) => void): (...given: Arguments) => void {
    return (...given) => {
      if (!this.#isOver) callback(...given);
    };
  }

  /** A link that tells nothing once this life is over; `onDial` hears of every dial. */
  guardLink(link: Link, onDial: () => void): Link {
    return {
      name: link.name,
      writeMaxBytes: link.writeMaxBytes,
      dial: (events, signal) => {
        onDial();
        return link.dial(this.guardEvents(events), signal);
      },
    };
  }

  /** Events of a pipe that come to nobody once this life is over. */
  guardEvents(events: PipeEvents): PipeEvents {
    return {
      received: this.guard((bytes: Uint8Array) => events.received(bytes)),
      closed: this.guard((detail: string) => events.closed(detail)),
    };
  }
}
