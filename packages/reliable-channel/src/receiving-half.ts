// Runs a receiving half: the core, its inbox record, and the handler. It belongs to one sender and outlives that sender's
// connections; whoever owns it attaches the carrier of each new one.

import { Driver, decodeData, NACK_CODE, ProtocolError, type Runtime } from '@holdfast/protocol';
import type { FrameCarrier } from '@holdfast/transport';
import {
  decodeInbox,
  encodeInbox,
  type InboxRecord,
  inboxKey,
  type Pause,
  type ReceivedMessage,
  Receiver,
  type ReceiverInput,
  type ReceiverOutput,
} from './core/index.js';
import type { GroupCommit } from './group-commit.js';
import type { Store } from './store.js';

/** A message for a handler. */
export interface IncomingMessage {
  /** Names the message for good: the same when it comes again, on both ends, across restarts. */
  readonly id: string;
  readonly name: string;
  readonly data: unknown;
  readonly lane: string;
  /** How often it has been sent; more than 1: an earlier handling may have been cut short. */
  readonly attempt: number;
}

/** What became of a message: `undefined` when it was handled, else why it must come again. */
export type HandlingResult = Pause | undefined;

/** The parts that a receiving half works with. */
export interface ReceivingHalfOptions {
  readonly runtime: Runtime;
  /** Whose messages these are; names the record in the inbox. */
  readonly senderId: string;
  readonly creditMessages: number;
  readonly inbox: GroupCommit;
  /** Handles one message. It must not throw. Without a promise the next message follows at once. */
  handle(message: IncomingMessage): HandlingResult | Promise<HandlingResult>;
  /** So many more messages wait for the handler than before, or fewer. */
  onWaitingChanged(change: number): void;
  /** The inbox could not be written; the message is not acknowledged and will come again. */
  onStoreProblem(detail: string): void;
}

/** One sender's receiving half. */
export class ReceivingHalf {
  readonly #options: ReceivingHalfOptions;
  readonly #receiver: Receiver;
  readonly #driver: Driver<ReceiverInput, ReceiverOutput>;
  #carrier: FrameCarrier | undefined;
  #detach: (() => void) | undefined;
  /** Whether `turnEnded` is on its way. */
  #isTurnOpen = false;
  /** What the owner was last told about the messages that wait. */
  #toldWaitingCount = 0;

  private constructor(options: ReceivingHalfOptions, record: InboxRecord | undefined) {
    this.#options = options;
    this.#receiver = new Receiver({ creditMessages: options.creditMessages }, record);
    this.#driver = new Driver(this.#receiver, options.runtime, (output) => this.#apply(output));
  }

  /** Makes the receiving half of one sender from what the inbox remembers of it. */
  static async open(store: Store, options: ReceivingHalfOptions): Promise<ReceivingHalf> {
    const bytes = await store.get(inboxKey(options.senderId));
    const record = bytes === undefined ? undefined : decodeInbox(bytes);
    // An unreadable record must not be taken for an empty one: that would repeat messages.
    if (record instanceof ProtocolError) throw record;
    return new ReceivingHalf(options, record);
  }

  /** Messages that wait for the handler. */
  get waitingCount(): number {
    return this.#receiver.waitingCount;
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
      down: () => this.detach(),
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

  /** Gives back everything that comes, until `resume`; what waits already, too, unless `keepsWaiting`. */
  pause(pause: Pause, { keepsWaiting = false }: { readonly keepsWaiting?: boolean } = {}): void {
    this.#feed({ type: 'pause', pause, keepsWaiting });
  }

  resume(): void {
    this.#feed({ type: 'resume' });
  }

  #apply(output: ReceiverOutput): void {
    switch (output.type) {
      case 'frame':
        this.#carrier?.sendFrame(output.frame);
        return;
      case 'record':
        void this.#record(output.record);
        return;
      case 'deliver':
        this.#deliver(output.message);
        return;
    }
  }

  async #record(record: InboxRecord): Promise<void> {
    const key = inboxKey(this.#options.senderId);
    try {
      await this.#options.inbox.commit([{ type: 'put', key, value: encodeInbox(record) }]);
      this.#feed({ type: 'recorded' });
    } catch (error) {
      this.#options.onStoreProblem(error instanceof Error ? error.message : String(error));
      this.#feed({ type: 'recordFailed' });
    }
  }

  #deliver(message: ReceivedMessage): void {
    const { epoch, sequence, name, lane, attempt } = message;
    const data = decodeData(message.data);
    if (data instanceof ProtocolError) {
      const pause = { code: NACK_CODE.handlerFailed, retryAfterMs: 0, reason: data.message };
      this.#feed({ type: 'failed', epoch, sequence, pause });
      return;
    }
    const result = this.#options.handle({ id: `${epoch}-${sequence}`, name, lane, attempt, data: data.value });
    // A handler that is done at once costs no promise.
    if (result instanceof Promise) void result.then((later) => this.#onHandled(message, later));
    else this.#onHandled(message, result);
  }

  #onHandled({ epoch, sequence }: ReceivedMessage, pause: HandlingResult): void {
    if (pause === undefined) {
      this.#feed({ type: 'handled', epoch, sequence });
      this.#planTurnEnd();
    } else this.#feed({ type: 'failed', epoch, sequence, pause });
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
    const change = this.#receiver.waitingCount - this.#toldWaitingCount;
    if (change === 0) return;
    this.#toldWaitingCount += change;
    this.#options.onWaitingChanged(change);
  }
}
