// One direction's stream at its sender: keeps every unit until the other end's acknowledgement for it has come back, and
// says what to send again and when. Time is an argument, and the sender's own bound on bytes is the caller's.
//
// The rules are TCP's in small: one timer for the oldest unit (RFC 6298), doubled each time it fires until there is progress;
// round trips are measured by an echo of the time of sending (RFC 7323); after the timer fired, an acknowledgement that ends
// at the next hole has that hole filled at once (RFC 6582). Single losses are left to the timer.

import { RoundTrip } from '@holdfast/protocol/core';
import type { SegmentKind } from './segment.js';

/** The waits of a stream, in milliseconds. */
export interface SendingStreamOptions {
  /** Wait for an acknowledgement, before it is measured and at least. */
  readonly retransmitMs: number;
  /** Up to which that doubles. */
  readonly retransmitMaxMs: number;
  /** Without an acknowledgement for so long, the other end is taken for dead. An opening waits for ever. */
  readonly unansweredMaxMs: number;
}

/** One transmission under way. */
export interface Transmission {
  /** Not yet on the line, so that sending again would only make two. */
  readonly isWithSender: boolean;
}

/** A piece of the stream that has been sent and is not acknowledged. */
export interface SentUnit {
  readonly kind: SegmentKind;
  readonly sequence: number;
  /** How much of the stream it takes up: 1 for an opening or an end. */
  readonly length: number;
  readonly bytes: Uint8Array;
  /** The latest transmission. The caller sets it. */
  transmission: Transmission | undefined;
}

/** What an acknowledgement did. */
export interface AckResult {
  /** Payload that need not be kept any more. */
  readonly freedBytes: number;
  /** To be sent again now. */
  readonly repeat: SentUnit | undefined;
}

/** What a timeout means: send this again, wait on, or the other end is dead. */
export type TimeoutResult = SentUnit | 'wait' | 'dead';

const NOTHING: AckResult = Object.freeze({ freedBytes: 0, repeat: undefined });

/** The sender of one stream. */
export class SendingStream {
  readonly #options: SendingStreamOptions;
  readonly #roundTrip: RoundTrip;
  /** Not acknowledged, oldest first. */
  readonly #sent: SentUnit[] = [];
  #nextSequence = 0;
  /** When the oldest unit is due again; Infinity: nothing is. */
  #deadlineMs = Number.POSITIVE_INFINITY;
  /** Since when something waits without any progress. */
  #waitsSinceMs = 0;
  /** What was sent before the timer fired last: holes below are filled as they show. */
  #recoverTo = 0;
  /** What the timeout is doubled to for want of progress: 1, 2, 4 and so on. */
  #patience = 1;

  constructor(options: SendingStreamOptions) {
    this.#options = options;
    const { retransmitMs, retransmitMaxMs } = options;
    this.#roundTrip = new RoundTrip({ initialMs: retransmitMs, minMs: retransmitMs, maxMs: retransmitMaxMs });
  }

  /** The place in the stream of what is sent next. */
  get nextSequence(): number {
    return this.#nextSequence;
  }

  /** Whether everything sent has been acknowledged. */
  get isAcked(): boolean {
    return this.#sent.length === 0;
  }

  /** When `onTimeout` has something to say; Infinity: never. */
  get nextTimeoutMs(): number {
    return this.#deadlineMs;
  }

  /** Puts a unit behind all others. The caller transmits it now. */
  push(kind: SegmentKind, bytes: Uint8Array, nowMs: number): SentUnit {
    const length = Math.max(1, bytes.length);
    const sequence = this.#nextSequence;
    const unit = { kind, sequence, length, bytes, transmission: undefined };
    this.#nextSequence += length;
    if (this.#sent.length === 0) {
      this.#waitsSinceMs = nowMs;
      this.#deadlineMs = nowMs + this.#timeoutMs;
    }
    this.#sent.push(unit);
    return unit;
  }

  /** Everything below `ack` has come at the other end, the last of it in a segment that was sent at `echoMs`. */
  onAck(ack: number, echoMs: number, nowMs: number): AckResult {
    let freedBytes = 0;
    let isProgress = false;
    for (let unit = this.#sent[0]; unit !== undefined; unit = this.#sent[0]) {
      if (unit.sequence + unit.length > ack) break;
      this.#sent.shift();
      freedBytes += unit.bytes.length;
      isProgress = true;
    }
    if (!isProgress) return NOTHING;
    this.#roundTrip.measured(nowMs - echoMs);
    this.#patience = 1;
    this.#waitsSinceMs = nowMs;
    const oldest = this.#sent[0];
    this.#deadlineMs = oldest === undefined ? Number.POSITIVE_INFINITY : nowMs + this.#timeoutMs;
    const isHole = oldest !== undefined && oldest.sequence < this.#recoverTo && !oldest.transmission?.isWithSender;
    return { freedBytes, repeat: isHole ? oldest : undefined };
  }

  /** The oldest unit is due. */
  onTimeout(nowMs: number): TimeoutResult {
    const oldest = this.#sent[0];
    if (oldest === undefined || nowMs < this.#deadlineMs) return 'wait';
    if (oldest.kind !== 'open' && nowMs >= this.#waitsSinceMs + this.#options.unansweredMaxMs) return 'dead';
    if (oldest.transmission?.isWithSender) {
      this.#wait(oldest, nowMs);
      return 'wait';
    }
    this.#patience *= 2;
    this.#wait(oldest, nowMs);
    this.#recoverTo = this.#nextSequence;
    return oldest;
  }

  #wait(oldest: SentUnit, nowMs: number): void {
    const deadMs =
      oldest.kind === 'open' ? Number.POSITIVE_INFINITY : this.#waitsSinceMs + this.#options.unansweredMaxMs;
    this.#deadlineMs = Math.min(nowMs + this.#timeoutMs, deadMs);
  }

  get #timeoutMs(): number {
    return Math.min(this.#options.retransmitMaxMs, this.#roundTrip.timeoutMs * this.#patience);
  }
}
