// A look at MessagePack bytes before a decoder gets them. A few bytes can claim an array of four billion entries or a
// thousand levels, and decoders believe them. After this check the bytes are one whole value, no deeper than allowed, no
// length exceeds what is there, every key is a harmless string, and there are no extension types.
// Format: github.com/msgpack/msgpack/blob/master/spec.md

import { ProtocolError } from './errors.js';
import { NESTING_MAX_DEPTH } from './limits.js';
import { isUtf8, readUtf8 } from './utf8.js';

/** Keys that JavaScript programs can trip over when they copy or merge an object they did not make. */
export const UNSAFE_KEYS: readonly string[] = ['__proto__', 'constructor'];

/** What is wrong with `bytes` as the data of a message, or `undefined`. */
export function checkMessagePack(bytes: Uint8Array): ProtocolError | undefined {
  return new Check(bytes).run();
}

/** How the value behind a type byte goes on: a fixed number of bytes, or a length field and what it counts. */
type Shape =
  | { readonly kind: 'fixed'; readonly bytes: number }
  | { readonly kind: 'string' | 'binary' | 'array' | 'map'; readonly lengthBytes: number; readonly length: number };

function shapeOf(type: number): Shape | undefined {
  if (type <= 0x7f || type >= 0xe0) return { kind: 'fixed', bytes: 0 };
  if (type <= 0x8f) return { kind: 'map', lengthBytes: 0, length: type & 0x0f };
  if (type <= 0x9f) return { kind: 'array', lengthBytes: 0, length: type & 0x0f };
  if (type <= 0xbf) return { kind: 'string', lengthBytes: 0, length: type & 0x1f };
  return SHAPES[type - 0xc0];
}

const fixed = (bytes: number): Shape => ({ kind: 'fixed', bytes });
const counted = (kind: 'string' | 'binary' | 'array' | 'map', lengthBytes: number): Shape => ({
  kind,
  lengthBytes,
  length: 0,
});

/** The types from 0xc0 to 0xdf; undefined: never used, or an extension. */
const SHAPES: readonly (Shape | undefined)[] = [
  fixed(0), // c0 nil
  undefined, // c1 never used
  fixed(0), // c2 false
  fixed(0), // c3 true
  counted('binary', 1), // c4
  counted('binary', 2), // c5
  counted('binary', 4), // c6
  undefined, // c7 ext
  undefined, // c8 ext
  undefined, // c9 ext
  fixed(4), // ca float 32
  fixed(8), // cb float 64
  fixed(1), // cc uint 8
  fixed(2), // cd uint 16
  fixed(4), // ce uint 32
  fixed(8), // cf uint 64
  fixed(1), // d0 int 8
  fixed(2), // d1 int 16
  fixed(4), // d2 int 32
  fixed(8), // d3 int 64
  undefined, // d4 fixext
  undefined, // d5 fixext
  undefined, // d6 fixext
  undefined, // d7 fixext
  undefined, // d8 fixext
  counted('string', 1), // d9
  counted('string', 2), // da
  counted('string', 4), // db
  counted('array', 2), // dc
  counted('array', 4), // dd
  counted('map', 2), // de
  counted('map', 4), // df
];

class Check {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  run(): ProtocolError | undefined {
    const fault = this.#value(0);
    if (fault !== undefined) return fault;
    const left = this.#bytes.length - this.#at;
    return left === 0 ? undefined : malformed(`${left} bytes behind the value`);
  }

  /** Recursion is safe here: it is never deeper than `NESTING_MAX_DEPTH`. */
  #value(depth: number): ProtocolError | undefined {
    const bytes = this.#bytes;
    if (this.#at >= bytes.length) return malformed('the value is cut short');
    const type = bytes[this.#at++] as number;
    const shape = shapeOf(type);
    if (shape === undefined) return malformed(`type 0x${type.toString(16)} is not allowed`);
    if (shape.kind === 'fixed') return this.#skip(shape.bytes);
    const length = shape.lengthBytes === 0 ? shape.length : this.#length(shape.lengthBytes);
    if (length === undefined) return malformed('the value is cut short');
    if (shape.kind === 'binary') return this.#skip(length);
    if (shape.kind === 'string') {
      const start = this.#at;
      const fault = this.#skip(length);
      if (fault !== undefined) return fault;
      return isUtf8(bytes, start, length) ? undefined : malformed('a string is not UTF-8');
    }
    // Every entry takes a byte at least, so a length beyond the rest is a lie; nothing is allocated on its word.
    const entries = shape.kind === 'map' ? 2 * length : length;
    if (entries > bytes.length - this.#at) return malformed('the value is cut short');
    if (depth === NESTING_MAX_DEPTH) {
      return new ProtocolError('DATA_TOO_DEEP', `data nests deeper than ${NESTING_MAX_DEPTH} levels`);
    }
    for (let index = 0; index < length; index++) {
      const fault = (shape.kind === 'map' ? this.#key() : undefined) ?? this.#value(depth + 1);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  #key(): ProtocolError | undefined {
    const start = this.#at;
    const type = this.#bytes[start];
    const shape = type === undefined ? undefined : shapeOf(type);
    if (shape?.kind !== 'string') return malformed('a key is not a string');
    const fault = this.#value(0);
    if (fault !== undefined) return fault;
    const textStart = start + 1 + shape.lengthBytes;
    const length = this.#at - textStart;
    // Most keys are told apart by their length, without making a string of them.
    const unsafe = UNSAFE_KEYS.find((key) => key.length === length && readUtf8(this.#bytes, textStart, length) === key);
    if (unsafe === undefined) return undefined;
    return new ProtocolError('DATA_UNSAFE_KEY', `the key ${unsafe} is not allowed; rename it`);
  }

  #length(lengthBytes: number): number | undefined {
    if (this.#at + lengthBytes > this.#bytes.length) return undefined;
    let length = 0;
    for (let index = 0; index < lengthBytes; index++) length = length * 256 + (this.#bytes[this.#at++] as number);
    return length;
  }

  #skip(count: number): ProtocolError | undefined {
    if (count > this.#bytes.length - this.#at) return malformed('the value is cut short');
    this.#at += count;
    return undefined;
  }
}

function malformed(detail: string): ProtocolError {
  return new ProtocolError('DATA_MALFORMED', `the data is not valid MessagePack: ${detail}`);
}
