// Writes the primitive fields of a frame into one growing array. Whoever writes has checked the limits already: a value
// that does not fit its field is our own bug.

import { invariant } from './invariant.js';
import { utf8Length, writeUtf8 } from './utf8.js';

/** The number of bytes that `uvar` needs for `value`. */
export function uvarLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length++;
  return length;
}

/** Where a float becomes bytes, whatever order the machine has them in. */
const FLOAT = new DataView(new ArrayBuffer(8));

/** Collects bytes. All integers are big-endian. */
export class ByteWriter {
  #bytes: Uint8Array;
  #length = 0;

  constructor(capacityBytes = 64) {
    this.#bytes = new Uint8Array(capacityBytes);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    invariant(Number.isInteger(value) && value >= 0 && value <= 0xff, 'a u8 is below 256');
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
    return this;
  }

  u16(value: number): this {
    invariant(Number.isInteger(value) && value >= 0 && value <= 0xffff, 'a u16 is below 65,536');
    this.#reserve(2);
    this.#bytes[this.#length++] = value >>> 8;
    this.#bytes[this.#length++] = value;
    return this;
  }

  u32(value: number): this {
    invariant(Number.isInteger(value) && value >= 0 && value <= 0xffffffff, 'a u32 is below 2^32');
    this.#reserve(4);
    this.#bytes[this.#length++] = value >>> 24;
    this.#bytes[this.#length++] = value >>> 16;
    this.#bytes[this.#length++] = value >>> 8;
    this.#bytes[this.#length++] = value;
    return this;
  }

  /** A number in the 64 bits of IEEE 754. */
  f64(value: number): this {
    FLOAT.setFloat64(0, value);
    return this.u32(FLOAT.getUint32(0)).u32(FLOAT.getUint32(4));
  }

  /** An unsigned LEB128 integer below 2^53. */
  uvar(value: number): this {
    invariant(Number.isSafeInteger(value) && value >= 0, 'a uvar is an integer below 2^53');
    this.#reserve(8);
    let rest = value;
    while (rest >= 128) {
      this.#bytes[this.#length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length++] = rest;
    return this;
  }

  bytes(source: Uint8Array): this {
    this.#reserve(source.length);
    this.#bytes.set(source, this.#length);
    this.#length += source.length;
    return this;
  }

  /** A byte count of one byte, then so many bytes of UTF-8. */
  str8(text: string, maxBytes = 0xff): this {
    const length = utf8Length(text);
    invariant(length <= maxBytes, `a text of ${length} bytes is within the limit of ${maxBytes}`);
    return this.u8(length).text(text);
  }

  /** The UTF-8 bytes of `value`, without a count. */
  text(value: string): this {
    this.#reserve(utf8Length(value));
    this.#length = writeUtf8(this.#bytes, this.#length, value);
    return this;
  }

  /** Puts `value` into the four bytes at `offset`, which were written before. */
  patchU32(offset: number, value: number): this {
    const end = this.#length;
    this.#length = offset;
    this.u32(value);
    this.#length = end;
    return this;
  }

  /** Forgets what was written, and writes it over. */
  clear(): void {
    this.#length = 0;
  }

  /** What was written: a view of the array, good until more is written. */
  view(): Uint8Array {
    return new Uint8Array(this.#bytes.buffer, 0, this.#length);
  }

  /** What was written: a view of the array, which this writer gives up. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #reserve(extra: number): void {
    const needed = this.#length + extra;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
