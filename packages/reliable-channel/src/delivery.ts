// The caller's handle on one message. It knows nothing but the message's number, and asks the channel when it is asked
// itself: a program that never looks at a delivery pays nothing for it.

import type { HoldfastError } from '@holdfast/protocol';

/** How a message ended. */
export type Outcome =
  /** The agent's handler has done its work and the agent has recorded that. */
  | { readonly status: 'acknowledged' }
  /** The message was never sent: the outbox was full, or it could not be stored. */
  | { readonly status: 'evicted'; readonly reason: string }
  /** The channel was closed first; the message is in the outbox and goes out when the channel is opened again. */
  | { readonly status: 'kept' }
  /** The channel was closed first, and its store does not outlive the process. */
  | { readonly status: 'cancelled'; readonly reason: string };

/** What a delivery asks its channel. */
export interface DeliverySource {
  /** See `Delivery.stored`. The same promise whenever it is asked for the same message. */
  stored(sequence: number): Promise<void>;
  /** See `Delivery.settled`. */
  settled(sequence: number): Promise<Outcome>;
  outcome(sequence: number): Outcome | undefined;
}

/** One message on its way. */
export class Delivery {
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
    return this.#sequence === 0 ? undefined : `${this.#epoch}-${this.#sequence}`;
  }

  /**
   * Resolves when the store has the message: from then on pulling the plug loses nothing. Rejects with a `HoldfastError`
   * (`OUTBOX_FULL`, `STORE_FAILED`) when that will never be; unlike other promises it may be left alone then.
   */
  get stored(): Promise<void> {
    return this.#source.stored(this.#sequence);
  }

  /** Resolves once, with how the message ended. Never rejects. */
  get settled(): Promise<Outcome> {
    return this.#source.settled(this.#sequence);
  }

  /** How the message ended, or `undefined` while it has not. */
  get outcome(): Outcome | undefined {
    return this.#source.outcome(this.#sequence);
  }
}

/** The delivery of a message that was not taken. */
export function evictedDelivery(error: HoldfastError, reason: string): Delivery {
  const outcome: Outcome = { status: 'evicted', reason };
  const source: DeliverySource = {
    stored: () => quietRejection(error),
    settled: async () => outcome,
    outcome: () => outcome,
  };
  return new Delivery(source, '', 0);
}

/** A rejected promise that nobody has to look at. */
export function quietRejection(error: HoldfastError): Promise<never> {
  const promise = Promise.reject(error);
  promise.catch(() => {});
  return promise;
}
