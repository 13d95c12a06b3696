// A byte stream, cut anywhere, to frames. It holds at most one unfinished frame, and of that only what has arrived: a
// peer that announces a large frame and sends nothing costs nothing. The first error is final.

import { ProtocolError } from './errors.js';
import { LENGTH_BYTES } from './frame-encoder.js';
import { parseFrame } from './frame-parser.js';
import type { Frame } from './frames.js';

/** Finds frames in a byte stream. Call `push` with what came, then `next` until it gives `undefined`. */
export class FrameDecoder {
  #frameMaxBytes: number;
  /** The bytes being read: a peer's chunk as it came, or our own array while a frame is unfinished. */
  #bytes: Uint8Array = new Uint8Array(0);
  /** The next byte to read. */
  #start = 0;
  /** Behind the last byte that arrived. */
  #end = 0;
  #error: ProtocolError | undefined;

  /** @param frameMaxBytes - the largest frame that is let in, without its length field */
  constructor(frameMaxBytes: number) {
    this.#frameMaxBytes = frameMaxBytes;
  }

  /** Bytes that this decoder holds for an unfinished frame. Never above the frame limit and the length field. */
  get heldBytes(): number {
    return this.#end - this.#start;
  }

  /** Changes the limit for the frames that follow; servers raise it once they know the device. */
  setFrameMaxBytes(frameMaxBytes: number): void {
    this.#frameMaxBytes = frameMaxBytes;
  }

  /** Takes a piece of the stream. Frames may hold views of `chunk`, so it must not be written to afterwards. */
  push(chunk: Uint8Array): void {
    if (this.#error !== undefined) return;
    if (this.heldBytes === 0) {
      // Not the chunk itself: Node's are a subclass, and then the type of what is in a frame would depend on the cut.
      this.#bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      this.#start = 0;
      this.#end = chunk.length;
    } else this.#append(chunk);
  }

  /** The next whole frame, the error that ended the stream, or `undefined` when more bytes are needed. */
  next(): Frame | ProtocolError | undefined {
    if (this.#error !== undefined) return this.#error;
    if (this.heldBytes < LENGTH_BYTES) return this.#keep();
    const length = this.#frameLength();
    if (length === 0) return this.#fail(new ProtocolError('FRAME_MALFORMED', 'a frame without a type'));
    if (length > this.#frameMaxBytes) {
      const message = `a frame of ${length} bytes; at most ${this.#frameMaxBytes} are allowed`;
      return this.#fail(new ProtocolError('FRAME_TOO_LARGE', message));
    }
    if (this.heldBytes < LENGTH_BYTES + length) return this.#keep();
    const from = this.#start + LENGTH_BYTES;
    const frame = parseFrame(this.#bytes.subarray(from, from + length));
    this.#start = from + length;
    return frame instanceof ProtocolError ? this.#fail(frame) : frame;
  }

  #frameLength(): number {
    const at = this.#start;
    const bytes = this.#bytes;
    const low = ((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
    return (bytes[at] as number) * 0x1000000 + low;
  }

  /** Copies the unfinished frame into an array of our own, so that the frames before it can be freed. */
  #keep(): undefined {
    const held = this.heldBytes;
    // A chunk that is little else than the unfinished frame stays as it is.
    if (this.#bytes.buffer.byteLength > 2 * held) this.#move(held);
    return undefined;
  }

  #append(chunk: Uint8Array): void {
    const held = this.heldBytes;
    const needed = held + chunk.length;
    if (this.#start > 0 || needed > this.#bytes.length) {
      // Doubling, so that a frame that comes one byte at a time is not copied once for each byte; up to the frame's end,
      // so that the spare room is within the limit, too.
      const wanted = held < LENGTH_BYTES ? needed : LENGTH_BYTES + this.#frameLength();
      this.#move(Math.max(needed, Math.min(2 * needed, wanted)));
    }
    this.#bytes.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  #move(capacityBytes: number): void {
    const moved = new Uint8Array(capacityBytes);
    moved.set(this.#bytes.subarray(this.#start, this.#end));
    this.#end = this.heldBytes;
    this.#start = 0;
    this.#bytes = moved;
  }

  #fail(error: ProtocolError): ProtocolError {
    this.#error = error;
    this.#bytes = new Uint8Array(0);
    this.#start = 0;
    this.#end = 0;
    return error;
  }
}
