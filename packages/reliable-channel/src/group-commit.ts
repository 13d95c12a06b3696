// Group commit: what is asked for while a commit is under way, or within one turn, makes one commit together. Many small
// writers then cost as little as one large one.

import type { Runtime } from '@holdfast/protocol';
import type { StoreOperation } from './core/index.js';
import type { Store } from './store.js';

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Gathers the commits of several writers of one store. */
export class GroupCommit {
  readonly #store: Store;
  readonly #runtime: Runtime;
  #operations: StoreOperation[] = [];
  #waiters: Waiter[] = [];
  #isRunning = false;

  constructor(store: Store, runtime: Runtime) {
    this.#store = store;
    this.#runtime = runtime;
  }

  /** Resolves when the operations are on disk; rejects when their commit failed. */
  commit(operations: readonly StoreOperation[]): Promise<void> {
    for (const operation of operations) this.#operations.push(operation);
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      if (this.#isRunning) return;
      this.#isRunning = true;
      this.#runtime.defer(() => void this.#run());
    });
  }

  async #run(): Promise<void> {
    while (this.#waiters.length > 0) {
      const waiters = this.#waiters.splice(0);
      try {
        await this.#store.commit(this.#operations.splice(0));
        for (const { resolve } of waiters) resolve();
      } catch (error) {
        for (const { reject } of waiters) reject(error);
      }
    }
    this.#isRunning = false;
  }
}
