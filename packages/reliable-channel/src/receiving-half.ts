// Runs a receiving half: the core, its inbox records, and the handler. It belongs to one sender and outlives that sender's
// connections; whoever owns it attaches the carrier of each new one.

import {
  Driver,
  decodeData,
  encodeData,
  HoldfastError,
  NACK_CODE,
  ProtocolError,
  type Runtime,
} from '@holdfast/protocol';
import { fitReason, type Headers, REPLY_MAX_BYTES } from '@holdfast/protocol/core';
import type { FrameCarrier } from '@holdfast/transport';
import {
  type HandlerAnswer,
  type InboxContents,
  messageId,
  type Pause,
  type ReceivedMessage,
  Receiver,
  type ReceiverInput,
  type ReceiverOutput,
} from './core/index.js';
import type { GroupCommit } from './group-commit.js';
import type { HandlingResult } from './handler-answers.js';
import { readInbox } from './inbox-store.js';
import { inboxTransaction } from './inbox-transaction.js';
import type { IncomingMessage } from './incoming-message.js';
import type { ApplicationDatabase, Store } from './store.js';

/** The parts that a receiving half works with. */
export interface ReceivingHalfOptions {
  readonly runtime: Runtime;
  /** Whose messages these are; names the records in the inbox. */
  readonly senderId: string;
  /** Messages that may be in flight, in all lanes together. */
  readonly creditMessages: number;
  readonly inbox: GroupCommit;
  /** Handles one message. It must not throw. Without a promise the next message follows at once. */
  handle(message: IncomingMessage): HandlingResult | Promise<HandlingResult>;
  /** So many more messages wait for the handler than before, or fewer. */
  onWaitingChanged(change: number): void;
  /** The inbox could not be written; the message is not acknowledged and will come again. */
  onStoreProblem(detail: string): void;
  /** A handler's reply can not be sent; its message counts as handled without one. */
  onReplyDropped(message: Pick<IncomingMessage, 'id' | 'name'>, detail: string): void;
  /** The data of a message makes no sense; the message was refused for good. */
  onDataRefused(message: Pick<IncomingMessage, 'id' | 'name'>, detail: string): void;
}

/** How far a message is with its handler. */
interface Handling {
  /** The transaction that is to make it handled. */
  transaction: Promise<unknown> | undefined;
  isRecorded: boolean;
  hasEnded: boolean;
}

const NO_HEADERS: Headers = {};
const UNFINISHED: Pause = {
  code: NACK_CODE.handlerFailed,
  retryAfterMs: 0,
  reason: 'the transaction of the handler failed',
};

/** One sender's receiving half. */
export class ReceivingHalf {
  readonly #options: ReceivingHalfOptions;
  readonly #store: Store;
  readonly #receiver: Receiver;
  readonly #driver: Driver<ReceiverInput, ReceiverOutput>;
  #carrier: FrameCarrier | undefined;
  #detach: (() => void) | undefined;
  /** Whether `turnEnded` is on its way. */
  #isTurnOpen = false;
  #idleWaiters: (() => void)[] = [];
  /** What the owner was last told about the messages that wait. */
  #toldWaitingCount = 0;

  private constructor(store: Store, options: ReceivingHalfOptions, contents: InboxContents) {
    const { runtime, senderId, creditMessages } = options;
    this.#options = options;
    this.#store = store;
    this.#receiver = new Receiver({ senderId, creditMessages }, contents);
    this.#driver = new Driver(this.#receiver, runtime, (output) => this.#apply(output));
  }

  /** Makes the receiving half of one sender from what the inbox remembers of it. */
  static async open(store: Store, options: ReceivingHalfOptions): Promise<ReceivingHalf> {
    return new ReceivingHalf(store, options, await readInbox(store, options.senderId));
  }

  /** Messages that wait for the handler. */
  get waitingCount(): number {
    return this.#receiver.waitingCount;
  }

  /** Bytes of their data. */
  get waitingBytes(): number {
    return this.#receiver.waitingBytes;
  }

  /** When the one that has waited longest came, in monotonic milliseconds; `undefined`: none waits. */
  get waitingSinceMs(): number | undefined {
    return this.#receiver.waitingSinceMs;
  }

  /** Results that the sender is not known to have. */
  get keptResults(): number {
    return this.#receiver.keptResults;
  }

  /** Whether it can be let go and made again from the inbox. */
  get isIdle(): boolean {
    return this.#carrier === undefined && this.#receiver.isIdle;
  }

  /** Takes the carrier of a new connection, in place of an earlier one. */
  attach(carrier: FrameCarrier): void {
    this.detach();
    this.#carrier = carrier;
    this.#detach = carrier.attach('receiving', {
      up: () => this.#feed({ type: 'linkUp' }),
      down: () => this.#feed({ type: 'linkDown' }),
      writable: () => {},
      frame: (frame) => this.#feed({ type: 'frame', frame }),
    });
  }

  /** Lets the carrier go. A handler that runs goes on. */
  detach(): void {
    if (this.#detach === undefined) return;
    this.#detach();
    this.#detach = undefined;
    this.#carrier = undefined;
    this.#feed({ type: 'linkDown' });
  }

  /** Resolves when no handler runs and everything that was handled is recorded. */
  async whenIdle(): Promise<void> {
    if (this.#receiver.isIdle) return;
    await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
  }

  /** Gives back everything that comes, until `resume`; what waits already, too, unless `keepsWaiting`. */
  pause(pause: Pause, { keepsWaiting = false }: { readonly keepsWaiting?: boolean } = {}): void {
    this.#feed({ type: 'pause', pause, keepsWaiting });
  }

  resume(): void {
    this.#feed({ type: 'resume' });
  }

  /** So many messages may be in flight from now on, `creditMessages` at most. 0: none. */
  setCredit(messages: number): void {
    this.#feed({ type: 'credit', messages });
  }

  #apply(output: ReceiverOutput): void {
    switch (output.type) {
      case 'frame':
        this.#carrier?.sendFrame(output.frame);
        return;
      case 'record':
        void this.#record();
        return;
      case 'deliver':
        this.#deliver(output.message);
        return;
    }
  }

  async #record(): Promise<void> {
    try {
      await this.#options.inbox.commit(() => this.#receiver.beginRecord());
      this.#feed({ type: 'recorded' });
    } catch (error) {
      this.#options.onStoreProblem(error instanceof Error ? error.message : String(error));
      this.#feed({ type: 'recordFailed' });
    }
  }

  #deliver(received: ReceivedMessage): void {
    const { epoch, lane, sequence, name, headers = NO_HEADERS, attempt } = received;
    const id = messageId(epoch, lane, sequence);
    const data = decodeData(received.data);
    if (data instanceof ProtocolError) {
      this.#options.onDataRefused({ id, name }, data.message);
      this.#end(received, { status: 'rejected', reason: `${data.code}: ${data.message}` });
      return;
    }
    const handling: Handling = { transaction: undefined, isRecorded: false, hasEnded: false };
    const transact = <T>(work: (database: never) => T): Promise<T> => this.#transact(received, handling, work as never);
    const message = { id, name, lane, headers, attempt, data: data.value, inboxTransaction: transact };
    const result = this.#options.handle(message);
    // A handler that is done at once costs no promise.
    if (result instanceof Promise) void result.then((later) => this.#onHandled(received, handling, later));
    else this.#onHandled(received, handling, result);
  }

  #onHandled(received: ReceivedMessage, handling: Handling, result: HandlingResult): void {
    handling.hasEnded = true;
    const { transaction } = handling;
    if (transaction === undefined) this.#end(received, handling.isRecorded ? undefined : result);
    else {
      // The handler did not wait for its own transaction; whether it is done is decided there.
      transaction.then(
        () => this.#end(received, undefined),
        () => this.#end(received, { status: 'again', pause: UNFINISHED }),
      );
    }
  }

  /** The handler is done with a message. */
  #end(received: ReceivedMessage, result: HandlingResult): void {
    const { epoch, lane, sequence } = received;
    if (result?.status === 'again') {
      this.#feed({ type: 'failed', epoch, lane, sequence, pause: result.pause });
      return;
    }
    this.#feed({ type: 'handled', epoch, lane, sequence, answer: this.#answerOf(received, result) });
    this.#planTurnEnd();
  }

  #answerOf(received: ReceivedMessage, result: HandlingResult): HandlerAnswer | undefined {
    if (result?.status === 'rejected') return { kind: 'rejected', reason: fitReason(result.reason) };
    return result?.status === 'replied' ? this.#replyOf(received, result.reply) : undefined;
  }

  /** A reply in bytes; `undefined` when there is none, or it can not be sent. */
  #replyOf({ epoch, lane, sequence, name }: ReceivedMessage, reply: unknown): HandlerAnswer | undefined {
    if (reply === undefined) return undefined;
    try {
      const value = Uint8Array.from(encodeData(reply));
      if (value.length <= REPLY_MAX_BYTES) return { kind: 'reply', value };
      throw new RangeError(`the reply has ${value.length} bytes; at most ${REPLY_MAX_BYTES} are allowed`);
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      this.#options.onReplyDropped({ id: messageId(epoch, lane, sequence), name }, detail);
      return undefined;
    }
  }

  async #transact<T>(
    received: ReceivedMessage,
    handling: Handling,
    work: (database: ApplicationDatabase) => T,
  ): Promise<T> {
    if (handling.isRecorded || handling.transaction !== undefined)
      throw refused('the message has a transaction already');
    if (handling.hasEnded) throw refused('the handler of the message has ended');
    const { epoch, lane, sequence } = received;
    const transaction = inboxTransaction(this.#store, this.#options.inbox, work, (result) => {
      const answer = this.#replyOf(received, result);
      return this.#receiver.beginTransaction({ epoch, lane, sequence, answer });
    });
    handling.transaction = transaction;
    try {
      const result = await transaction;
      handling.isRecorded = true;
      this.#feed({ type: 'recorded' });
      return result;
    } catch (error) {
      if (this.#receiver.isRecording) this.#feed({ type: 'recordFailed' });
      throw error;
    } finally {
      handling.transaction = undefined;
    }
  }

  #planTurnEnd(): void {
    if (this.#isTurnOpen) return;
    this.#isTurnOpen = true;
    this.#options.runtime.defer(() => {
      this.#isTurnOpen = false;
      this.#feed({ type: 'turnEnded' });
    });
  }

  #feed(input: ReceiverInput): void {
    this.#driver.feed(input);
    if (this.#idleWaiters.length > 0 && this.#receiver.isIdle)
      for (const resolve of this.#idleWaiters.splice(0)) resolve();
    const change = this.#receiver.waitingCount - this.#toldWaitingCount;
    if (change === 0) return;
    this.#toldWaitingCount += change;
    this.#options.onWaitingChanged(change);
  }
}

function refused(why: string): HoldfastError {
  return new HoldfastError('TRANSACTION_REFUSED', `${why}, so it can not be recorded in this transaction`);
}
