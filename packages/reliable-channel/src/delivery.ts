// The caller's handle on one message. It knows nothing but the message's number, and asks its lane when it is asked
// itself: a program that never looks at a delivery pays nothing for it.

import { HoldfastError } from '@holdfast/protocol';
import { type EvictionCause, messageId, type Refused } from './core/index.js';

/** How a message ended. */
export type Outcome<Reply = unknown> =
  /** The agent's handler has done its work and the agent has recorded that. `reply`: what it answered, if anything. */
  | { readonly status: 'acknowledged'; readonly reply?: Reply }
  /** The handler refused it for good, or so often that its attempts are used up. It is a dead letter now. */
  | { readonly status: 'rejected'; readonly reason: string; readonly attempts: number }
  /** Its time was over before the agent had handled it. `attempts` above 0: the agent may have seen it. A dead letter. */
  | { readonly status: 'expired'; readonly reason: string; readonly attempts: number }
  /** It had to go without having been handled; `cause` says why. */
  | { readonly status: 'evicted'; readonly cause: EvictionCause; readonly reason: string; readonly attempts: number }
  /** It was called back, or the channel was closed and its store does not outlive the process. */
  | { readonly status: 'cancelled'; readonly reason: string; readonly attempts: number }
  /** The channel was closed first; the message is in the outbox and goes out when the channel is opened again. */
  | { readonly status: 'kept' }
  /** It is over, and how is not known any more: `settled` was first asked for long afterwards. */
  | { readonly status: 'forgotten' };

/** What a delivery asks its lane. */
export interface DeliverySource {
  readonly lane: string;
  /** See `Delivery.stored`. */
  stored(sequence: number): Promise<void>;
  /** See `Delivery.settled`. */
  settled(sequence: number): Promise<Outcome>;
  outcome(sequence: number): Outcome | undefined;
  cancel(sequence: number): boolean;
}

/** One message on its way. */
export class Delivery<Reply = unknown> {
  readonly #source: DeliverySource;
  readonly #epoch: string;
  readonly #sequence: number;

  /** Made by `channel.send`. A message that was never taken has the number 0. */
  constructor(source: DeliverySource, epoch: string, sequence: number) {
    this.#source = source;
    this.#epoch = epoch;
    this.#sequence = sequence;
  }

  /** Names the message on both ends, across restarts, once it is stored. `undefined`: it was never taken. */
  get id(): string | undefined {
    return this.#sequence === 0 ? undefined : messageId(this.#epoch, this.#source.lane, this.#sequence);
  }

  /**
   * Resolves when the message is safe: the store has it, or the agent has handled it already. From then on pulling the plug
   * loses nothing. Rejects with a `HoldfastError` (`OUTBOX_FULL`, `STORE_FAILED`, `MESSAGE_GIVEN_UP`) when that will never
   * be; unlike other promises it may be left alone then.
   */
  get stored(): Promise<void> {
    return this.#source.stored(this.#sequence);
  }

  /** Resolves once, with how the message ended. Never rejects. */
  get settled(): Promise<Outcome<Reply>> {
    return this.#source.settled(this.#sequence) as Promise<Outcome<Reply>>;
  }

  /** How the message ended, or `undefined` while it has not. */
  get outcome(): Outcome<Reply> | undefined {
    return this.#source.outcome(this.#sequence) as Outcome<Reply> | undefined;
  }

  /**
   * Calls the message back. Returns whether that works: not when it is over, in flight, or so far back in a long outbox that
   * it is in the store alone. Then it ends as cancelled.
   */
  cancel(): boolean {
    return this.#source.cancel(this.#sequence);
  }
}

/** Why a message was not taken. */
export function refusalError(cause: Refused): HoldfastError {
  return cause === 'outboxFull'
    ? new HoldfastError(
        'OUTBOX_FULL',
        'the outbox is full; wait until the agent has taken some, or give the outbox more room',
      )
    : new HoldfastError(
        'MESSAGE_GIVEN_UP',
        'a message of low importance can not go out now; send it again later, or give it more importance',
      );
}

/** Why a message that ended so will never be stored. */
export function neverStoredError(outcome: Outcome): HoldfastError {
  const reason = 'reason' in outcome ? outcome.reason : 'the channel was closed';
  if (outcome.status !== 'evicted')
    return new HoldfastError('MESSAGE_GIVEN_UP', `the message was ${outcome.status}: ${reason}`);
  const codes: Partial<Record<EvictionCause, 'OUTBOX_FULL' | 'STORE_FAILED'>> = {
    outboxFull: 'OUTBOX_FULL',
    storeFailed: 'STORE_FAILED',
    unreadable: 'STORE_FAILED',
  };
  return new HoldfastError(codes[outcome.cause] ?? 'MESSAGE_GIVEN_UP', reason);
}

/** How a message ends that is not settled when its channel is closed. */
export function closedOutcome(isDurable: boolean): Outcome {
  if (isDurable) return { status: 'kept' };
  const reason = 'the channel was closed, and its store does not outlive the process';
  return { status: 'cancelled', reason, attempts: 0 };
}

/** The delivery of a message that was not taken. */
export function evictedDelivery<Reply>(error: HoldfastError, cause: EvictionCause, lane: string): Delivery<Reply> {
  const outcome: Outcome = { status: 'evicted', cause, reason: error.message, attempts: 0 };
  const source: DeliverySource = {
    lane,
    stored: () => quietRejection(error),
    settled: async () => outcome,
    outcome: () => outcome,
    cancel: () => false,
  };
  return new Delivery(source, '', 0);
}

/** A rejected promise that nobody has to look at. */
export function quietRejection(error: HoldfastError): Promise<never> {
  const promise = Promise.reject(error);
  promise.catch(() => {});
  return promise;
}
