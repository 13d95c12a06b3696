// What a channel knows of one lane's messages for those who ask. Nothing is kept for a message that nobody has asked for
// and that ends as nearly all do: what is stored is told by one number, what is settled by the outbox. Other endings are
// kept for a while, in case somebody asks late.

import type { Run } from './core/index.js';
import { Deferred } from './deferred.js';
import { Delivery, type DeliverySource, neverStoredError, type Outcome, quietRejection } from './delivery.js';

/** What deliveries ask of the channel. */
export interface DeliveriesQuestions {
  /** Whether a message is over, and the store knows that if it has to. */
  isOver(sequence: number): boolean;
  cancel(sequence: number): boolean;
}

/** Those who wait for one message. */
interface Waiting {
  stored?: Deferred<void>;
  settled?: Deferred<Outcome>;
}

/** Endings other than a plain acknowledgement that are kept in each lane for those who ask late. */
export const OUTCOMES_KEPT_MAX = 16_384;
/** Bytes of the replies among them, as they came over the wire. */
export const REPLIES_KEPT_MAX_BYTES = 1024 * 1024;

const ACKNOWLEDGED: Outcome = { status: 'acknowledged' };
const FORGOTTEN: Outcome = { status: 'forgotten' };

/** Makes the deliveries of one lane and answers them. */
export class Deliveries implements DeliverySource {
  readonly lane: string;
  readonly #questions: DeliveriesQuestions;
  #storedUpTo: number;
  /** Messages that may be sent without being stored; the store may have later ones. */
  readonly #unstored = new Set<number>();
  readonly #outcomes = new Map<number, Outcome>();
  /** The bytes of those that are replies. */
  readonly #replyBytes = new Map<number, number>();
  #repliesKeptBytes = 0;
  /** Messages that were given up before they were stored; the store may have later ones. */
  readonly #neverStored = new Set<number>();
  /** How messages up to here ended may be forgotten. */
  #forgottenUpTo: number;
  readonly #waiting = new Map<number, Waiting>();
  /** How everything ended that was not settled when the channel was closed. */
  #closedOutcome: Outcome | undefined;

  /** @param storedUpTo - the last message that is in the store already */
  constructor(lane: string, questions: DeliveriesQuestions, storedUpTo: number) {
    this.lane = lane;
    this.#questions = questions;
    this.#storedUpTo = storedUpTo;
    this.#forgottenUpTo = 0;
  }

  /** Whether somebody waits for a message. */
  get isAsked(): boolean {
    return this.#waiting.size > 0;
  }

  /** @param isCritical - false: it may be sent without being stored */
  create<Reply>(epoch: string, sequence: number, isCritical: boolean): Delivery<Reply> {
    if (!isCritical) this.#unstored.add(sequence);
    return new Delivery(this, epoch, sequence);
  }

  stored(sequence: number): Promise<void> {
    const outcome = this.outcome(sequence);
    const isSafe = this.#isStored(sequence) || outcome?.status === 'acknowledged';
    // What was given up before it was ever stored never will be.
    const error = outcome === undefined || isSafe ? undefined : neverStoredError(outcome);
    if (error !== undefined) return quietRejection(error);
    if (isSafe) return Promise.resolve();
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
    const outcome = this.#outcomes.get(sequence);
    if (outcome !== undefined) return outcome;
    if (!this.#questions.isOver(sequence)) return this.#closedOutcome;
    return sequence <= this.#forgottenUpTo ? FORGOTTEN : ACKNOWLEDGED;
  }

  cancel(sequence: number): boolean {
    return this.#questions.cancel(sequence);
  }

  onStored(run: Run): void {
    this.#storedUpTo = Math.max(this.#storedUpTo, run.last);
    this.#forgetUnstored(run);
    for (const [sequence, waiting] of this.#waitingIn(run)) {
      waiting.stored?.resolve();
      // Those who waited for this alone wait no more: a long outbox must not keep an entry for each of them.
      if (waiting.settled === undefined) this.#waiting.delete(sequence);
    }
  }

  onAcknowledged(run: Run): void {
    this.#forgetUnstored(run);
    for (const [sequence, waiting] of this.#waitingIn(run)) {
      waiting.stored?.resolve();
      waiting.settled?.resolve(this.#outcomes.get(sequence) ?? ACKNOWLEDGED);
      this.#waiting.delete(sequence);
    }
  }

  /** The handler of one message answered. @param bytes - the size of the reply on the wire */
  onReplied(sequence: number, reply: unknown, bytes: number): void {
    const outcome: Outcome = { status: 'acknowledged', reply };
    // Those who wait are told even when it is too large to be kept for others.
    this.#waiting.get(sequence)?.settled?.resolve(outcome);
    this.#replyBytes.set(sequence, bytes);
    this.#repliesKeptBytes += bytes;
    this.#keep(sequence, outcome);
    this.onAcknowledged({ first: sequence, last: sequence });
  }

  /** These are over otherwise. */
  onGivenUp(run: Run, outcome: Outcome): void {
    for (let sequence = run.first; sequence <= run.last; sequence++) {
      if (!this.#isStored(sequence)) this.#neverStored.add(sequence);
      this.#keep(sequence, outcome);
    }
    for (const [sequence, waiting] of this.#waitingIn(run)) {
      if (this.#isStored(sequence)) waiting.stored?.resolve();
      else waiting.stored?.reject(neverStoredError(outcome));
      waiting.settled?.resolve(outcome);
      this.#waiting.delete(sequence);
    }
    this.#forgetUnstored(run);
  }

  /** The channel is closed: everything that is not settled has this outcome. */
  onClosed(outcome: Outcome): void {
    this.#closedOutcome = outcome;
    for (const [sequence, waiting] of this.#waiting) {
      waiting.settled?.resolve(this.outcome(sequence) ?? outcome);
      if (!this.#isStored(sequence)) waiting.stored?.reject(neverStoredError(outcome));
    }
    this.#waiting.clear();
  }

  #isStored(sequence: number): boolean {
    return sequence <= this.#storedUpTo && !this.#unstored.has(sequence) && !this.#neverStored.has(sequence);
  }

  #forgetUnstored({ first, last }: Run): void {
    if (this.#unstored.size === 0) return;
    if (last - first < this.#unstored.size)
      for (let sequence = first; sequence <= last; sequence++) this.#unstored.delete(sequence);
    else
      for (const sequence of this.#unstored) if (first <= sequence && sequence <= last) this.#unstored.delete(sequence);
  }

  #keep(sequence: number, outcome: Outcome): void {
    this.#outcomes.set(sequence, outcome);
    while (this.#outcomes.size > OUTCOMES_KEPT_MAX || this.#repliesKeptBytes > REPLIES_KEPT_MAX_BYTES) {
      const oldest = this.#outcomes.keys().next().value as number;
      this.#outcomes.delete(oldest);
      this.#neverStored.delete(oldest);
      this.#repliesKeptBytes -= this.#replyBytes.get(oldest) ?? 0;
      this.#replyBytes.delete(oldest);
      this.#forgottenUpTo = Math.max(this.#forgottenUpTo, oldest);
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
}
