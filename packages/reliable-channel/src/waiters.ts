// Those who wait until something is so. What they wait for is looked at whenever it can have changed; nobody polls.

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

  /** Something may have changed: tells those whose condition holds now. */
  look(): void {
    if (this.#waiters.length === 0) return;
    const reached = this.#waiters.filter(({ isReached }) => isReached());
    if (reached.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => !reached.includes(waiter));
    for (const { resolve } of reached) resolve();
  }
}
