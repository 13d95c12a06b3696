// One message of a tab, from `send` to its end, and what its sender sees of it.

import { decodeData, HoldfastError, type HoldfastErrorCode, ProtocolError } from '@holdfast/protocol';
import { messageId } from '../core/index.js';
import { Deferred } from '../deferred.js';
import { neverStoredError, type Outcome, quietRejection } from '../delivery.js';
import type { HandedEnd, HandedMessage } from './bus-message.js';

/** A message of a shared channel on its way. Its end is told in the tab that has sent it, whichever tab leads. */
export interface SharedDelivery<Reply = unknown> {
  /** Names the message on both ends, across restarts. `undefined`: it is not known to be stored. */
  readonly id: string | undefined;
  /**
   * Resolves when the message is safe: the store has it. From then on the end of any tab, and of the browser, loses nothing.
   * Rejects with a `HoldfastError` (`OUTBOX_FULL`, `STORE_FAILED`, `MESSAGE_GIVEN_UP`, `TOO_MANY_LANES`) when that will never be; unlike
   * other promises it may be left alone then.
   */
  readonly stored: Promise<void>;
  /** Resolves once, with how the message ended. Never rejects. */
  readonly settled: Promise<Outcome<Reply>>;
  /** How the message ended, or `undefined` while it has not. */
  readonly outcome: Outcome<Reply> | undefined;
}

/** A message that its tab keeps: until it is stored all of it, then what its sender may ask. */
export class TabMessage implements SharedDelivery {
  readonly n: number;
  /** What is handed to the leader, until it is stored or over. */
  handed: HandedMessage | undefined;
  id: string | undefined;
  outcome: Outcome | undefined;
  #isStored = false;
  #error: HoldfastError | undefined;
  #storing: Deferred<void> | undefined;
  #settling: Deferred<Outcome> | undefined;

  constructor(handed: HandedMessage) {
    this.n = handed.n;
    this.handed = handed;
  }

  get stored(): Promise<void> {
    if (this.#isStored) return Promise.resolve();
    if (this.#error !== undefined) return quietRejection(this.#error);
    this.#storing ??= new Deferred();
    return this.#storing.promise;
  }

  get settled(): Promise<Outcome> {
    if (this.outcome !== undefined) return Promise.resolve(this.outcome);
    this.#settling ??= new Deferred();
    return this.#settling.promise;
  }

  /** The store has it, as this message of a lane. */
  onStored(epoch: string, lane: string, sequence: number): void {
    this.id = messageId(epoch, lane, sequence);
    this.#isStored = true;
    this.handed = undefined;
    this.#storing?.resolve();
  }

  /** It is over. */
  onOver({ outcome, reply, code }: HandedEnd): void {
    const value = reply === undefined ? undefined : decodeData(reply);
    // The work is done all the same; a reply that can not be read is none.
    const hasReply = value !== undefined && !(value instanceof ProtocolError);
    this.outcome = hasReply ? { status: 'acknowledged', reply: value.value } : outcome;
    this.handed = undefined;
    this.#settling?.resolve(this.outcome);
    if (this.#isStored) return;
    if (outcome.status === 'acknowledged') {
      this.#isStored = true;
      this.#storing?.resolve();
      return;
    }
    const reason = 'reason' in outcome ? outcome.reason : 'nobody knows why';
    this.#error = code === undefined ? neverStoredError(outcome) : new HoldfastError(code as HoldfastErrorCode, reason);
    this.#storing?.reject(this.#error);
  }
}
