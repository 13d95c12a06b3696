// The data of a message from its bytes: MessagePack without extension types, read in one walk that believes nothing. A few
// bytes can claim an array of four billion entries or a thousand levels: every length is held against what is there
// before anything is made on its word.
// Format: github.com/msgpack/msgpack/blob/master/spec.md

import { NESTING_MAX_DEPTH, ProtocolError, type ProtocolErrorCode, readUtf8 } from './core/index.js';

/** Keys that JavaScript programs can trip over when they copy or merge an object they did not make. */
export const UNSAFE_KEYS: readonly string[] = ['__proto__', 'constructor'];

/** Texts of more bytes are left to the platform, which is slow to begin and fast from then on. */
const SHORT_TEXT_MAX_BYTES = 64;
const TEXT_DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Up to here, and down to its negative, a number holds every integer exactly. */
const EXACT_MAX = 2n ** 53n;

/**
 * The data behind the bytes, or what is wrong with them. Never throws; allocates in proportion to the bytes, of which it
 * keeps none. Integers of 64 bits that a number can not hold exactly, which only other implementations send, become `bigint`.
 */
export function decodeData(bytes: Uint8Array): { readonly value: unknown } | ProtocolError {
  try {
    return { value: new DataDecoder(bytes).decode() };
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
}

/** Reads one value; throws a `ProtocolError` at the first thing wrong, which ends the walk at any depth. */
class DataDecoder {
  readonly #bytes: Uint8Array;
  #at = 0;
  /** How many arrays and maps are around the value at hand. */
  #depth = 0;
  /** The same bytes; made when the first number asks for it. */
  #numbers: DataView | undefined;

  constructor(bytes: Uint8Array) {
    // A view of its own, because parts of a `Buffer` are buffers, too, and share memory with each other.
    this.#bytes =
      bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  decode(): unknown {
    const value = this.#value();
    const left = this.#bytes.length - this.#at;
    if (left > 0) throw malformed(`${left} bytes behind the value`);
    return value;
  }

  /** Recursion is safe here: it is never deeper than `NESTING_MAX_DEPTH`. */
  #value(): unknown {
    const type = this.#bytes[this.#skip(1)] as number;
    if (type <= 0x7f) return type;
    if (type <= 0x8f) return this.#map(type & 0x0f);
    if (type <= 0x9f) return this.#array(type & 0x0f);
    if (type >= 0xe0) return type - 0x100;
    const textLength = this.#textLength(type);
    if (textLength >= 0) return this.#text(textLength);
    switch (type) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
        return this.#binary(this.#unsigned(1));
      case 0xc5:
        return this.#binary(this.#unsigned(2));
      case 0xc6:
        return this.#binary(this.#unsigned(4));
      case 0xca:
        return this.#view.getFloat32(this.#skip(4));
      case 0xcb:
        return this.#view.getFloat64(this.#skip(8));
      case 0xcc:
        return this.#unsigned(1);
      case 0xcd:
        return this.#unsigned(2);
      case 0xce:
        return this.#unsigned(4);
      case 0xcf:
        return exact(this.#view.getBigUint64(this.#skip(8)));
      case 0xd0:
        return this.#view.getInt8(this.#skip(1));
      case 0xd1:
        return this.#view.getInt16(this.#skip(2));
      case 0xd2:
        return this.#view.getInt32(this.#skip(4));
      case 0xd3:
        return exact(this.#view.getBigInt64(this.#skip(8)));
      case 0xdc:
        return this.#array(this.#unsigned(2));
      case 0xdd:
        return this.#array(this.#unsigned(4));
      case 0xde:
        return this.#map(this.#unsigned(2));
      case 0xdf:
        return this.#map(this.#unsigned(4));
      default:
        throw malformed(`type 0x${type.toString(16)} is not allowed`);
    }
  }

  #array(length: number): unknown[] {
    this.#enter(length);
    const array: unknown[] = [];
    for (let index = 0; index < length; index++) array.push(this.#value());
    this.#depth--;
    return array;
  }

  #map(length: number): Record<string, unknown> {
    this.#enter(2 * length);
    const map: Record<string, unknown> = {};
    for (let index = 0; index < length; index++) {
      const key = this.#key();
      map[key] = this.#value();
    }
    this.#depth--;
    return map;
  }

  #key(): string {
    const length = this.#textLength(this.#bytes[this.#skip(1)] as number);
    if (length < 0) throw malformed('a key is not a string');
    const key = this.#text(length);
    if (UNSAFE_KEYS.includes(key)) throw fault('DATA_UNSAFE_KEY', `the key ${key} is not allowed; rename it`);
    return key;
  }

  /** Every entry takes a byte at least, so a length beyond the rest is a lie. */
  #enter(entries: number): void {
    if (entries > this.#bytes.length - this.#at) throw malformed('the value is cut short');
    if (this.#depth === NESTING_MAX_DEPTH) {
      throw fault('DATA_TOO_DEEP', `data nests deeper than ${NESTING_MAX_DEPTH} levels`);
    }
    this.#depth++;
  }

  /** The bytes of the text that begins with `type`, or -1 when that is none. */
  #textLength(type: number): number {
    if (type >= 0xa0 && type <= 0xbf) return type & 0x1f;
    if (type === 0xd9) return this.#unsigned(1);
    if (type === 0xda) return this.#unsigned(2);
    return type === 0xdb ? this.#unsigned(4) : -1;
  }

  #text(length: number): string {
    const start = this.#skip(length);
    const bytes = this.#bytes;
    const text =
      length > SHORT_TEXT_MAX_BYTES
        ? readLongText(bytes.subarray(start, start + length))
        : readUtf8(bytes, start, length);
    if (text === undefined) throw malformed('a string is not UTF-8');
    return text;
  }

  /** A copy: handlers may keep it, and see a plain `Uint8Array` whatever the bytes came in. */
  #binary(length: number): Uint8Array {
    const start = this.#skip(length);
    return this.#bytes.slice(start, start + length);
  }

  #unsigned(bytes: number): number {
    let value = 0;
    for (let at = this.#skip(bytes); at < this.#at; at++) value = value * 256 + (this.#bytes[at] as number);
    return value;
  }

  get #view(): DataView {
    const bytes = this.#bytes;
    this.#numbers ??= new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return this.#numbers;
  }

  /** Goes on by `count` bytes and returns where they begin. */
  #skip(count: number): number {
    const start = this.#at;
    if (count > this.#bytes.length - start) throw malformed('the value is cut short');
    this.#at = start + count;
    return start;
  }
}

function readLongText(bytes: Uint8Array): string | undefined {
  try {
    return TEXT_DECODER.decode(bytes);
  } catch {
    return undefined;
  }
}

function exact(integer: bigint): number | bigint {
  return integer >= -EXACT_MAX && integer <= EXACT_MAX ? Number(integer) : integer;
}

function malformed(detail: string): ProtocolError {
  return fault('DATA_MALFORMED', `the data is not valid MessagePack: ${detail}`);
}

function fault(code: ProtocolErrorCode, message: string): ProtocolError {
  return new ProtocolError(code, message);
}
