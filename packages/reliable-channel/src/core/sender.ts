// The sending half of a channel: outbox, window, ack timeout and retry schedule under one roof.
//
//   state     input        does                                                        next
//   down      linkUp       sends open                                                  opening
//   opening   opened       settles what is handled; everything else is to be sent      open
//   opening   ack timeout  sends open again                                            opening
//   open      ack          settles; the window moves on                                open
//   open      nack         its lane waits, then sends again from the refused message   open
//   open      nack notOpen sends open again                                            opening
//   open      ack timeout  sends the oldest run again, waits twice as long             open
//   any       linkDown     nothing is in flight any more                               down
//   any       close        nothing is sent any more                                    closed
//
// Storing goes on in every state. A message is sent only after it is stored, in the order of its number, and what has been
// sent stays in the outbox until it is acknowledged. A receiver that claims to know messages that were never sent makes
// this end begin a new epoch: stored messages are all sent under it, so nothing is lost.

import {
  type AckFrame,
  type ChannelFrame,
  highestOf,
  type Machine,
  NACK_CODE,
  type NackFrame,
  type OpenedFrame,
  type RandomUint32,
  type TimeoutInput,
} from '@holdfast/protocol/core';
import { AckTimer } from './ack-timer.js';
import { Outbox } from './outbox.js';
import type { OutboxMeta } from './outbox-record.js';
import { RetrySchedule } from './retry-schedule.js';
import type { SenderInput, SenderOptions, SenderOutput, SenderState } from './sender-contract.js';
import { StorageSchedule } from './storage-schedule.js';
import { Transmission } from './transmission.js';

const NEVER = Number.POSITIVE_INFINITY;

/** The state machine of a sending half. */
export class Sender implements Machine<SenderInput, SenderOutput> {
  readonly #random: RandomUint32;
  readonly #outbox: Outbox;
  readonly #storage: StorageSchedule;
  readonly #ackTimer: AckTimer;
  readonly #transmission: Transmission;
  readonly #retry: RetrySchedule;
  readonly #outputs: SenderOutput[] = [];
  #state: SenderState = 'down';
  /** The last message that was in the store when this process began: an earlier one may have sent it. */
  readonly #storedBefore: number;
  /** When the receiver's last `opened` came. */
  #openedAtMs = Number.NEGATIVE_INFINITY;
  /** Whether the channel is opened again with the next ack timeout. */
  #isReopenPlanned = false;
  #nowMs = 0;

  /** @param meta - the outbox as its store has it */
  constructor(options: SenderOptions, meta: OutboxMeta, random: RandomUint32) {
    this.#random = random;
    this.#outbox = new Outbox(options, meta);
    this.#storage = new StorageSchedule({ ...options, storeRetryMs: options.retryBackoff.maxMs }, this.#outbox);
    this.#ackTimer = new AckTimer(options.ackTimeout);
    const send = (frame: ChannelFrame): void => this.#send(frame);
    this.#transmission = new Transmission(options, this.#outbox, this.#ackTimer, send);
    this.#retry = new RetrySchedule(options.retryBackoff, random);
    this.#storedBefore = meta.next - 1;
  }

  get state(): SenderState {
    return this.#state;
  }

  get epoch(): string {
    return this.#outbox.epoch;
  }

  /** The number that the next `send` gets. */
  get nextSequence(): number {
    return this.#outbox.nextSequence;
  }

  /** Messages that are not settled, and the bytes of their batches. */
  get backlog(): { readonly messages: number; readonly bytes: number } {
    return { messages: this.#outbox.messageCount, bytes: this.#outbox.bytes };
  }

  /** Messages sent and not acknowledged. */
  get inFlight(): number {
    return this.#transmission.inFlight;
  }

  /** The smoothed round trip until the agent ack, in milliseconds, or `undefined` before the first. */
  get roundTripMs(): number | undefined {
    return this.#ackTimer.smoothedMs;
  }

  /** Whether the store has everything and nothing is asked of it: a closed sender can be let go. */
  get isStoreIdle(): boolean {
    return this.#storage.isIdle;
  }

  /** Whether an entry of this size is within the outbox's limits. */
  accepts(entryBytes: number): boolean {
    return this.#outbox.accepts(entryBytes);
  }

  /** Whether a message needs no more sending: the receiver has handled it, or it could not be stored. */
  isSettled(sequence: number): boolean {
    return this.#outbox.isSettled(sequence);
  }

  handle(input: SenderInput | TimeoutInput, nowMs: number): void {
    this.#nowMs = nowMs;
    switch (input.type) {
      case 'send':
        // Stored with the rest of its turn; `turnEnded` follows.
        this.#outbox.collect(input.entry);
        return;
      case 'turnEnded':
        break;
      case 'committed':
        this.#onCommitted();
        break;
      case 'commitFailed':
        this.#onCommitFailed(input.detail);
        break;
      case 'loaded':
        this.#storage.onLoaded(input.batches, input.upTo, nowMs);
        break;
      case 'loadFailed':
        this.#storage.onLoadFailed(nowMs);
        break;
      case 'linkUp':
        if (this.#state === 'down') this.#open();
        break;
      case 'linkDown':
        this.#onLinkDown();
        break;
      case 'room':
        this.#transmission.setRoom(input.bytes);
        break;
      case 'frame':
        this.#onFrame(input.frame);
        break;
      case 'close':
        this.#state = 'closed';
        this.#transmission.stop();
        this.#storage.close(nowMs);
        break;
      case 'timeout':
        this.#onTimeout();
        break;
    }
    this.#useStore();
    if (this.#state === 'open' && !this.#retry.isWaiting(nowMs)) this.#transmission.transmit(nowMs);
  }

  poll(): SenderOutput | undefined {
    return this.#outputs.shift();
  }

  nextTimeoutMs(): number | undefined {
    const retryAtMs = this.#state === 'open' ? (this.#retry.nextTimeoutMs(this.#nowMs) ?? NEVER) : NEVER;
    const dueMs = Math.min(this.#ackTimer.deadlineMs, retryAtMs, this.#storage.nextTimeoutMs());
    return dueMs === NEVER ? undefined : dueMs;
  }

  // ---- the store

  #useStore(): void {
    const operations = this.#storage.commit(this.#nowMs);
    if (operations !== undefined) this.#outputs.push({ type: 'commit', operations });
    const request = this.#state === 'closed' ? undefined : this.#storage.load(this.#nowMs);
    if (request !== undefined) this.#outputs.push({ type: 'load', ...request });
  }

  #onCommitted(): void {
    const wasEpochStored = this.#outbox.isEpochStored;
    const run = this.#outbox.onCommitted();
    if (this.#state === 'opening' && !wasEpochStored) this.#open();
    if (run !== undefined) this.#outputs.push({ type: 'stored', run });
  }

  #onCommitFailed(detail: string): void {
    const run = this.#storage.onCommitFailed(this.#nowMs);
    if (run !== undefined) this.#outputs.push({ type: 'storeFailed', run, detail });
  }

  // ---- the receiver

  #open(): void {
    this.#state = 'opening';
    this.#isReopenPlanned = false;
    this.#transmission.stop();
    // An epoch that a crash could take back must not be seen by the receiver; the commit that stores it opens the channel.
    if (!this.#outbox.isEpochStored) return;
    this.#send({ type: 'open', epoch: this.#outbox.epoch, floor: this.#outbox.certainFloor });
    this.#ackTimer.start(this.#nowMs);
  }

  #onLinkDown(): void {
    if (this.#state === 'closed') return;
    this.#state = 'down';
    this.#transmission.stop();
    this.#transmission.setRoom(0);
  }

  #onFrame(frame: ChannelFrame): void {
    // A frame of another epoch is an answer to a question that is not asked any more.
    if (frame.epoch !== this.#outbox.epoch) return;
    if (frame.type === 'opened' && this.#state === 'opening') this.#onOpened(frame);
    else if (this.#state !== 'open') return;
    // A second answer to an opening that was asked for twice says what an ack says.
    else if (frame.type === 'ack' || frame.type === 'opened') this.#onAck(frame);
    else if (frame.type === 'nack') this.#onNack(frame);
  }

  #onOpened(frame: OpenedFrame): void {
    if (!this.#isPossible(frame)) {
      this.#renew();
      return;
    }
    this.#state = 'open';
    this.#openedAtMs = this.#nowMs;
    this.#ackTimer.stop();
    this.#retry.onOpened();
    this.#transmission.setCredit(frame.credit);
    this.#settle(frame);
    this.#transmission.begin();
  }

  /**
   * The receiver knows numbers that were never sent: the store was put back to an earlier state. Under the old epoch new
   * messages would be taken for old ones and vanish, so the numbering gets a new name.
   */
  #renew(): void {
    this.#outbox.renew(newEpoch(this.#random));
    // A receiver that always claims too much must not make this end write without a pause.
    this.#ackTimer.backOff();
    this.#storage.commitAt(this.#nowMs + this.#ackTimer.timeoutMs);
    this.#open();
  }

  #onAck(frame: AckFrame | OpenedFrame): void {
    this.#transmission.setCredit(frame.credit);
    // Nobody can have handled what was never sent; such an ack is not believed.
    if (!this.#isPossible(frame)) return;
    const isNews = this.#settle(frame);
    this.#transmission.onAcknowledged(frame.handled, isNews, this.#nowMs);
  }

  #onNack(frame: NackFrame): void {
    if (frame.code === NACK_CODE.notOpen) this.#onNotOpen();
    else if (this.#transmission.onRefused(frame.from, this.#nowMs)) {
      this.#retry.onRefused(frame.from, frame.retryAfterMs, this.#nowMs);
    }
  }

  #onNotOpen(): void {
    // A receiver that keeps forgetting us is asked at the pace of the ack timeout, not at that of the link.
    if (this.#nowMs - this.#openedAtMs >= this.#ackTimer.timeoutMs) this.#open();
    else this.#isReopenPlanned = true;
  }

  /** Whether the frame names nothing but messages that may have been sent, on this connection or an earlier one. */
  #isPossible({ handled }: OpenedFrame | AckFrame): boolean {
    const knowable = Math.max(this.#storedBefore, this.#transmission.sentUpTo, this.#outbox.floor - 1);
    return highestOf(handled) <= knowable;
  }

  /** Settles what the receiver has handled; returns whether any of it is news. */
  #settle(frame: OpenedFrame | AckFrame): boolean {
    const news = this.#outbox.settle(frame.handled);
    for (const run of news) this.#outputs.push({ type: 'acknowledged', run });
    this.#storage.planDeletion(this.#nowMs);
    return news.length > 0;
  }

  #send(frame: ChannelFrame): void {
    this.#outputs.push({ type: 'frame', frame });
  }

  #onTimeout(): void {
    if (this.#nowMs < this.#ackTimer.deadlineMs) return;
    this.#ackTimer.backOff();
    if (this.#state === 'opening' || this.#isReopenPlanned) this.#open();
    else this.#transmission.resendOldest(this.#nowMs);
  }
}

/** Draws a name for one life of a numbering: 64 random bits as 16 hex digits. */
export function newEpoch(random: RandomUint32): string {
  return [random(), random()].map((part) => part.toString(16).padStart(8, '0')).join('');
}
