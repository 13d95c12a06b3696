// Runs a machine in a shell. The rule: feed one input, take every output, then feed the next; afterwards arm one timer
// for the machine's next deadline. Nothing else in Holdfast calls `handle` or `poll`.

import { invariant, type Machine, type Runtime, type TimeoutInput, type TimerHandle } from './core/index.js';

/** Feeds a machine, hands its outputs to `apply`, and keeps its timer. */
export class Driver<Input, Output> {
  readonly #machine: Machine<Input, Output>;
  readonly #runtime: Runtime;
  readonly #apply: (output: Output) => void;
  /** Inputs that `apply` caused; they wait until the outputs at hand are taken. */
  readonly #waiting: (Input | TimeoutInput)[] = [];
  #running = false;
  #stopped = false;
  #timer: TimerHandle | undefined;
  /** When `#timer` is due. Infinity: there is no timer. */
  #timerDueMs = Number.POSITIVE_INFINITY;

  /** @param apply - carries out one output; it must not throw */
  constructor(machine: Machine<Input, Output>, runtime: Runtime, apply: (output: Output) => void) {
    this.#machine = machine;
    this.#runtime = runtime;
    this.#apply = apply;
  }

  /** Whether an input is being fed: another one would wait for it. */
  get isFeeding(): boolean {
    return this.#running;
  }

  /** Feeds one input. Called from within `apply`, it is fed after the outputs at hand. Ignored after `stop`. */
  feed(input: Input | TimeoutInput): void {
    if (this.#stopped) return;
    this.#waiting.push(input);
    if (this.#running) return;
    this.#running = true;
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
        this.#machine.handle(next, this.#runtime.nowMs());
        for (let output = this.#machine.poll(); output !== undefined; output = this.#machine.poll())
          this.#apply(output);
      }
    } finally {
      this.#running = false;
    }
    this.#arm();
  }

  /** Ends the timer and ignores every further input. Called from within `apply`, the outputs at hand are still applied. */
  stop(): void {
    this.#stopped = true;
    this.#waiting.length = 0;
    this.#disarm();
  }

  #arm(): void {
    if (this.#stopped) return;
    const dueMs = this.#machine.nextTimeoutMs() ?? Number.POSITIVE_INFINITY;
    invariant(!Number.isNaN(dueMs), 'a deadline is a number');
    // A timer that nobody needs would keep the process from ending.
    if (dueMs === Number.POSITIVE_INFINITY) this.#disarm();
    // A timer that is early does no harm: it finds nothing due and is armed again. So a deadline that moves back, as
    // every received byte moves the keepalive, costs nothing.
    if (dueMs >= this.#timerDueMs) return;
    this.#disarm();
    this.#timerDueMs = dueMs;
    this.#timer = this.#runtime.setTimer(Math.max(0, dueMs - this.#runtime.nowMs()), () => {
      this.#timerDueMs = Number.POSITIVE_INFINITY;
      this.#timer = undefined;
      this.feed({ type: 'timeout' });
    });
  }

  #disarm(): void {
    if (this.#timer !== undefined) this.#runtime.clearTimer(this.#timer);
    this.#timer = undefined;
    this.#timerDueMs = Number.POSITIVE_INFINITY;
  }
}
