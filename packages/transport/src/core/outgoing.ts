// Everything on its way out of one connection: control frames, messages and channel frames, in the order of the calls.
// One frame at a time moves into the send buffer, as fast as there is room; what a blocked caller holds is not in it.
// Control frames go between two frames, ahead of the callers that wait: an ack must not wait for the messages it frees.

import { encodeFrame, type Frame } from '@holdfast/protocol/core';
import type { Caller, Callers } from './callers.js';
import type { SendBuffer } from './send-buffer.js';

/** A frame that a program or a channel wants to send. */
export interface OutgoingFrame {
  readonly bytes: Uint8Array;
  /** Who waits for the result of a message; `undefined`: a channel's frame, which is not counted for the server ack. */
  readonly caller: Caller | undefined;
}

/** The frame that moves into the send buffer now. */
interface CurrentFrame {
  readonly bytes: Uint8Array;
  /** `undefined`: a control frame. */
  readonly frame: OutgoingFrame | undefined;
  /** How much of `bytes` is in the send buffer. */
  written: number;
}

/** The options of the outgoing half. */
export interface OutgoingOptions {
  /** The unit in which bytes are handed to the link. */
  readonly packetBytes: number;
  /** The most bytes handed to the link at once; rounded down to whole packets, one at least. */
  readonly writeMaxBytes: number;
}

/** The outgoing half of a connection: moves frames into the send buffer and bytes to the link. */
export class Outgoing {
  readonly #buffer: SendBuffer;
  readonly #callers: Callers;
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
  /** Message frames that have gone wholly into the buffer. */
  #messageCount = 0;
  /** Message frames among those that wait. */
  #waitingMessages = 0;

  constructor(buffer: SendBuffer, callers: Callers, { packetBytes, writeMaxBytes }: OutgoingOptions) {
    this.#buffer = buffer;
    this.#callers = callers;
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

  /** Message frames of this connection so far, those that wait included. */
  get messageCount(): number {
    return this.#messageCount + this.#waitingMessages;
  }

  /** Whether so many bytes would go into the buffer now, all of them. */
  fits(bytes: number): boolean {
    return this.waitingCount === 0 && bytes <= this.#buffer.freeBytes;
  }

  /** Puts a frame behind all others. */
  push(frame: OutgoingFrame): void {
    this.#waiting.push(frame);
    if (frame.caller !== undefined) {
      this.#waitingMessages += 1;
      this.#callers.begin(frame.caller);
    }
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
    this.#callers.onServerAck(count);
    return true;
  }

  /** Drops everything: the connection is gone. */
  clear(): void {
    this.#current = undefined;
    this.#writingBytes = 0;
    this.#waiting.length = 0;
    this.#control.clear();
    this.#messageCount = 0;
    this.#waitingMessages = 0;
    this.#buffer.clear();
  }

  /** Drops the messages of which nothing is in the buffer. The one that has begun goes on. */
  dropWaitingMessages(): void {
    const kept = this.#waiting.filter((frame) => frame.caller === undefined);
    this.#waiting.length = 0;
    this.#waiting.push(...kept);
    this.#waitingMessages = this.#current?.frame?.caller === undefined ? 0 : 1;
  }

  /**
   * Drops what has not begun to leave. What is in the buffer still goes; half a message is never completed, so behind one no
   * control frame can follow and the stream just stops.
   */
  release(): void {
    this.#waiting.length = 0;
    this.#waitingMessages = 0;
    if (this.#current?.frame !== undefined) {
      this.#current = undefined;
      this.#control.clear();
    }
    this.fill();
  }

  #next(): CurrentFrame | undefined {
    for (const [type, frame] of this.#control) {
      this.#control.delete(type);
      return { bytes: encodeFrame(frame), frame: undefined, written: 0 };
    }
    const frame = this.#waiting.shift();
    return frame === undefined ? undefined : { bytes: frame.bytes, frame, written: 0 };
  }

  #onWritten({ caller }: OutgoingFrame): void {
    if (caller === undefined) return;
    this.#messageCount += 1;
    this.#waitingMessages -= 1;
    this.#callers.onWritten(caller, this.#messageCount);
  }
}

/** The bytes of a message frame, ready for a `send` input. */
export function messageFrameBytes(name: string, data: Uint8Array): Uint8Array {
  return encodeFrame({ type: 'message', name, data });
}
