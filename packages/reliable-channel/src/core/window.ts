// What is in flight: sent and not acknowledged, as runs of messages in the order they were sent. The window bounds it by
// count, by bytes, and by the credit that the receiver grants.

import { invariant, type RangeList } from '@holdfast/protocol/core';
import type { Run } from './settled-numbers.js';

/** The bounds of a window. */
export interface WindowOptions {
  readonly windowMaxMessages: number;
  readonly windowMaxBytes: number;
}

/** One data frame in flight. */
export interface InFlightRun extends Run {
  readonly bytes: number;
  readonly sentAtMs: number;
  /** False: part of it was sent before, so its ack measures nothing (Karn's rule). */
  readonly sentOnce: boolean;
}

/** The runs in flight, oldest first. */
export class Window {
  readonly #options: WindowOptions;
  readonly #runs: InFlightRun[] = [];
  #messages = 0;
  #bytes = 0;
  #credit = 0;

  constructor(options: WindowOptions) {
    this.#options = options;
  }

  get messages(): number {
    return this.#messages;
  }

  /** The run that was sent first and not acknowledged. */
  get oldest(): InFlightRun | undefined {
    return this.#runs[0];
  }

  /** How many more messages may be sent now. */
  get roomMessages(): number {
    return Math.max(0, Math.min(this.#options.windowMaxMessages, this.#credit) - this.#messages);
  }

  /** How many more bytes may be sent now. With nothing in flight one message may always go, however large. */
  get roomBytes(): number {
    return this.#options.windowMaxBytes - this.#bytes;
  }

  setCredit(messages: number): void {
    this.#credit = messages;
  }

  onSent(run: InFlightRun): void {
    invariant(run.last >= run.first, 'a run has at least one message');
    this.#runs.push(run);
    this.#messages += run.last - run.first + 1;
    this.#bytes += run.bytes;
  }

  /** Drops the runs that `handled` names wholly; returns the round trip that the newest of them measures, if any does. */
  onAcknowledged(handled: RangeList, nowMs: number): number | undefined {
    let measured: number | undefined;
    this.#drop((run) => {
      if (!namesWholly(handled, run)) return false;
      if (run.sentOnce) measured = nowMs - run.sentAtMs;
      return true;
    });
    return measured;
  }

  /** The oldest run has been sent again. */
  markResent(run: InFlightRun): void {
    const index = this.#runs.indexOf(run);
    if (index >= 0) this.#runs[index] = { ...run, sentOnce: false };
  }

  /** The receiver has dropped everything from `sequence` on. */
  dropFrom(sequence: number): void {
    const cut = this.#runs.filter((run) => run.first < sequence && run.last >= sequence);
    this.#drop((run) => run.last >= sequence);
    // What lies before the cut has been taken and is still to be acknowledged.
    for (const run of cut) this.onSent({ ...run, last: sequence - 1 });
  }

  /** Drops the runs that need no ack any more. */
  dropDone(isDone: (run: InFlightRun) => boolean): void {
    this.#drop(isDone);
  }

  clear(): void {
    this.#drop(() => true);
  }

  #drop(shallGo: (run: InFlightRun) => boolean): void {
    let kept = 0;
    for (const run of this.#runs) {
      if (shallGo(run)) {
        this.#messages -= run.last - run.first + 1;
        this.#bytes -= run.bytes;
      } else this.#runs[kept++] = run;
    }
    this.#runs.length = kept;
  }
}

function namesWholly({ cumulative, ranges }: RangeList, run: Run): boolean {
  return run.last <= cumulative || ranges.some((range) => range.first <= run.first && run.last <= range.last);
}
