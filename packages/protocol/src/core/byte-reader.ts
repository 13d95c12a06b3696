// Reads the primitive fields of a frame. It never throws: the first thing wrong is kept as `fault`, every later read
// gives a harmless zero, and the caller looks at `fault` once, at the end.

import { ProtocolError, type ProtocolErrorCode } from './errors.js';
import { readUtf8 } from './utf8.js';

/** A cursor over the body of one frame. All integers are big-endian. */
export class ByteReader {
  /** The first thing that was wrong, or `undefined`. */
  fault: ProtocolError | undefined;
  readonly #bytes: Uint8Array;
  #offset: number;

  constructor(bytes: Uint8Array, offset = 0) {
    this.#bytes = bytes;
    this.#offset = offset;
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  /** Where the next read begins. */
  get offset(): number {
    return this.#offset;
  }

  u8(field: string): number {
    const at = this.#advance(1, field);
    return at < 0 ? 0 : (this.#bytes[at] as number);
  }

  u32(field: string): number {
    const at = this.#advance(4, field);
    if (at < 0) return 0;
    const bytes = this.#bytes;
    return (
      (bytes[at] as number) * 0x1000000 +
      (((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number))
    );
  }

  /** An unsigned LEB128 integer below 2^53, in its shortest form. */
  uvar(field: string): number {
    let value = 0;
    let scale = 1;
    for (let index = 0; index < 8; index++) {
      const byte = this.u8(field);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (byte === 0 && index > 0) return this.#fail('FRAME_MALFORMED', `${field} is not in its shortest form`);
        if (value > Number.MAX_SAFE_INTEGER) return this.#fail('FRAME_MALFORMED', `${field} is 2^53 or more`);
        return value;
      }
      scale *= 128;
    }
    return this.#fail('FRAME_MALFORMED', `${field} is longer than 8 bytes`);
  }

  /** A view of the next `length` bytes, not a copy. */
  bytes(length: number, field: string): Uint8Array {
    const at = this.#advance(length, field);
    return at < 0 ? new Uint8Array(0) : this.#bytes.subarray(at, at + length);
  }

  /** A byte count of one byte, then so many bytes of UTF-8. */
  str8(field: string, maxBytes: number): string {
    return this.text(this.u8(field), field, maxBytes);
  }

  /** `length` bytes of UTF-8. */
  text(length: number, field: string, maxBytes: number): string {
    if (length > maxBytes) {
      this.#fail('FRAME_MALFORMED', `${field} has ${length} bytes; at most ${maxBytes} are allowed`);
      return '';
    }
    const at = this.#advance(length, field);
    if (at < 0) return '';
    const text = readUtf8(this.#bytes, at, length);
    if (text === undefined) this.#fail('FRAME_MALFORMED', `${field} is not UTF-8`);
    return text ?? '';
  }

  /** Everything up to the end. */
  rest(): Uint8Array {
    return this.bytes(this.remaining, 'rest');
  }

  /** Records a fault found by the caller, unless there is an earlier one. */
  reject(code: ProtocolErrorCode, message: string): void {
    this.#fail(code, message);
  }

  /** Faults when anything is left. */
  end(): void {
    if (this.remaining > 0) this.#fail('FRAME_TRAILING_BYTES', `${this.remaining} bytes behind the last field`);
  }

  #advance(length: number, field: string): number {
    if (this.fault !== undefined) return -1;
    if (length > this.remaining) {
      this.#fail('FRAME_TRUNCATED', `the frame ends inside ${field}`);
      return -1;
    }
    const at = this.#offset;
    this.#offset += length;
    return at;
  }

  #fail(code: ProtocolErrorCode, message: string): 0 {
    this.fault ??= new ProtocolError(code, message);
    this.#offset = this.#bytes.length;
    return 0;
  }
}
