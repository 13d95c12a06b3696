// Everything on its way out of one connection: control frames, messages and channel frames, in the order of the calls.
// One frame at a time moves into the send buffer, as fast as there is room; what a blocked caller holds is not in it.
// Control frames go between two frames, ahead of the callers that wait: an ack must not wait for the messages it frees.

import { encodeFrame, type Frame } from '@holdfast/protocol/core';
import type { SendBuffer } from './send-buffer.js';
import { SEND_OK, type SendCode, WAIT_FOR_ACK, type WaitFor } from './send-codes.js';

/** A frame that a program or a channel wants to send. */
export interface OutgoingFrame {
  /** Names the caller that waits for the result; `undefined`: nobody does. */
  readonly id: number | undefined;
  readonly bytes: Uint8Array;
  /** Message frames are counted for the server ack, channel frames are not. */
  readonly isMessage: boolean;
  readonly waitFor: WaitFor;
  /** When a caller's patience ends, in monotonic milliseconds. */
  readonly deadlineMs: number;
}

/** The frame that moves into the send buffer now. */
interface CurrentFrame {
  readonly bytes: Uint8Array;
  /** `undefined`: a control frame. */
  readonly frame: OutgoingFrame | undefined;
  /** How much of `bytes` is in the send buffer. */
  written: number;
}

/** A caller whose frame is in the buffer and who waits for the server ack. */
interface AwaitingAck {
  readonly id: number;
  /** The frame's number among the message frames of this connection. */
  readonly messageNumber: number;
  readonly deadlineMs: number;
}

/** The options of the outgoing half. */
export interface OutgoingOptions {
  /** The unit in which bytes are handed to the link. */
  readonly packetBytes: number;
  /** The most bytes handed to the link at once; rounded down to whole packets, one at least. */
  readonly writeMaxBytes: number;
}

/** The result of one caller's send. */
export interface SendDone {
  readonly id: number;
  readonly code: SendCode;
}

/** The outgoing half of a connection: moves frames into the send buffer, bytes to the link, and keeps the callers. */
export class Outgoing {
  readonly #buffer: SendBuffer;
  /** What one write to the link takes at most: whole packets. */
  readonly #writeBytes: number;
  /** Control frames by kind; a newer one replaces an unsent older one, so there are never more than a handful. */
  readonly #control = new Map<Frame['type'], Frame>();
  /** Bytes handed to the link and not taken yet. */
  #writingBytes = 0;
  /** Set while the buffer holds a part of a frame and not yet the rest: nothing else may come between. */
  #current: CurrentFrame | undefined;
  /** Frames of which nothing is in the buffer, oldest first. */
  readonly #waiting: OutgoingFrame[] = [];
  /** In order of message number. */
  readonly #awaitingAck: AwaitingAck[] = [];
  /** Callers whose result is known and not yet taken. */
  readonly #done: SendDone[] = [];
  /** Message frames that have gone wholly into the buffer. */
  #messageCount = 0;
  /** Not later than any caller's deadline; may be earlier than all of them. */
  #earliestDeadlineMs = Number.POSITIVE_INFINITY;

  constructor(buffer: SendBuffer, { packetBytes, writeMaxBytes }: OutgoingOptions) {
    this.#buffer = buffer;
    this.#writeBytes = Math.max(1, Math.floor(writeMaxBytes / packetBytes)) * packetBytes;
  }

  /** Frames that wait for room, wholly or in part. */
  get waitingCount(): number {
    return this.#waiting.length + (this.#current === undefined ? 0 : 1);
  }

  /** Whether every byte and every control frame has left, so that nothing is lost by closing now. */
  get isEmpty(): boolean {
    return this.#buffer.usedBytes === 0 && this.waitingCount === 0 && this.#control.size === 0;
  }

  /** A lower bound of the callers' deadlines. */
  get earliestDeadlineMs(): number {
    return this.#earliestDeadlineMs;
  }

  /** Puts a frame behind all others. */
  push(frame: OutgoingFrame): void {
    this.#waiting.push(frame);
    if (frame.id !== undefined) this.#earliestDeadlineMs = Math.min(this.#earliestDeadlineMs, frame.deadlineMs);
    this.fill();
  }

  /** Puts a control frame between the next two frames. */
  pushControl(frame: Frame): void {
    this.#control.set(frame.type, frame);
    this.fill();
  }

  /** Moves bytes into the buffer while there is room. */
  fill(): void {
    while (this.#buffer.freeBytes > 0) {
      this.#current ??= this.#next();
      const current = this.#current;
      if (current === undefined) return;
      current.written += this.#buffer.write(current.bytes, current.written);
      if (current.written < current.bytes.length) return;
      this.#current = undefined;
      if (current.frame !== undefined) this.#onWritten(current.frame);
    }
  }

  /** The bytes to hand to the link now, if it is free and there are any. They stay valid until `onTook`. */
  nextWrite(): Uint8Array | undefined {
    if (this.#writingBytes > 0 || this.#buffer.usedBytes === 0) return undefined;
    const bytes = this.#buffer.peek(this.#writeBytes);
    this.#writingBytes = bytes.length;
    return bytes;
  }

  /** The link has taken the bytes of the last write. Late word of a link that is gone changes nothing. */
  onTook(): void {
    this.#buffer.release(this.#writingBytes);
    this.#writingBytes = 0;
    this.fill();
  }

  /** The other end has `count` message frames. Returns false, and believes nothing, when that is more than were sent. */
  onServerAck(count: number): boolean {
    if (count > this.#messageCount) return false;
    while (this.#awaitingAck[0] !== undefined && this.#awaitingAck[0].messageNumber <= count) {
      const caller = this.#awaitingAck.shift() as AwaitingAck;
      this.#done.push({ id: caller.id, code: SEND_OK });
    }
    return true;
  }

  /** Whether a caller's patience has ended. Corrects the lower bound on the way. */
  hasExpired(nowMs: number): boolean {
    if (nowMs < this.#earliestDeadlineMs) return false;
    let earliestMs = Number.POSITIVE_INFINITY;
    for (const caller of this.#callers()) earliestMs = Math.min(earliestMs, caller.deadlineMs);
    this.#earliestDeadlineMs = earliestMs;
    return nowMs >= earliestMs;
  }

  /** Ends everything: the callers get `code`, except those whose time is up at `nowMs`, who get `expiredCode`. */
  fail(code: SendCode, nowMs: number, expiredCode: SendCode): void {
    for (const caller of this.#callers()) {
      this.#done.push({ id: caller.id, code: nowMs >= caller.deadlineMs ? expiredCode : code });
    }
    this.#current = undefined;
    this.#writingBytes = 0;
    this.#waiting.length = 0;
    this.#awaitingAck.length = 0;
    this.#control.clear();
    this.#messageCount = 0;
    this.#earliestDeadlineMs = Number.POSITIVE_INFINITY;
    this.#buffer.clear();
  }

  /**
   * Ends the callers with `code` and drops what has not begun to leave. What is in the buffer still goes; half a message
   * is never completed, so behind one no control frame can follow and the stream just stops.
   */
  release(code: SendCode): void {
    for (const { id } of this.#callers()) this.#done.push({ id, code });
    this.#waiting.length = 0;
    this.#awaitingAck.length = 0;
    this.#earliestDeadlineMs = Number.POSITIVE_INFINITY;
    if (this.#current?.frame !== undefined) {
      this.#current = undefined;
      this.#control.clear();
    }
    this.fill();
  }

  /** The results that became known since the last call. */
  takeDone(): SendDone[] {
    return this.#done.splice(0);
  }

  #next(): CurrentFrame | undefined {
    for (const [type, frame] of this.#control) {
      this.#control.delete(type);
      return { bytes: encodeFrame(frame), frame: undefined, written: 0 };
    }
    const frame = this.#waiting.shift();
    return frame === undefined ? undefined : { bytes: frame.bytes, frame, written: 0 };
  }

  #onWritten(frame: OutgoingFrame): void {
    if (frame.isMessage) this.#messageCount += 1;
    if (frame.id === undefined) return;
    if (frame.waitFor === WAIT_FOR_ACK) {
      this.#awaitingAck.push({ id: frame.id, messageNumber: this.#messageCount, deadlineMs: frame.deadlineMs });
    } else this.#done.push({ id: frame.id, code: SEND_OK });
  }

  *#callers(): Iterable<{ readonly id: number; readonly deadlineMs: number }> {
    yield* this.#awaitingAck;
    const current = this.#current?.frame;
    for (const frame of current === undefined ? this.#waiting : [current, ...this.#waiting]) {
      if (frame.id !== undefined) yield { id: frame.id, deadlineMs: frame.deadlineMs };
    }
  }
}

/** The bytes of a message frame, ready for a `send` input. */
export function messageFrameBytes(name: string, data: Uint8Array): Uint8Array {
  return encodeFrame({ type: 'message', name, data });
}
