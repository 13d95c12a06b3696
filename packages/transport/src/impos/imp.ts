// impOS's `imp` for one life of a program.

import { checkNumber, type TimerHandle } from '@holdfast/protocol';
import type { ProgramLife } from './program-life.js';

/** impOS counts intervals in hundredths of a second. */
const TICK_MS = 10;
/** The longest interval of `imp.wakeup`, in seconds. */
const WAKEUP_MAX_SECONDS = 10_737_418;
/** The longest sleep, in seconds: 28 days less two seconds. */
export const SLEEP_MAX_SECONDS = 2_419_198;
/** Timers that one program may have. */
export const TIMERS_MAX = 1_024;

/** A timer of `imp.wakeup`. */
export interface ImpTimer {
  readonly intervalSeconds: number;
}

/** impOS's `imp`. */
export class Imp {
  readonly #life: ProgramLife;
  readonly #timers = new Map<ImpTimer, TimerHandle>();
  /** The blocking sleeps under way. */
  readonly #sleeps = new Set<TimerHandle>();

  constructor(life: ProgramLife) {
    this.#life = life;
  }

  /** Asks for a send buffer of this many bytes. Returns the size before. */
  setsendbuffersize(bytes: number): number {
    this.#life.gate.check();
    return this.#life.host.transport.setSendBufferSize(bytes);
  }

  /**
   * Calls `callback` once in `seconds` (0 to 10737418, rounded up to hundredths). A timer that falls due while the program
   * stands still waits for it. Returns the timer, or null when the program has `TIMERS_MAX` already.
   */
  wakeup(seconds: number, callback: () => unknown): ImpTimer | null {
    const { gate, host } = this.#life;
    gate.check();
    checkNumber('seconds', seconds, { min: 0, max: WAKEUP_MAX_SECONDS });
    if (this.#timers.size >= TIMERS_MAX) return null;
    const timer: ImpTimer = { intervalSeconds: seconds };
    const delayMs = ticks(seconds) * TICK_MS;
    const fire = (): void => {
      // Cancelled while it waited for the program.
      if (this.#timers.delete(timer)) callback();
    };
    this.#timers.set(
      timer,
      host.runtime.setTimer(delayMs, () => this.#life.run(fire)),
    );
    return timer;
  }

  /** Cancels a timer. One that has fired already is left alone. */
  cancelwakeup(timer: ImpTimer | null): void {
    this.#life.gate.check();
    const handle = timer === null ? undefined : this.#timers.get(timer);
    if (timer === null || handle === undefined) return;
    this.#timers.delete(timer);
    this.#life.host.runtime.clearTimer(handle);
  }

  /** Calls `callback` once when the program has nothing else to do; in place of an earlier one, null: of none. */
  onidle(callback: (() => unknown) | null): void {
    this.#life.gate.check();
    this.#life.gate.whenIdle(callback ?? undefined);
  }

  /** Bytes of memory that are free. */
  getmemoryfree(): number {
    return this.#life.host.memoryFreeBytes();
  }

  /** Blocks for so long: no timer and no handler of the program runs meanwhile; what arrives waits. */
  sleep(seconds: number): Promise<void> {
    const { gate, host } = this.#life;
    gate.check();
    checkNumber('seconds', seconds, { min: 0, max: SLEEP_MAX_SECONDS });
    return gate.block(
      new Promise<void>((resolve) => {
        const handle = host.runtime.setTimer(seconds * 1_000, () => {
          this.#sleeps.delete(handle);
          resolve();
        });
        this.#sleeps.add(handle);
      }),
    );
  }

  /** Sleeps at once: what was not sent is lost. Afterwards the program starts again with wake reason 1. Never returns. */
  deepsleepfor(seconds: number): Promise<never> {
    this.#life.gate.check();
    checkNumber('seconds', seconds, { min: 0, max: SLEEP_MAX_SECONDS });
    return this.#life.end({ type: 'sleep', ms: seconds * 1_000, flushes: false });
  }

  /** Restarts the device. The program starts again with wake reason 2. Never returns. */
  reset(): Promise<never> {
    this.#life.gate.check();
    return this.#life.end({ type: 'reset' });
  }

  /** Forgets the timers of a life that is over. */
  clear(): void {
    for (const handle of [...this.#timers.values(), ...this.#sleeps]) this.#life.host.runtime.clearTimer(handle);
    this.#timers.clear();
    this.#sleeps.clear();
  }
}

/** Hundredths of a second, rounded up. 10 ns are left to the arithmetic, in which 0.07 s are a bit more than seven. */
function ticks(seconds: number): number {
  return Math.ceil(seconds * (1_000 / TICK_MS) - 1e-6);
}
