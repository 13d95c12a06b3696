// What a channel knows of its messages for those who ask. Nothing is kept for a message that nobody has asked for: what is
// stored is told by one number, what is settled by the outbox, and what failed by a few runs.

import type { HoldfastError } from '@holdfast/protocol';
import type { Run } from './core/index.js';
import { Delivery, type DeliverySource, type Outcome, quietRejection } from './delivery.js';

/** Messages that could not be stored. */
interface FailedRun extends Run {
  readonly error: HoldfastError;
}

/** Those who wait for one message. */
interface Waiting {
  stored?: Deferred<void>;
  settled?: Deferred<Outcome>;
}

const ACKNOWLEDGED: Outcome = { status: 'acknowledged' };

/** Makes deliveries and answers them. */
export class Deliveries implements DeliverySource {
  readonly #isSettled: (sequence: number) => boolean;
  #storedUpTo: number;
  /** Ascending. Neighbours that failed alike are one. */
  readonly #failed: FailedRun[] = [];
  readonly #waiting = new Map<number, Waiting>();
  /** How everything ended that was not settled when the channel was closed. */
  #closedOutcome: Outcome | undefined;

  /**
   * @param isSettled - whether a message needs no more sending
   * @param storedUpTo - the last message that is in the store already
   */
  constructor(isSettled: (sequence: number) => boolean, storedUpTo: number) {
    this.#isSettled = isSettled;
    this.#storedUpTo = storedUpTo;
  }

  create(epoch: string, sequence: number): Delivery {
    return new Delivery(this, epoch, sequence);
  }

  stored(sequence: number): Promise<void> {
    const error = this.#errorOf(sequence);
    if (error !== undefined) return quietRejection(error);
    if (sequence <= this.#storedUpTo) return Promise.resolve();
    const waiting = this.#waitingFor(sequence);
    waiting.stored ??= new Deferred();
    return waiting.stored.promise;
  }

  settled(sequence: number): Promise<Outcome> {
    const outcome = this.outcome(sequence);
    if (outcome !== undefined) return Promise.resolve(outcome);
    const waiting = this.#waitingFor(sequence);
    waiting.settled ??= new Deferred();
    return waiting.settled.promise;
  }

  outcome(sequence: number): Outcome | undefined {
    const error = this.#errorOf(sequence);
    if (error !== undefined) return { status: 'evicted', reason: error.message };
    return this.#isSettled(sequence) ? ACKNOWLEDGED : this.#closedOutcome;
  }

  onStored(run: Run): void {
    this.#storedUpTo = Math.max(this.#storedUpTo, run.last);
    for (const [, waiting] of this.#waitingIn(run)) waiting.stored?.resolve();
  }

  onStoreFailed(run: Run, error: HoldfastError): void {
    const last = this.#failed.at(-1);
    if (last !== undefined && last.last === run.first - 1 && last.error.message === error.message) {
      this.#failed[this.#failed.length - 1] = { ...last, last: run.last };
    } else this.#failed.push({ ...run, error });
    for (const [, waiting] of this.#waitingIn(run)) waiting.stored?.reject(error);
    this.#settle(run);
  }

  onAcknowledged(run: Run): void {
    this.#settle(run);
  }

  /** The channel is closed: everything that is not settled has this outcome. */
  onClosed(outcome: Outcome): void {
    this.#closedOutcome = outcome;
    this.#settle({ first: 1, last: Number.POSITIVE_INFINITY });
  }

  #settle(run: Run): void {
    for (const [sequence, waiting] of this.#waitingIn(run)) {
      const outcome = this.outcome(sequence);
      if (outcome === undefined) continue;
      waiting.settled?.resolve(outcome);
      this.#waiting.delete(sequence);
    }
  }

  #waitingFor(sequence: number): Waiting {
    let waiting = this.#waiting.get(sequence);
    if (waiting === undefined) {
      waiting = {};
      this.#waiting.set(sequence, waiting);
    }
    return waiting;
  }

  /** Those who wait for messages of a run: found by number or one after another, whichever are fewer. */
  *#waitingIn({ first, last }: Run): Iterable<[number, Waiting]> {
    if (this.#waiting.size === 0) return;
    if (this.#waiting.size < last - first) {
      for (const entry of this.#waiting) if (first <= entry[0] && entry[0] <= last) yield entry;
      return;
    }
    for (let sequence = first; sequence <= last; sequence++) {
      const waiting = this.#waiting.get(sequence);
      if (waiting !== undefined) yield [sequence, waiting];
    }
  }

  #errorOf(sequence: number): HoldfastError | undefined {
    return this.#failed.find((run) => run.first <= sequence && sequence <= run.last)?.error;
  }
}

class Deferred<Value> {
  readonly promise: Promise<Value>;
  resolve!: (value: Value) => void;
  reject!: (error: unknown) => void;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // A rejection that nobody looks at must not end the program.
    this.promise.catch(() => {});
  }
}
