// Whether the tab lives that holds the lock of those who lead. Its end lets the lock go, but a page that stands still is not at
// its end. Mostly it can let go of everything before; not of a lock that is just being given to it, nor when the system stops
// the whole process. So those who wait ask, and after some silence the lock is taken away.

import type { Runtime, TimerHandle } from '@holdfast/protocol';

/** The time between two questions, in milliseconds. */
const ASK_MS = 3_000;

/**
 * Questions that stay without an answer before the holder counts as silent. More than one, because a page that itself stood still
 * has answers that it has not read.
 */
const UNANSWERED_MAX = 3;

/** Asks as long as this tab waits for the lock. */
export class HolderWatch {
  readonly #runtime: Runtime;
  readonly #ask: () => void;
  readonly #onSilent: () => void;
  #timer: TimerHandle | undefined;
  #unanswered = 0;

  /** @param onSilent - called once for each `start` */
  constructor(runtime: Runtime, ask: () => void, onSilent: () => void) {
    this.#runtime = runtime;
    this.#ask = ask;
    this.#onSilent = onSilent;
  }

  start(): void {
    this.stop();
    this.#unanswered = 0;
    this.#timer = this.#runtime.setTimer(ASK_MS, () => this.#onTimer());
  }

  stop(): void {
    if (this.#timer !== undefined) this.#runtime.clearTimer(this.#timer);
    this.#timer = undefined;
  }

  /** The holder has said that it lives, to whichever tab. Of many that wait one asks. */
  onAnswer(): void {
    if (this.#timer !== undefined) this.start();
  }

  #onTimer(): void {
    this.#timer = undefined;
    if (this.#unanswered === UNANSWERED_MAX) {
      this.#onSilent();
      return;
    }
    this.#unanswered += 1;
    this.#ask();
    this.#timer = this.#runtime.setTimer(ASK_MS, () => this.#onTimer());
  }
}
