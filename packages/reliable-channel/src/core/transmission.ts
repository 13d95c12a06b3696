// What is sent in an open channel: the stored messages in order, as far as window and send buffer allow; the oldest run
// again when its ack is overdue; everything from a refused message on again. It never waits for a retry itself.

import type { DataFrame, RangeList } from '@holdfast/protocol/core';
import type { AckTimer } from './ack-timer.js';
import { nextDataFrame } from './data-frames.js';
import type { Outbox } from './outbox.js';
import { Window, type WindowOptions } from './window.js';

/** The bounds of a transmission. */
export interface TransmissionOptions extends WindowOptions {
  /** A data frame is closed at this size; one message may be larger. */
  readonly dataFrameMaxBytes: number;
}

/** The bytes of a data frame beyond its entries, about. */
const DATA_FRAME_OVERHEAD_BYTES = 48;

/** The data frames of one sending half. */
export class Transmission {
  readonly #options: TransmissionOptions;
  readonly #outbox: Outbox;
  readonly #ackTimer: AckTimer;
  readonly #emit: (frame: DataFrame) => void;
  readonly #window: Window;
  /** The next message to send for the first time in this opening of the channel. */
  #cursor: number;
  /** The highest number that was ever sent by this process. */
  #sentUpTo = 0;
  /** Bytes that the send buffer takes now. */
  #roomBytes = 0;

  constructor(options: TransmissionOptions, outbox: Outbox, ackTimer: AckTimer, emit: (frame: DataFrame) => void) {
    this.#options = options;
    this.#outbox = outbox;
    this.#ackTimer = ackTimer;
    this.#emit = emit;
    this.#window = new Window(options);
    this.#cursor = outbox.floor;
  }

  /** Messages sent and not acknowledged. */
  get inFlight(): number {
    return this.#window.messages;
  }

  get sentUpTo(): number {
    return this.#sentUpTo;
  }

  /** The channel has been opened: everything that is not settled is to be sent. */
  begin(): void {
    this.#cursor = this.#outbox.floor;
  }

  /** Nothing is in flight any more. */
  stop(): void {
    this.#window.clear();
    this.#ackTimer.stop();
  }

  /** How many bytes the send buffer takes now. */
  setRoom(bytes: number): void {
    this.#roomBytes = bytes;
  }

  /** How many messages the receiver lets be in flight. */
  setCredit(messages: number): void {
    this.#window.setCredit(messages);
  }

  /** The receiver has handled these; `isNews`: some of them were not known to be. */
  onAcknowledged(handled: RangeList, isNews: boolean, nowMs: number): void {
    const measuredMs = this.#window.onAcknowledged(handled, nowMs);
    if (measuredMs !== undefined) this.#ackTimer.measured(measuredMs);
    if (isNews) this.#restartAckTimer(nowMs);
  }

  /** The receiver has dropped everything from `refused` on. Returns false when that is no news. */
  onRefused(refused: number, nowMs: number): boolean {
    const sequence = Math.max(refused, this.#outbox.floor);
    if (sequence >= this.#cursor) return false;
    this.#window.dropFrom(sequence);
    this.#dropSettled();
    this.#cursor = sequence;
    this.#restartAckTimer(nowMs);
    return true;
  }

  /** Sends as much as may be sent now. */
  transmit(nowMs: number): void {
    while (this.#roomBytes > 0) {
      const first = this.#outbox.nextSendable(this.#cursor);
      if (first === undefined || !this.#hasWindow()) return;
      const maxBytes = Math.min(this.#window.roomBytes, this.#options.dataFrameMaxBytes, this.#roomBytes);
      const frame = nextDataFrame(this.#outbox, first, { maxMessages: this.#window.roomMessages, maxBytes });
      const last = first + frame.count - 1;
      const bytes = frame.entries.length;
      this.#window.onSent({ first, last, bytes, sentAtMs: nowMs, sentOnce: frame.attempt === 1 });
      this.#cursor = last + 1;
      this.#sentUpTo = Math.max(this.#sentUpTo, last);
      if (!this.#ackTimer.isRunning) this.#ackTimer.start(nowMs);
      this.#send(frame);
    }
  }

  /**
   * Asks again with the oldest run. On a link that keeps order and loses nothing this only tells a receiver that has
   * forgotten us; so one run is enough, and what follows it stays in flight.
   */
  resendOldest(nowMs: number): void {
    this.#dropSettled();
    const oldest = this.#window.oldest;
    if (oldest === undefined) {
      this.#ackTimer.stop();
      return;
    }
    this.#ackTimer.start(nowMs);
    // With the send buffer full, the run itself may still be in there: asking again could not overtake it.
    if (this.#roomBytes <= 0) return;
    const first = this.#outbox.nextSendable(oldest.first) ?? oldest.first;
    const bounds = { maxMessages: oldest.last - first + 1, maxBytes: Math.max(1, oldest.bytes) };
    this.#window.markResent(oldest);
    this.#send(nextDataFrame(this.#outbox, first, bounds));
  }

  /** A run can be settled by several acks, of which none names it wholly. */
  #dropSettled(): void {
    this.#window.dropDone((run) => (this.#outbox.nextSendable(run.first) ?? run.last + 1) > run.last);
  }

  #hasWindow(): boolean {
    return this.#window.roomMessages > 0 && (this.#window.roomBytes > 0 || this.#window.messages === 0);
  }

  #send(frame: DataFrame): void {
    this.#roomBytes -= frame.entries.length + DATA_FRAME_OVERHEAD_BYTES;
    this.#emit(frame);
  }

  /** The timer runs while something is in flight. */
  #restartAckTimer(nowMs: number): void {
    if (this.#window.oldest === undefined) this.#ackTimer.stop();
    else this.#ackTimer.start(nowMs);
  }
}
