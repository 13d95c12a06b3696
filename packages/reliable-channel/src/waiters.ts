// Those who wait until something is so. What they wait for is looked at whenever it can have changed; nobody polls.

import type { Runtime } from '@holdfast/protocol';

/** A condition, and whom to tell. */
interface Waiter {
  readonly isReached: () => boolean;
  readonly resolve: () => void;
}

/** Promises for conditions. */
export class Waiters {
  #waiters: Waiter[] = [];

  /** Whether nobody waits. */
  get isEmpty(): boolean {
    return this.#waiters.length === 0;
  }

  /** Resolves when `isReached` says so: at once, or at a later `look`. */
  until(isReached: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      if (isReached()) resolve();
      else this.#waiters.push({ isReached, resolve });
    });
  }

  /** The same, and also when the time is up before; without `timeoutMs` it never is. */
  async untilTimeout(isReached: () => boolean, runtime: Runtime, timeoutMs: number | undefined): Promise<void> {
    let isTimeUp = false;
    const onTimeUp = (): void => {
      isTimeUp = true;
      this.look();
    };
    const timer = timeoutMs === undefined ? undefined : runtime.setTimer(timeoutMs, onTimeUp);
    await this.until(() => isTimeUp || isReached());
    if (timer !== undefined) runtime.clearTimer(timer);
  }

  /** Something may have changed: tells those whose condition holds now. */
  look(): void {
    if (this.#waiters.length === 0) return;
    const reached = this.#waiters.filter(({ isReached }) => isReached());
    if (reached.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => !reached.includes(waiter));
    for (const { resolve } of reached) resolve();
  }
}
