// Group commit: what is asked for while a commit is under way, or within one turn, makes one commit together. Many small
// writers then cost as little as one large one. What a writer wants to write is asked of it when the commit really begins,
// so it is never older than the commit before.

import type { Runtime } from '@holdfast/protocol';
import type { StoreOperation } from './core/index.js';
import type { Store } from './store.js';

interface Writer {
  readonly operations: () => readonly StoreOperation[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Gathers the commits of several writers of one store. */
export class GroupCommit {
  readonly #store: Store;
  readonly #runtime: Runtime;
  #writers: Writer[] = [];
  /** Works that want the store for themselves. */
  readonly #exclusives: (() => Promise<void>)[] = [];
  #isRunning = false;

  constructor(store: Store, runtime: Runtime) {
    this.#store = store;
    this.#runtime = runtime;
  }

  /**
   * Resolves when the operations are on disk; rejects when their commit failed. `operations` is called when the commit
   * begins; nothing is committed of one that throws.
   */
  commit(operations: () => readonly StoreOperation[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#writers.push({ operations, resolve, reject });
      this.#start();
    });
  }

  /** Runs `work` while no commit is under way, and none begins until it has ended. Settles as `work` does. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#exclusives.push(() => work().then(resolve, reject));
      this.#start();
    });
  }

  #start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#runtime.defer(() => void this.#run());
  }

  /** In turns: everything that is to be committed, then one work that wants the store for itself. */
  async #run(): Promise<void> {
    while (this.#writers.length > 0 || this.#exclusives.length > 0) {
      if (this.#writers.length > 0) await this.#commit(this.#writers.splice(0));
      // Those who waited learn of the end of this commit before the next one begins.
      await undefined;
      await this.#exclusives.shift()?.();
    }
    this.#isRunning = false;
  }

  async #commit(writers: readonly Writer[]): Promise<void> {
    const operations: StoreOperation[] = [];
    const written: Writer[] = [];
    for (const writer of writers) {
      try {
        for (const operation of writer.operations()) operations.push(operation);
        written.push(writer);
      } catch (error) {
        writer.reject(error);
      }
    }
    try {
      if (operations.length > 0) await this.#store.commit(operations);
      for (const { resolve } of written) resolve();
    } catch (error) {
      for (const { reject } of written) reject(error);
    }
  }
}
