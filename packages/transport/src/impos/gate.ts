// Decides when a program runs. impOS runs one thing at a time: while a call blocks, no timer and no handler of the program
// runs; while the program is suspended, nothing does, and results wait as well. Here the calls that block are awaited, so
// the program's own code stands at its `await`; this gate keeps everything else out in the meantime.
//
//   result of a call   goes to the program unless it is suspended or has ended
//   callback           runs when, besides, no call blocks and none came before it; one at a time, each in its own turn

import { HoldfastError, type Runtime, type TimerHandle } from '@holdfast/protocol';

/** Callbacks that may wait for a program that stands still. Beyond it messages are lost, as they would be in a device. */
export const WAITING_CALLBACKS_MAX = 16_384;

/** Runs the callbacks of one life of a program. */
export class Gate {
  readonly #runtime: Runtime;
  /** A callback threw, or its promise was rejected. */
  readonly #onError: (error: unknown) => void;
  readonly #results: (() => void)[] = [];
  readonly #callbacks: (() => unknown)[] = [];
  #idle: (() => unknown) | undefined;
  /** Calls whose result the program has not got. */
  #blocking = 0;
  #isSuspended = false;
  #hasEnded = false;
  /** The turn in which the next callback runs. A timer, so that the program's promises go first. */
  #turn: TimerHandle | undefined;

  constructor(runtime: Runtime, onError: (error: unknown) => void) {
    this.#runtime = runtime;
    this.#onError = onError;
  }

  /** Whether the program is over for good. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** @throws HoldfastError `PROGRAM_ENDED` when a program that is over makes a call */
  check(): void {
    if (this.#hasEnded) throw new HoldfastError('PROGRAM_ENDED', 'this program has ended; another life of it goes on');
  }

  /** A call that blocks: the program goes on when `result` is there, is not suspended by then, and never when it has ended. */
  block<Result>(result: Promise<Result>): Promise<Result> {
    this.#blocking += 1;
    return new Promise((resolve, reject) => {
      const deliver = (settle: () => void): void => {
        this.#results.push(settle);
        this.#pump();
      };
      result.then(
        (value) => deliver(() => resolve(value)),
        (error: unknown) => deliver(() => reject(error)),
      );
    });
  }

  /** Runs a callback of the program, now or when it can. Returns false when too many wait, and this one never will. */
  run(callback: () => unknown): boolean {
    if (this.#hasEnded) return true;
    if (this.#callbacks.length >= WAITING_CALLBACKS_MAX) return false;
    this.#callbacks.push(callback);
    // In a turn of its own only when the program is in the middle of something.
    if (this.#canRun() && this.#turn === undefined && this.#callbacks.length === 1) this.#runNext();
    else this.#pump();
    return true;
  }

  /** Runs a callback once when nothing else is to be run; in place of an earlier one, `undefined`: of none. */
  whenIdle(callback: (() => unknown) | undefined): void {
    this.#idle = callback;
    this.#pump();
  }

  /** The program stands still. */
  suspend(): void {
    this.#isSuspended = true;
  }

  /** It goes on where it stood. */
  resume(): void {
    this.#isSuspended = false;
    this.#pump();
  }

  /** It never goes on: results and callbacks are forgotten. */
  end(): void {
    this.#hasEnded = true;
    this.#results.length = 0;
    this.#callbacks.length = 0;
    this.#idle = undefined;
    if (this.#turn !== undefined) this.#runtime.clearTimer(this.#turn);
    this.#turn = undefined;
  }

  #pump(): void {
    if (this.#hasEnded || this.#isSuspended) return;
    for (const settle of this.#results.splice(0)) {
      this.#blocking -= 1;
      settle();
    }
    if (this.#callbacks.length === 0 && this.#idle === undefined) return;
    this.#turn ??= this.#runtime.setTimer(0, () => {
      this.#turn = undefined;
      if (this.#canRun()) this.#runNext();
    });
  }

  #canRun(): boolean {
    return !this.#hasEnded && !this.#isSuspended && this.#blocking === 0;
  }

  #runNext(): void {
    const callback = this.#callbacks.shift() ?? this.#takeIdle();
    if (callback === undefined) return;
    this.guard(callback);
    this.#pump();
  }

  /** Runs code of the program; what it throws, now or later, ends the program. */
  guard(code: () => unknown): void {
    try {
      const result = code();
      if (result instanceof Promise) result.catch((error: unknown) => this.#fail(error));
    } catch (error) {
      this.#fail(error);
    }
  }

  #takeIdle(): (() => unknown) | undefined {
    const idle = this.#idle;
    this.#idle = undefined;
    return idle;
  }

  #fail(error: unknown): void {
    if (!this.#hasEnded) this.#onError(error);
  }
}
