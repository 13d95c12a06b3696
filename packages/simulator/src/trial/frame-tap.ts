// Listens in on the bytes that come to the server's end of a pipe, and tells of every message in every frame that is there
// whole. It finds frames by their length and messages by their labels (docs/protocol.md), so that what the server claims to
// have received can be held against it.

import { numbersIn } from './message-body.js';

const LENGTH_BYTES = 4;
/** The type of a frame that holds a plain message. */
const PLAIN_MESSAGE = 0x04;
const NOTHING = new Uint8Array(0);

/** Finds messages in one stream of bytes. */
export class FrameTap {
  readonly #found: (n: number, isPlain: boolean) => void;
  #rest: Uint8Array = NOTHING;

  /** @param found - hears the number of each message when the last byte of its frame is there */
  constructor(found: (n: number, isPlain: boolean) => void) {
    this.#found = found;
  }

  /** More bytes of the stream, cut anywhere. They are not kept. */
  take(bytes: Uint8Array): void {
    const joined = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    let start = 0;
    for (;;) {
      const end = frameEnd(joined, start);
      if (end === undefined || end > joined.length) break;
      const frame = joined.subarray(start + LENGTH_BYTES, end);
      const isPlain = frame[0] === PLAIN_MESSAGE;
      for (const n of numbersIn(frame)) this.#found(n, isPlain);
      start = end;
    }
    this.#rest = start === joined.length ? NOTHING : new Uint8Array(joined.subarray(start));
  }
}

/** Where the frame ends that begins at `start`, or `undefined`: its length is not there yet. */
function frameEnd(bytes: Uint8Array, start: number): number | undefined {
  if (bytes.length - start < LENGTH_BYTES) return undefined;
  return start + LENGTH_BYTES + new DataView(bytes.buffer, bytes.byteOffset + start).getUint32(0);
}
