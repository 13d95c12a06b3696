// The talk of a sending half with its receiver: opens the channel, takes the answers, and believes what can be believed.
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
// A receiver that claims to know messages that were never sent makes this end begin a new epoch: stored messages are all sent
// under it, so nothing is lost.

import {
  type AckFrame,
  type ChannelFrame,
  highestOf,
  type LaneHandled,
  NACK_CODE,
  type NackFrame,
  type OpenedFrame,
  type RandomUint32,
  type ResultsFrame,
} from '@holdfast/protocol/core';
import type { AckTimer } from './ack-timer.js';
import type { Attrition, Times } from './attrition.js';
import { newEpoch } from './epoch.js';
import type { Outbox } from './outbox.js';
import type { SenderOutput, SenderState } from './sender-contract.js';
import type { StorageSchedule } from './storage-schedule.js';
import type { Transmission } from './transmission.js';

/** What a conversation works with. */
export interface ConversationParts {
  readonly outbox: Outbox;
  readonly storage: StorageSchedule;
  readonly ackTimer: AckTimer;
  readonly transmission: Transmission;
  readonly attrition: Attrition;
  readonly random: RandomUint32;
  emit(frame: ChannelFrame): void;
  tell(news: SenderOutput): void;
}

/** The talk of one sending half. */
export class Conversation {
  readonly #parts: ConversationParts;
  #state: SenderState = 'down';
  /** When the receiver's last `opened` came. */
  #openedAtMs = Number.NEGATIVE_INFINITY;
  /** Whether the channel is opened again with the next ack timeout. */
  #isReopenPlanned = false;

  constructor(parts: ConversationParts) {
    this.#parts = parts;
  }

  get state(): SenderState {
    return this.#state;
  }

  onLinkUp(nowMs: number): void {
    if (this.#state === 'down') this.#open(nowMs);
  }

  onLinkDown(): void {
    if (this.#state === 'closed') return;
    this.#state = 'down';
    this.#parts.transmission.stop();
    this.#parts.transmission.setRoom(0);
  }

  /** The store has an epoch that it did not have: one that waits for it can open the channel. */
  onEpochStored(nowMs: number): void {
    if (this.#state === 'opening') this.#open(nowMs);
  }

  close(): void {
    this.#state = 'closed';
    this.#parts.transmission.stop();
  }

  onTimeout(nowMs: number): void {
    const { ackTimer, transmission } = this.#parts;
    if (nowMs < ackTimer.deadlineMs) return;
    ackTimer.backOff();
    if (this.#state === 'opening' || this.#isReopenPlanned) this.#open(nowMs);
    else transmission.resendOldest(nowMs);
  }

  onFrame(frame: ChannelFrame, times: Times): void {
    const { nowMs } = times;
    // A frame of another epoch is an answer to a question that is not asked any more.
    if (frame.epoch !== this.#parts.outbox.epoch || this.#state === 'closed') return;
    if (frame.type === 'results') this.#onResults(frame, times);
    else if (frame.type === 'opened' && this.#state === 'opening') this.#onOpened(frame, nowMs);
    else if (this.#state !== 'open') return;
    else if (frame.type === 'ack') this.#onAck(frame, nowMs);
    // A second answer to an opening that was asked for twice says what acks say.
    else if (frame.type === 'opened')
      for (const lane of frame.lanes) this.#onAck({ ...lane, credit: frame.credit }, nowMs);
    else if (frame.type === 'nack') this.#onNack(frame, times);
  }

  #open(nowMs: number): void {
    const { outbox, transmission, ackTimer } = this.#parts;
    this.#state = 'opening';
    this.#isReopenPlanned = false;
    transmission.stop();
    // An epoch that a crash could take back must not be seen by the receiver; the commit that stores it opens the channel.
    if (!outbox.isEpochStored) return;
    const lanes = [...outbox.lanes].map(({ name: lane, certainFloor: floor }) => ({ lane, floor }));
    this.#parts.emit({ type: 'open', epoch: outbox.epoch, lanes });
    ackTimer.start(nowMs);
  }

  #onOpened(frame: OpenedFrame, nowMs: number): void {
    const { transmission, ackTimer } = this.#parts;
    if (!frame.lanes.every((lane) => this.#isPossible(lane))) {
      this.#renew(nowMs);
      return;
    }
    this.#state = 'open';
    this.#openedAtMs = nowMs;
    ackTimer.stop();
    transmission.setCredit(frame.credit);
    for (const lane of frame.lanes) this.#settle(lane);
    transmission.begin();
  }

  /**
   * The receiver knows numbers that were never sent: the store was put back to an earlier state. Under the old epoch new
   * messages would be taken for old ones and vanish, so the numbering gets a new name.
   */
  #renew(nowMs: number): void {
    const { outbox, storage, ackTimer, random } = this.#parts;
    outbox.renew(newEpoch(random));
    // A receiver that always claims too much must not make this end write without a pause.
    ackTimer.backOff();
    storage.commitAt(nowMs + ackTimer.timeoutMs);
    this.#open(nowMs);
  }

  #onAck(frame: Pick<AckFrame, 'lane' | 'handled' | 'credit'>, nowMs: number): void {
    const { outbox, transmission } = this.#parts;
    transmission.setCredit(frame.credit);
    const lane = outbox.lane(frame.lane);
    // Nobody can have handled what was never sent; such an ack is not believed.
    if (lane === undefined || !this.#isPossible(frame)) return;
    const isNews = this.#settle(frame);
    transmission.onAcknowledged(lane, frame.handled, isNews, nowMs);
  }

  #onResults({ lane: name, results }: ResultsFrame, times: Times): void {
    const { outbox, transmission, attrition } = this.#parts;
    const lane = outbox.lane(name);
    if (lane === undefined) return;
    for (const result of results) {
      const { sequence } = result;
      if (sequence > transmission.sentUpTo(name) || lane.isSettled(sequence)) continue;
      if (result.kind === 'rejected') attrition.reject(lane, sequence, result.reason, times);
      else {
        outbox.settle(lane, { cumulative: 0, ranges: [{ first: sequence, last: sequence }] });
        this.#parts.tell({ type: 'replied', lane: name, sequence, value: result.value });
      }
    }
  }

  #onNack(frame: NackFrame, times: Times): void {
    const { outbox, transmission, attrition } = this.#parts;
    if (frame.code === NACK_CODE.notOpen) {
      this.#onNotOpen(times.nowMs);
      return;
    }
    const lane = outbox.lane(frame.lane);
    if (lane === undefined || !transmission.onRefused(lane, frame.from, times.nowMs)) return;
    attrition.onRefused(lane, frame, times);
  }

  #onNotOpen(nowMs: number): void {
    // A receiver that keeps forgetting us is asked at the pace of the ack timeout, not at that of the link.
    if (nowMs - this.#openedAtMs >= this.#parts.ackTimer.timeoutMs) this.#open(nowMs);
    else this.#isReopenPlanned = true;
  }

  /** Whether the receiver names nothing but messages that may have been sent, on this connection or an earlier one. */
  #isPossible({ lane, handled }: LaneHandled): boolean {
    return highestOf(handled) <= this.#parts.transmission.sentUpTo(lane);
  }

  /** Settles what the receiver has handled; returns whether any of it is news. */
  #settle({ lane: name, handled }: LaneHandled): boolean {
    const { outbox } = this.#parts;
    const lane = outbox.lane(name);
    const news = lane === undefined ? [] : outbox.settle(lane, handled);
    for (const run of news) this.#parts.tell({ type: 'acknowledged', lane: name, ...run });
    return news.length > 0;
  }
}
