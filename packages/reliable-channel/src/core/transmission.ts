// What is sent in an open channel: in each lane the messages in order, as far as window and send buffer allow; the oldest
// run again when its ack is overdue; everything from a refused message on again, when its lane's wait is over. The lane of
// the highest priority goes first; lanes of the same priority take turns, a frame each.

import type { DataFrame, RandomUint32, RangeList } from '@holdfast/protocol/core';
import type { AckTimer } from './ack-timer.js';
import { nextDataFrame } from './data-frames.js';
import type { Outbox } from './outbox.js';
import type { OutboxLane } from './outbox-lane.js';
import { type Refusal, RetrySchedule } from './retry-schedule.js';
import { type InFlightRun, Window, WindowBudget, type WindowOptions } from './window.js';

/** The bounds of a transmission. */
export interface TransmissionOptions extends WindowOptions {
  /** A data frame is closed at this size; one message may be larger. */
  readonly dataFrameMaxBytes: number;
  /** The lanes' priorities; higher goes first; a lane that is missing has 0. */
  readonly lanePriorities: ReadonlyMap<string, number>;
}

/** The bytes of a data frame beyond its entries, about. */
const DATA_FRAME_OVERHEAD_BYTES = 48;
const NEVER = Number.POSITIVE_INFINITY;

/** One lane on its way out. */
interface SendingLane {
  readonly outbox: OutboxLane;
  readonly priority: number;
  readonly window: Window;
  readonly retry: RetrySchedule;
  /** The next message to send for the first time in this opening of the channel: those before are in flight or settled. */
  cursor: number;
  /** The highest number that the receiver may know: sent by this process, or perhaps by an earlier one. */
  sentUpTo: number;
  /**
   * Messages up to here are of an earlier process, and until the channel is opened nobody knows whether they were sent and
   * have been told to be acknowledged.
   */
  unsureUpTo: number;
  /** Lanes that were served longer ago come first. */
  servedAt: number;
}

/** The data frames of one sending half. */
export class Transmission {
  readonly #options: TransmissionOptions;
  readonly #outbox: Outbox;
  readonly #ackTimer: AckTimer;
  readonly #random: RandomUint32;
  readonly #emit: (frame: DataFrame) => void;
  readonly #budget: WindowBudget;
  readonly #lanes = new Map<string, SendingLane>();
  #served = 0;
  #attempts = 0;
  /** Bytes that the send buffer takes now. */
  #roomBytes = 0;

  constructor(
    options: TransmissionOptions,
    parts: {
      readonly outbox: Outbox;
      readonly ackTimer: AckTimer;
      readonly random: RandomUint32;
      readonly emit: (frame: DataFrame) => void;
    },
  ) {
    this.#options = options;
    this.#outbox = parts.outbox;
    this.#ackTimer = parts.ackTimer;
    this.#random = parts.random;
    this.#emit = parts.emit;
    this.#budget = new WindowBudget(options);
    for (const outboxLane of this.#outbox.lanes) {
      const lane = this.#laneOf(outboxLane);
      lane.sentUpTo = outboxLane.numbers.storedNext - 1;
      lane.unsureUpTo = lane.sentUpTo;
    }
  }

  /** Messages sent and not acknowledged. */
  get inFlight(): number {
    return this.#budget.messages;
  }

  /** Messages sent, those sent again included. */
  get attempts(): number {
    return this.#attempts;
  }

  /** The highest number of a lane that the receiver may know. */
  sentUpTo(name: string): number {
    const floor = this.#outbox.lane(name)?.floor ?? 1;
    // Below the floor a receiver takes everything for handled, also what was never sent.
    return Math.max(this.#lanes.get(name)?.sentUpTo ?? 0, floor - 1);
  }

  /** The first message of a lane that can be given up: it is not in flight, and was not so when an earlier process ended. */
  cursorOf(lane: OutboxLane): number {
    const { cursor, unsureUpTo } = this.#laneOf(lane);
    return Math.max(cursor, unsureUpTo + 1);
  }

  /** Whether a message that joins this lane now would go out at once. */
  canSend(lane: OutboxLane | undefined, nowMs: number): boolean {
    if (!this.#budget.hasRoom || this.#roomBytes <= 0) return false;
    if (lane === undefined) return true;
    const isWaiting = this.#laneOf(lane).retry.isWaiting(nowMs);
    return !isWaiting && !lane.hasUnloaded;
  }

  /** The channel has been opened: everything that is not settled is to be sent. */
  begin(): void {
    for (const lane of this.#lanes.values()) {
      lane.retry.clear();
      lane.unsureUpTo = 0;
      lane.outbox.lookAgain();
    }
  }

  /** Nothing is in flight any more. */
  stop(): void {
    for (const lane of this.#lanes.values()) {
      lane.window.clear();
      lane.cursor = lane.outbox.floor;
      lane.outbox.lookAgain();
    }
    this.#ackTimer.stop();
  }

  /** How many bytes the send buffer takes now. */
  setRoom(bytes: number): void {
    this.#roomBytes = bytes;
  }

  /** How many messages the receiver lets be in flight. */
  setCredit(messages: number): void {
    this.#budget.setCredit(messages);
  }

  /** The receiver has handled these of a lane; `isNews`: some of them were not known to be. */
  onAcknowledged(outboxLane: OutboxLane, handled: RangeList, isNews: boolean, nowMs: number): void {
    const { messages } = this.#budget;
    const measuredMs = this.#laneOf(outboxLane).window.onAcknowledged(handled, nowMs);
    if (measuredMs !== undefined) this.#ackTimer.measured(measuredMs);
    // What results have settled before is no news, and yet its run is over only now.
    if (isNews || this.#budget.messages !== messages) this.#restartAckTimer(nowMs);
  }

  /** The receiver has dropped everything of a lane from `refused` on. Returns false when that is no news. */
  onRefused(outboxLane: OutboxLane, refused: number, nowMs: number): boolean {
    const lane = this.#laneOf(outboxLane);
    const sequence = Math.max(refused, outboxLane.floor);
    if (sequence >= lane.cursor) return false;
    lane.window.dropFrom(sequence);
    this.#dropSettled(lane);
    lane.cursor = sequence;
    outboxLane.lookAgain();
    this.#restartAckTimer(nowMs);
    return true;
  }

  /** A lane waits before it sends again. */
  wait(lane: OutboxLane, refusal: Refusal, nowMs: number): void {
    this.#laneOf(lane).retry.onRefused(refusal, nowMs);
  }

  /** A lane need not wait any more: what was refused has been given up. */
  goOn(lane: OutboxLane): void {
    this.#laneOf(lane).retry.clear();
  }

  /** When a lane's wait ends; infinite when none waits. */
  nextTimeoutMs(nowMs: number): number {
    let dueMs = NEVER;
    for (const { retry } of this.#lanes.values()) dueMs = Math.min(dueMs, retry.nextTimeoutMs(nowMs) ?? NEVER);
    return dueMs;
  }

  /** Sends as much as may be sent now. */
  transmit(nowMs: number): void {
    while (this.#roomBytes > 0 && this.#budget.hasRoom) {
      const lane = this.#nextLane(nowMs);
      if (lane === undefined) return;
      const first = lane.outbox.nextSendable(lane.cursor) as number;
      const maxBytes = Math.min(this.#budget.roomBytes, this.#options.dataFrameMaxBytes, this.#roomBytes);
      const bounds = { maxMessages: lane.window.roomMessages, maxBytes };
      const frame = nextDataFrame(lane.outbox, this.#outbox.epoch, first, bounds);
      const last = first + frame.count - 1;
      lane.window.onSent({ first, last, bytes: frame.entries.length, sentAtMs: nowMs, sentOnce: frame.attempt === 1 });
      lane.cursor = last + 1;
      lane.sentUpTo = Math.max(lane.sentUpTo, last);
      this.#served += 1;
      lane.servedAt = this.#served;
      if (!this.#ackTimer.isRunning) this.#ackTimer.start(nowMs);
      this.#send(frame);
    }
  }

  /**
   * Asks again with the oldest run. On a link that keeps order and loses nothing this only tells a receiver that has
   * forgotten us; so one run is enough, and what follows it stays in flight.
   */
  resendOldest(nowMs: number): void {
    for (const lane of this.#lanes.values()) this.#dropSettled(lane);
    const lane = this.#laneOfOldest();
    if (lane === undefined) {
      this.#ackTimer.stop();
      return;
    }
    this.#ackTimer.start(nowMs);
    // With the send buffer full, the run itself may still be in there: asking again could not overtake it.
    if (this.#roomBytes <= 0) return;
    const oldest = lane.window.oldest as InFlightRun;
    const first = lane.outbox.nextSendable(oldest.first) ?? oldest.first;
    const bounds = { maxMessages: oldest.last - first + 1, maxBytes: Math.max(1, oldest.bytes) };
    lane.window.markResent(oldest);
    this.#send(nextDataFrame(lane.outbox, this.#outbox.epoch, first, bounds));
  }

  /** The lane that may send now: of the highest priority, and of those the one that was served longest ago. */
  #nextLane(nowMs: number): SendingLane | undefined {
    let best: SendingLane | undefined;
    for (const outboxLane of this.#outbox.lanes) {
      const lane = this.#laneOf(outboxLane);
      const isBetter =
        best === undefined ||
        lane.priority > best.priority ||
        (lane.priority === best.priority && lane.servedAt < best.servedAt);
      if (isBetter && this.#hasToSend(lane, nowMs)) best = lane;
    }
    return best;
  }

  #hasToSend({ outbox, cursor, retry, window }: SendingLane, nowMs: number): boolean {
    return outbox.nextSendable(cursor) !== undefined && !retry.isWaiting(nowMs) && window.roomMessages > 0;
  }

  #laneOfOldest(): SendingLane | undefined {
    let oldest: SendingLane | undefined;
    for (const lane of this.#lanes.values()) {
      const sentAtMs = lane.window.oldest?.sentAtMs ?? NEVER;
      if (sentAtMs < (oldest?.window.oldest?.sentAtMs ?? NEVER)) oldest = lane;
    }
    return oldest;
  }

  /** A run can be settled by several acks, of which none names it wholly. */
  #dropSettled({ window, outbox }: SendingLane): void {
    window.dropDone((run) => (outbox.nextSendable(run.first) ?? run.last + 1) > run.last);
  }

  #send(frame: DataFrame): void {
    this.#roomBytes -= frame.entries.length + DATA_FRAME_OVERHEAD_BYTES;
    this.#attempts += frame.count;
    this.#emit(frame);
  }

  /** The timer runs while something is in flight. */
  #restartAckTimer(nowMs: number): void {
    if (this.#budget.messages === 0) this.#ackTimer.stop();
    else this.#ackTimer.start(nowMs);
  }

  #laneOf(outbox: OutboxLane): SendingLane {
    let lane = this.#lanes.get(outbox.name);
    if (lane === undefined) {
      const priority = this.#options.lanePriorities.get(outbox.name) ?? 0;
      const { floor: cursor } = outbox;
      const retry = new RetrySchedule(this.#random);
      lane = {
        outbox,
        priority,
        window: new Window(this.#budget),
        retry,
        cursor,
        sentUpTo: 0,
        unsureUpTo: 0,
        servedAt: 0,
      };
      this.#lanes.set(outbox.name, lane);
    }
    return lane;
  }
}
