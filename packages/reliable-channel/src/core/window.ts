// What is in flight: sent and not acknowledged, as runs of messages in the order they were sent, for each lane. All lanes of
// a channel share one budget: it bounds them by count, by bytes, and by the credit that the receiver grants.

import { invariant, type RangeList } from '@holdfast/protocol/core';
import type { Run } from './settled-numbers.js';

/** The bounds of all windows of a channel together. */
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

/**
 * A lane may hold this many times what it leaves free, so that a lane whose messages are never acknowledged leaves room for
 * the others (a dynamic threshold, as switches have for their ports).
 */
const LANE_SHARE = 8;

/** What the windows of a channel's lanes share. */
export class WindowBudget {
  readonly #options: WindowOptions;
  #messages = 0;
  #bytes = 0;
  #credit = 0;

  constructor(options: WindowOptions) {
    this.#options = options;
  }

  /** Messages in flight, of all lanes. */
  get messages(): number {
    return this.#messages;
  }

  /** How many more messages may be sent now. */
  get roomMessages(): number {
    return Math.max(0, Math.min(this.#options.windowMaxMessages, this.#credit) - this.#messages);
  }

  /** How many more bytes may be sent now. With nothing in flight one message may always go, however large. */
  get roomBytes(): number {
    return this.#options.windowMaxBytes - this.#bytes;
  }

  /** Whether anything may be sent. */
  get hasRoom(): boolean {
    return this.roomMessages > 0 && (this.roomBytes > 0 || this.#messages === 0);
  }

  setCredit(messages: number): void {
    this.#credit = messages;
  }

  add(messages: number, bytes: number): void {
    this.#messages += messages;
    this.#bytes += bytes;
  }
}

/** The runs of one lane in flight, oldest first. */
export class Window {
  readonly #budget: WindowBudget;
  readonly #runs: InFlightRun[] = [];
  #messages = 0;

  constructor(budget: WindowBudget) {
    this.#budget = budget;
  }

  get messages(): number {
    return this.#messages;
  }

  /** The run that was sent first and not acknowledged. */
  get oldest(): InFlightRun | undefined {
    return this.#runs[0];
  }

  /** How many more messages this lane may send now. One, at least, while it has none in flight and there is any room. */
  get roomMessages(): number {
    const free = this.#budget.roomMessages;
    // After sending n: messages + n <= LANE_SHARE * (free - n).
    const share = Math.floor((LANE_SHARE * free - this.#messages) / (LANE_SHARE + 1));
    return Math.min(free, Math.max(this.#messages === 0 ? 1 : 0, share));
  }

  onSent(run: InFlightRun): void {
    invariant(run.last >= run.first, 'a run has at least one message');
    this.#runs.push(run);
    this.#count(run, 1);
  }

  /** Drops the runs that `handled` names wholly; returns the round trip that the newest of them measures, if any does. */
  onAcknowledged(handled: RangeList, nowMs: number): number | undefined {
    let measured: number | undefined;
    this.dropDone((run) => {
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
    this.dropDone((run) => run.last >= sequence);
    // What lies before the cut has been taken and is still to be acknowledged.
    for (const run of cut) this.onSent({ ...run, last: sequence - 1 });
  }

  /** Drops the runs that need no ack any more. */
  dropDone(isDone: (run: InFlightRun) => boolean): void {
    let kept = 0;
    for (const run of this.#runs) {
      if (isDone(run)) this.#count(run, -1);
      else this.#runs[kept++] = run;
    }
    this.#runs.length = kept;
  }

  clear(): void {
    this.dropDone(() => true);
  }

  #count(run: InFlightRun, sign: 1 | -1): void {
    const messages = sign * (run.last - run.first + 1);
    this.#messages += messages;
    this.#budget.add(messages, sign * run.bytes);
  }
}

function namesWholly({ cumulative, ranges }: RangeList, run: Run): boolean {
  return run.last <= cumulative || ranges.some((range) => range.first <= run.first && run.last <= range.last);
}
