// Runs a sending half: the core, its outbox in a store, and the promises of its callers. It belongs to one receiver and
// outlives connections; whoever owns it attaches the carrier of each new one. Everything that decides lies in
// core/sender.ts; this file carries out and keeps the promises.

import { Driver, type EncodedMessage, HoldfastError, type TimerHandle } from '@holdfast/protocol';
import { invariant } from '@holdfast/protocol/core';
import type { FrameCarrier } from '@holdfast/transport';
import type { ChannelEvent, SendingStats } from './channel-events.js';
import {
  type OutgoingMessage,
  Sender,
  type SenderInput,
  type SenderOutput,
  type StoreOperation,
} from './core/index.js';
import { DeadLetterBox } from './dead-letter-box.js';
import { closedOutcome, type Delivery, evictedDelivery, refusalError } from './delivery.js';
import { DeliveryBook } from './delivery-book.js';
import type { MarksSurroundings, Origin, OutboxMarks } from './marks-contract.js';
import { MessageEncoder } from './message-encoder.js';
import { commitOutbox, lastRead, openOutbox, readBatches } from './outbox-store.js';
import type { SendOptions } from './send-options.js';
import type { SendingHalfOptions } from './sending-half-options.js';
import { sendingStats } from './sending-stats.js';
import { Waiters } from './waiters.js';

/** One receiver's sending half. */
export class SendingHalf {
  /** The messages that were given up. */
  readonly deadLetters: DeadLetterBox;
  readonly #options: SendingHalfOptions;
  readonly #sender: Sender;
  readonly #driver: Driver<SenderInput, SenderOutput>;
  readonly #encoder: MessageEncoder;
  readonly #deliveries: DeliveryBook;
  /** Which messages are those of other tabs; `undefined`: there are none. */
  readonly #marks: OutboxMarks | undefined;
  /** Those who wait for the half to come to rest, or to have room. */
  readonly #waiters = new Waiters();
  #carrier: FrameCarrier | undefined;
  #detach: (() => void) | undefined;
  #isTurnOpen = false;
  /** The first look at what the store has: how full it really is, and what has expired, although the link never comes up. */
  readonly #firstLook: TimerHandle;
  #toldState: Sender['state'] = 'down';
  #closing: Promise<void> | undefined;
  #isClosed = false;

  private constructor(
    options: SendingHalfOptions,
    sender: Sender,
    makeMarks?: (surroundings: MarksSurroundings) => OutboxMarks,
  ) {
    this.#options = options;
    this.#sender = sender;
    this.#encoder = new MessageEncoder(options.telemetry);
    this.#driver = new Driver(sender, options.runtime, (output) => this.#apply(output));
    // Not before those who are about to be given the channel can observe it.
    this.#firstLook = options.runtime.setTimer(0, () => this.#feed({ type: 'turnEnded' }));
    const isOver = (lane: string, sequence: number): boolean => sender.isOver(lane, sequence);
    this.#deliveries = new DeliveryBook({
      nextSequence: (lane) => sender.nextSequence(lane),
      isOver,
      cancel: (lane, sequence) => this.#cancel(lane, sequence),
    });
    const { runtime, commits } = options;
    const prefix = options.sender.keyPrefix;
    this.#marks = makeMarks?.({ runtime, commits, prefix, isOver });
    this.deadLetters = new DeadLetterBox({
      store: options.store,
      keyPrefix: prefix,
      ids: () => sender.deadLetters.ids,
      send: (message) => this.#accept(message),
      discard: (id) => this.#discardDeadLetter(id),
    });
  }

  /**
   * Opens the outbox in its store.
   *
   * @throws HoldfastError `STORE_FORMAT_UNKNOWN`
   */
  static async open(options: SendingHalfOptions): Promise<SendingHalf> {
    const { store, sender, runtime } = options;
    const sources = { random: runtime.randomUint32, wallClockMs: () => runtime.wallClockMs() };
    const commit = (operations: readonly StoreOperation[]): Promise<void> => options.commits.commit(() => operations);
    const opened = await openOutbox(store, sender.keyPrefix, sources, commit);
    const makeMarks = await options.marks?.(store, sender.keyPrefix);
    return new SendingHalf(options, new Sender(sender, opened, sources), makeMarks);
  }

  /** Takes the carrier of a new connection, in place of an earlier one. @throws HoldfastError `CHANNEL_EXISTS` */
  attach(carrier: FrameCarrier): void {
    this.detach();
    this.#carrier = carrier;
    try {
      this.#detach = carrier.attach('sending', {
        up: () => {
          this.#feed({ type: 'linkUp' });
          this.#feedRoom();
        },
        down: () => this.#feed({ type: 'linkDown' }),
        writable: () => this.#feedRoom(),
        frame: (frame) => this.#feed({ type: 'frame', frame }),
      });
    } catch (error) {
      this.#carrier = undefined;
      throw error;
    }
  }

  /** Lets the carrier go. */
  detach(): void {
    if (this.#detach === undefined) return;
    this.#detach();
    this.#detach = undefined;
    this.#carrier = undefined;
    this.#feed({ type: 'linkDown' });
  }

  /** See `ReliableChannel.send`. */
  send<Reply>(name: string, data: unknown, options?: SendOptions): Delivery<Reply> {
    this.#checkOpen();
    return this.#encoder.encode(name, data, options, (message) => this.#accept(message));
  }

  /** Sends a message of another tab; its data is encoded already. */
  sendMarked(origin: Origin, encoded: EncodedMessage, options?: SendOptions): Delivery<unknown> {
    this.#checkOpen();
    return this.#encoder.encodeGiven(encoded, options, (message) => this.#accept(message, origin));
  }

  /** Resolves when another message would have room. */
  ready(): Promise<void> {
    return this.#waiters.until(() => this.#sender.hasRoom || this.#sender.state === 'closed');
  }

  /** Resolves with true when the outbox is empty, or with false when the half is closed or the time is up before. */
  async drain({ timeoutMs }: { readonly timeoutMs?: number } = {}): Promise<boolean> {
    const isEmpty = (): boolean => this.#sender.isEmpty;
    const isDone = (): boolean => isEmpty() || this.#sender.state === 'closed';
    await this.#waiters.untilTimeout(isDone, this.#options.runtime, timeoutMs);
    return isEmpty();
  }

  /**
   * Whether nothing would be lost by closing it: it has no carrier, the store has everything that waits and keeps it, and
   * nobody waits for what it will say.
   */
  get isAtRest(): boolean {
    if (this.#isClosed) return true;
    const isKept = this.#options.store.isDurable || this.#sender.backlog.messages === 0;
    const isAwaited = this.#deliveries.isAsked || !this.#waiters.isEmpty;
    return this.#carrier === undefined && isKept && !isAwaited && this.#sender.isStoreIdle && !this.#isTurnOpen;
  }

  /** Stops sending, and waits until the store has everything. Messages that are not settled stay for the next time. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Where it stands now. */
  stats(): SendingStats {
    return sendingStats(this.#sender, this.#deliveries.tally, this.#options.runtime.nowMs());
  }

  async #close(): Promise<void> {
    this.#options.runtime.clearTimer(this.#firstLook);
    this.#marks?.close();
    this.#endTurn();
    this.#feed({ type: 'close' });
    await this.#waiters.until(() => this.#sender.isStoreIdle);
    this.detach();
    this.#driver.stop();
    this.#deliveries.onClosed(closedOutcome(this.#options.store.isDurable));
    this.#isClosed = true;
    this.#waiters.look();
  }

  #accept<Reply>(message: OutgoingMessage, origin?: Origin): Delivery<Reply> {
    this.#checkOpen();
    // The core copies the message at once; an input that had to wait would find the bytes of another one.
    invariant(!this.#driver.isFeeding, 'programs send in turns of their own');
    const { lane, importance } = message;
    if (!this.#sender.acceptsLane(lane)) {
      throw new HoldfastError(
        'TOO_MANY_LANES',
        `a channel has at most 256 lanes; use fewer names, or several channels`,
      );
    }
    const refused = this.#sender.refusalOf(message, this.#options.runtime.nowMs());
    if (refused !== undefined) {
      this.#deliveries.tally.onEvicted(refused, 1);
      return evictedDelivery(refusalError(refused), refused, lane);
    }
    const { epoch } = this.#sender;
    if (origin !== undefined) this.#marks?.take(origin, { lane, sequence: this.#sender.nextSequence(lane), epoch });
    const delivery = this.#deliveries.create<Reply>(lane, epoch, importance === 'critical');
    this.#driver.feed({ type: 'send', message });
    this.#planTurnEnd();
    return delivery;
  }

  #planTurnEnd(): void {
    if (this.#isTurnOpen) return;
    this.#isTurnOpen = true;
    this.#options.runtime.defer(() => this.#endTurn());
  }

  #endTurn(): void {
    this.#isTurnOpen = false;
    this.#feed({ type: 'turnEnded' });
  }

  #feedRoom(): void {
    const carrier = this.#carrier;
    if (carrier?.isUp === true) this.#feed({ type: 'room', bytes: carrier.freeBytes });
  }

  #feed(input: SenderInput): void {
    this.#driver.feed(input);
    const { state } = this.#sender;
    if (state !== this.#toldState) {
      this.#toldState = state;
      this.#emit({ type: 'stateChanged', state });
    }
    this.#waiters.look();
  }

  #apply(output: SenderOutput): void {
    switch (output.type) {
      case 'commit':
        void this.#commit(output);
        return;
      case 'load':
        void this.#load(output);
        return;
      case 'frame':
        this.#carrier?.sendFrame(output.frame);
        return;
      case 'stored':
      case 'acknowledged':
      case 'replied':
      case 'givenUp':
        this.#marks?.onNews(output);
        this.#emit(this.#deliveries.tell(output));
        return;
    }
  }

  async #commit({ operations }: Extract<SenderOutput, { type: 'commit' }>): Promise<void> {
    try {
      await commitOutbox(this.#options.commits, operations, this.#options.sender.keyPrefix, this.#marks);
      this.#feed({ type: 'committed' });
    } catch (error) {
      this.#feed({ type: 'commitFailed', detail: this.#reportStoreProblem(error) });
    }
  }

  async #load({ lane, from, upTo, maxBytes }: Extract<SenderOutput, { type: 'load' }>): Promise<void> {
    const { store, sender } = this.#options;
    try {
      const batches = await readBatches(store, sender.keyPrefix, { lane, from, maxBytes });
      this.#feed({ type: 'loaded', lane, batches, upTo, isDamaged: store.quarantinedCount > 0 });
      this.#marks?.onLoaded(lane, { first: from, last: lastRead(batches, upTo) });
    } catch (error) {
      this.#reportStoreProblem(error);
      this.#feed({ type: 'loadFailed', lane });
    }
  }

  #cancel(lane: string, sequence: number): boolean {
    if (this.#closing !== undefined || !this.#sender.canCancel(lane, sequence)) return false;
    this.#feed({ type: 'cancel', lane, sequence });
    return true;
  }

  /** Resolves when the store knows that it is gone. */
  async #discardDeadLetter(id: number): Promise<void> {
    this.#checkOpen();
    this.#feed({ type: 'discardDeadLetter', id });
    // Looked at when the wait ends: a moment later another message may have died.
    let isGone = false;
    await this.#waiters.until(() => {
      isGone = this.#sender.deadLetters.isStored;
      return isGone || this.#isClosed;
    });
    if (!isGone) {
      throw new HoldfastError('CHANNEL_CLOSED', 'the channel was closed before the store had let the dead letter go');
    }
  }

  #checkOpen(): void {
    if (this.#closing === undefined) return;
    throw new HoldfastError('CHANNEL_CLOSED', 'the channel is closed; open it again');
  }

  /** Observers may send and close: that has to wait until the core has taken what it is being fed. */
  #emit(event: ChannelEvent): void {
    this.#options.runtime.defer(() => this.#options.emit(event));
  }

  #reportStoreProblem(error: unknown): string {
    const detail = error instanceof Error ? error.message : String(error);
    this.#emit({ type: 'storeProblem', detail });
    return detail;
  }
}
