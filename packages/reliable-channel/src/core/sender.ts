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
//   not closed  results    settles those messages, as replied or refused for good      the same
//   any       linkDown     nothing is in flight any more                               down
//   any       close        nothing is sent any more                                    closed
//
// Storing goes on in every state. A message that has to be stored first is sent only after that; in each lane messages go
// in the order of their numbers; and what has been sent stays in the outbox until it is settled. A receiver that claims to
// know messages that were never sent makes this end begin a new epoch: stored messages are all sent under it, so nothing is
// lost.

import {
  type AckFrame,
  type ChannelFrame,
  highestOf,
  type LaneHandled,
  type Machine,
  NACK_CODE,
  type NackFrame,
  type OpenedFrame,
  type RandomUint32,
  type ResultsFrame,
  type TimeoutInput,
} from '@holdfast/protocol/core';
import { AckTimer } from './ack-timer.js';
import { AgeClock } from './age-clock.js';
import { Attrition } from './attrition.js';
import type { DeadLetters } from './dead-letters.js';
import { Outbox } from './outbox.js';
import type { LaneEnd, LaneRun, OpenedOutbox } from './outbox-contract.js';
import type { OutboxLane } from './outbox-lane.js';
import type {
  OutgoingMessage,
  Refused,
  SenderInput,
  SenderOptions,
  SenderOutput,
  SenderState,
} from './sender-contract.js';
import { StorageSchedule } from './storage-schedule.js';
import { Transmission } from './transmission.js';

const NEVER = Number.POSITIVE_INFINITY;

/** What a sending half has from outside. */
export interface SenderSources {
  readonly random: RandomUint32;
  /** Milliseconds since 1970; it may leap. */
  readonly wallClockMs: () => number;
}

/** The state machine of a sending half. */
export class Sender implements Machine<SenderInput, SenderOutput> {
  readonly #sources: SenderSources;
  readonly #outbox: Outbox;
  readonly #age: AgeClock;
  readonly #storage: StorageSchedule;
  readonly #ackTimer: AckTimer;
  readonly #transmission: Transmission;
  readonly #attrition: Attrition;
  readonly #outputs: SenderOutput[] = [];
  /** How many of them have been taken. */
  #polled = 0;
  #state: SenderState = 'down';
  /** When the receiver's last `opened` came. */
  #openedAtMs = Number.NEGATIVE_INFINITY;
  /** Whether the channel is opened again with the next ack timeout. */
  #isReopenPlanned = false;
  #nowMs = 0;

  /** @param opened - the outbox as its store has it */
  constructor(options: SenderOptions, opened: OpenedOutbox, sources: SenderSources) {
    this.#sources = sources;
    this.#outbox = new Outbox(options, opened);
    this.#age = new AgeClock(opened.meta);
    this.#storage = new StorageSchedule({ ...options, storeRetryMs: options.retryBackoff.maxMs }, this.#outbox);
    this.#ackTimer = new AckTimer(options.ackTimeout);
    const emit = (frame: ChannelFrame): void => this.#send(frame);
    const parts = { outbox: this.#outbox, ackTimer: this.#ackTimer, random: sources.random, emit };
    this.#transmission = new Transmission(options, parts);
    this.#attrition = new Attrition(options, this.#outbox, this.#transmission, (ends) => this.#tellEnds(ends));
  }

  get state(): SenderState {
    return this.#state;
  }

  get epoch(): string {
    return this.#outbox.epoch;
  }

  /** The number that the next `send` in a lane gets. */
  nextSequence(lane: string): number {
    return this.#outbox.lane(lane)?.nextSequence ?? 1;
  }

  /** Messages that are not settled, and the bytes of their batches. */
  get backlog(): { readonly messages: number; readonly bytes: number } {
    return { messages: this.#outbox.messageCount, bytes: this.#outbox.bytes };
  }

  /** The lanes that have ever been used. */
  get lanes(): Iterable<OutboxLane> {
    return this.#outbox.lanes;
  }

  /** Messages sent and not acknowledged. */
  get inFlight(): number {
    return this.#transmission.inFlight;
  }

  /** The smoothed round trip until the agent ack, in milliseconds, or `undefined` before the first. */
  get roundTripMs(): number | undefined {
    return this.#ackTimer.smoothedMs;
  }

  /** How long the oldest message in memory has waited, in milliseconds, as far as that can be known; 0: none waits. */
  oldestAgeMs(nowMs: number): number {
    let oldestMs = NEVER;
    for (const lane of this.#outbox.lanes) oldestMs = Math.min(oldestMs, lane.batches[0]?.acceptedAtMs ?? NEVER);
    return oldestMs === NEVER ? 0 : Math.max(0, this.#age.ageMs(nowMs) - oldestMs);
  }

  /** The dead letters: for reading. */
  get deadLetters(): Pick<DeadLetters, 'ids' | 'bytes' | 'dropped' | 'isStored'> {
    return this.#outbox.deadLetters;
  }

  /** Whether the store has everything and nothing is asked of it: a closed sender can be let go. */
  get isStoreIdle(): boolean {
    return this.#storage.isIdle;
  }

  /** Whether a producer need not wait: a small message would be within the limits. */
  get hasRoom(): boolean {
    return !this.#outbox.isFullFor(1);
  }

  /** Whether a lane of this name exists, or may be opened. */
  acceptsLane(lane: string): boolean {
    return this.#outbox.acceptsLane(lane);
  }

  /** Why a message can not be taken now; `undefined`: it can. */
  refusalOf({ lane, entry, importance }: OutgoingMessage, nowMs: number): Refused | undefined {
    if (importance === 'low' && !this.#canSend(lane, nowMs)) return 'notSendable';
    if (!this.#outbox.isFullFor(entry.length) || this.#outbox.canWait(entry.length)) return undefined;
    return this.#attrition.canMakeRoom(entry.length) ? undefined : 'outboxFull';
  }

  /** Whether a message is over, and the store knows that if it has to. */
  isOver(lane: string, sequence: number): boolean {
    return this.#outbox.lane(lane)?.isOver(sequence) ?? false;
  }

  /** Whether a message can be called back. */
  canCancel(lane: string, sequence: number): boolean {
    return this.#attrition.canCancel(lane, sequence);
  }

  /** Messages sent since this process began, those sent again included. */
  get attempts(): number {
    return this.#transmission.attempts;
  }

  handle(input: SenderInput | TimeoutInput, nowMs: number): void {
    this.#nowMs = nowMs;
    if (input.type === 'send') {
      // Stored with the rest of its turn; `turnEnded` follows.
      this.#collect(input.message);
      return;
    }
    this.#age.look(nowMs, this.#sources.wallClockMs());
    switch (input.type) {
      case 'turnEnded':
        break;
      case 'cancel':
        this.#attrition.cancel(input.lane, input.sequence);
        break;
      case 'discardDeadLetter':
        this.#outbox.deadLetters.remove(input.id);
        break;
      case 'committed':
        this.#onCommitted();
        break;
      case 'commitFailed':
        this.#onCommitFailed(input.detail);
        break;
      case 'loaded':
        this.#tellUnreadable(this.#storage.onLoaded(input, nowMs));
        break;
      case 'loadFailed':
        this.#storage.onLoadFailed(input.lane, nowMs);
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
    this.#advance();
  }

  poll(): SenderOutput | undefined {
    const output = this.#outputs[this.#polled];
    if (output !== undefined) {
      this.#polled += 1;
      return output;
    }
    // Taken from the front one by one, many outputs would be moved many times.
    if (this.#polled > 0) this.#outputs.length = 0;
    this.#polled = 0;
    return undefined;
  }

  nextTimeoutMs(): number | undefined {
    const retryAtMs = this.#state === 'open' ? this.#transmission.nextTimeoutMs(this.#nowMs) : NEVER;
    const dueMs = Math.min(this.#ackTimer.deadlineMs, retryAtMs, this.#storage.nextTimeoutMs(), this.#expiryAtMs());
    return dueMs === NEVER ? undefined : dueMs;
  }

  #expiryAtMs(): number {
    return this.#state === 'closed' ? NEVER : this.#nowMs + this.#attrition.nextExpiryMs - this.#age.ageMs(this.#nowMs);
  }

  // ---- what follows every input

  #advance(): void {
    const isClosed = this.#state === 'closed';
    const ageMs = this.#age.ageMs(this.#nowMs);
    this.#tellEvicted(this.#outbox.routeCollected((lane) => this.#canSend(lane, this.#nowMs), isClosed));
    if (!isClosed) this.#attrition.expire(ageMs, this.#sources.wallClockMs());
    if (this.#state === 'open') this.#transmission.transmit(this.#nowMs);
    this.#attrition.releaseUnstored();
    if (isClosed) this.#attrition.releaseEntering();
    this.#storage.planCommit(this.#nowMs);
    if (this.#storage.isCommitDue(this.#nowMs)) {
      const operations = this.#storage.beginCommit(ageMs, this.#sources.wallClockMs());
      this.#outputs.push({ type: 'commit', operations });
    }
    for (let load = this.#storage.load(this.#nowMs); load !== undefined; load = this.#storage.load(this.#nowMs)) {
      this.#outputs.push({ type: 'load', ...load });
    }
  }

  #canSend(lane: string, nowMs: number): boolean {
    return this.#state === 'open' && this.#transmission.canSend(this.#outbox.lane(lane), nowMs);
  }

  #collect(message: OutgoingMessage): void {
    const { length } = message.entry;
    if (this.#outbox.isFullFor(length) && !this.#outbox.canWait(length)) this.#attrition.makeRoom(length);
    // What was not counted yet would make this message older than it is.
    if (this.#age.isOpen) this.#age.look(this.#nowMs, this.#sources.wallClockMs());
    this.#age.fix();
    const ageMs = this.#age.ageMs(this.#nowMs);
    const sequence = this.#outbox.collect(message, ageMs);
    const { coalesceKey } = message.traits;
    if (coalesceKey !== undefined) this.#attrition.replace(message.lane, coalesceKey, sequence);
  }

  // ---- the store

  #onCommitted(): void {
    const wasEpochStored = this.#outbox.isEpochStored;
    const { stored, ends } = this.#outbox.onCommitted();
    if (this.#state === 'opening' && !wasEpochStored) this.#open();
    // Ends first: one can be of a message that was never stored, and what is stored now lies behind it.
    this.#tellEnds(ends);
    for (const run of stored) this.#outputs.push({ type: 'stored', ...run });
  }

  #onCommitFailed(detail: string): void {
    const outcome = { status: 'evicted', cause: 'storeFailed', reason: detail } as const;
    for (const run of this.#storage.onCommitFailed(this.#nowMs)) {
      this.#outputs.push({ type: 'givenUp', ...run, outcome, attempts: 0 });
    }
    // A closed outbox does not try again: what has never been stored ends here.
    if (this.#state === 'closed') this.#attrition.evictUnstored(outcome);
  }

  #tellUnreadable(runs: readonly LaneRun[]): void {
    const reason = 'its record in the store can not be read any more; check the disk';
    const outcome = { status: 'evicted', cause: 'unreadable', reason } as const;
    for (const run of runs) this.#outputs.push({ type: 'givenUp', ...run, outcome, attempts: 0 });
  }

  #tellEvicted(runs: readonly LaneRun[]): void {
    const reason = 'it is of low importance and could not go out at once';
    const outcome = { status: 'evicted', cause: 'notSendable', reason } as const;
    for (const run of runs) this.#outputs.push({ type: 'givenUp', ...run, outcome, attempts: 0 });
  }

  #tellEnds(ends: readonly LaneEnd[]): void {
    for (const end of ends) this.#outputs.push({ type: 'givenUp', ...end });
  }

  // ---- the receiver

  #open(): void {
    this.#state = 'opening';
    this.#isReopenPlanned = false;
    this.#transmission.stop();
    // An epoch that a crash could take back must not be seen by the receiver; the commit that stores it opens the channel.
    if (!this.#outbox.isEpochStored) return;
    const lanes = [...this.#outbox.lanes].map(({ name: lane, certainFloor: floor }) => ({ lane, floor }));
    this.#send({ type: 'open', epoch: this.#outbox.epoch, lanes });
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
    if (frame.epoch !== this.#outbox.epoch || this.#state === 'closed') return;
    if (frame.type === 'results') this.#onResults(frame);
    else if (frame.type === 'opened' && this.#state === 'opening') this.#onOpened(frame);
    else if (this.#state !== 'open') return;
    else if (frame.type === 'ack') this.#onAck(frame);
    // A second answer to an opening that was asked for twice says what acks say.
    else if (frame.type === 'opened') for (const lane of frame.lanes) this.#onAck({ ...lane, credit: frame.credit });
    else if (frame.type === 'nack') this.#onNack(frame);
  }

  #onOpened(frame: OpenedFrame): void {
    if (!frame.lanes.every((lane) => this.#isPossible(lane))) {
      this.#renew();
      return;
    }
    this.#state = 'open';
    this.#openedAtMs = this.#nowMs;
    this.#ackTimer.stop();
    this.#transmission.setCredit(frame.credit);
    for (const lane of frame.lanes) this.#settle(lane);
    this.#transmission.begin();
  }

  /**
   * The receiver knows numbers that were never sent: the store was put back to an earlier state. Under the old epoch new
   * messages would be taken for old ones and vanish, so the numbering gets a new name.
   */
  #renew(): void {
    this.#outbox.renew(newEpoch(this.#sources.random));
    // A receiver that always claims too much must not make this end write without a pause.
    this.#ackTimer.backOff();
    this.#storage.commitAt(this.#nowMs + this.#ackTimer.timeoutMs);
    this.#open();
  }

  #onAck(frame: Pick<AckFrame, 'lane' | 'handled' | 'credit'>): void {
    this.#transmission.setCredit(frame.credit);
    const lane = this.#outbox.lane(frame.lane);
    // Nobody can have handled what was never sent; such an ack is not believed.
    if (lane === undefined || !this.#isPossible(frame)) return;
    const isNews = this.#settle(frame);
    this.#transmission.onAcknowledged(lane, frame.handled, isNews, this.#nowMs);
  }

  #onResults({ lane: name, results }: ResultsFrame): void {
    const lane = this.#outbox.lane(name);
    if (lane === undefined) return;
    for (const result of results) {
      const { sequence } = result;
      if (sequence > this.#transmission.sentUpTo(name) || lane.isSettled(sequence)) continue;
      if (result.kind === 'rejected') this.#attrition.reject(lane, sequence, result.reason, this.#times());
      else {
        this.#outbox.settle(lane, { cumulative: 0, ranges: [{ first: sequence, last: sequence }] });
        this.#outputs.push({ type: 'replied', lane: name, sequence, value: result.value });
      }
    }
  }

  #onNack(frame: NackFrame): void {
    if (frame.code === NACK_CODE.notOpen) {
      this.#onNotOpen();
      return;
    }
    const lane = this.#outbox.lane(frame.lane);
    if (lane === undefined || !this.#transmission.onRefused(lane, frame.from, this.#nowMs)) return;
    this.#attrition.onRefused(lane, frame, this.#times());
  }

  #onNotOpen(): void {
    // A receiver that keeps forgetting us is asked at the pace of the ack timeout, not at that of the link.
    if (this.#nowMs - this.#openedAtMs >= this.#ackTimer.timeoutMs) this.#open();
    else this.#isReopenPlanned = true;
  }

  /** Whether the receiver names nothing but messages that may have been sent, on this connection or an earlier one. */
  #isPossible({ lane, handled }: LaneHandled): boolean {
    return highestOf(handled) <= this.#transmission.sentUpTo(lane);
  }

  /** Settles what the receiver has handled; returns whether any of it is news. */
  #settle({ lane: name, handled }: LaneHandled): boolean {
    const lane = this.#outbox.lane(name);
    const news = lane === undefined ? [] : this.#outbox.settle(lane, handled);
    for (const run of news) this.#outputs.push({ type: 'acknowledged', lane: name, ...run });
    return news.length > 0;
  }

  #times(): { readonly nowMs: number; readonly ageMs: number; readonly wallMs: number } {
    return { nowMs: this.#nowMs, ageMs: this.#age.ageMs(this.#nowMs), wallMs: this.#sources.wallClockMs() };
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
