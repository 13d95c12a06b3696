// The data of a message to bytes: MessagePack without extension types, every length and every integer in its shortest form.
// What can not be sent is found on the same walk, and named by the path that leads to it.
// Format: github.com/msgpack/msgpack/blob/master/spec.md

import {
  ByteWriter,
  HoldfastError,
  hasLoneSurrogate,
  MESSAGE_MAX_BYTES,
  NESTING_MAX_DEPTH,
  utf8Length,
} from './core/index.js';
import { UNSAFE_KEYS } from './data-decoder.js';

/** What the encoder keeps for the next message. */
const KEPT_BYTES = 8_192;

/** Texts of more characters are left to the platform, which is slow to begin and fast from then on. */
const SHORT_TEXT_MAX = 256;
const TEXT_ENCODER = new TextEncoder();

/** How the types that hold a length begin: with the length in the type itself, up to a limit, or in 1, 2 or 4 bytes behind it. */
interface LengthTypes {
  readonly fixed: number;
  readonly fixedMax: number;
  /** -1: there is none. */
  readonly oneByte: number;
  readonly twoBytes: number;
  readonly fourBytes: number;
}

const TEXT: LengthTypes = { fixed: 0xa0, fixedMax: 31, oneByte: 0xd9, twoBytes: 0xda, fourBytes: 0xdb };
const BINARY: LengthTypes = { fixed: 0, fixedMax: -1, oneByte: 0xc4, twoBytes: 0xc5, fourBytes: 0xc6 };
const ARRAY: LengthTypes = { fixed: 0x90, fixedMax: 15, oneByte: -1, twoBytes: 0xdc, fourBytes: 0xdd };
const MAP: LengthTypes = { fixed: 0x80, fixedMax: 15, oneByte: -1, twoBytes: 0xde, fourBytes: 0xdf };

/**
 * The data of a message as MessagePack: null, booleans, numbers, strings, `Uint8Array`, arrays and plain objects of
 * these. Properties that are `undefined` are left out, and -0 is sent as 0, both as in JSON. The bytes belong to the
 * caller only until the next call.
 *
 * @throws HoldfastError `DATA_NOT_SERIALISABLE` or `DATA_UNSAFE_KEY`, naming the path of the fault; `MESSAGE_TOO_LARGE`
 *   for data that is beyond the limit without a name (`checkMessage` counts the name, too)
 */
export function encodeData(data: unknown): Uint8Array {
  return ENCODER.encode(data);
}

/** Writes one value after another over the last one. */
class DataEncoder {
  #writer = new ByteWriter(KEPT_BYTES);
  /** The keys and indexes that lead to the value at hand. */
  readonly #path: (string | number)[] = [];
  #isWriting = false;

  encode(data: unknown): Uint8Array {
    // A getter in the data encodes something itself.
    if (this.#isWriting) return new DataEncoder().encode(data);
    // One large message must not be paid for by all that follow.
    if (this.#writer.length > KEPT_BYTES) this.#writer = new ByteWriter(KEPT_BYTES);
    else this.#writer.clear();
    this.#isWriting = true;
    try {
      this.#value(data);
    } finally {
      this.#isWriting = false;
      this.#path.length = 0;
    }
    return this.#writer.view();
  }

  #value(value: unknown): void {
    switch (typeof value) {
      case 'number':
        this.#number(value);
        return;
      case 'string':
        this.#text(value);
        return;
      case 'boolean':
        this.#room(1).u8(value ? 0xc3 : 0xc2);
        return;
      case 'object':
        if (value === null) this.#room(1).u8(0xc0);
        else if (value instanceof Uint8Array) this.#binary(value);
        else this.#nested(value);
        return;
      case 'undefined':
        throw this.#fault('is undefined', 'send null instead');
      case 'bigint':
        throw this.#fault('is a bigint', 'send a number or a string');
      default:
        throw this.#fault(`is a ${typeof value}`, 'send plain data');
    }
  }

  #number(value: number): void {
    const writer = this.#room(1);
    // Its bits tell what is an integer of 32 bits, -0 among them, which becomes 0.
    if (value >>> 0 === value) {
      if (value <= 0x7f) writer.u8(value);
      else if (value <= 0xff) writer.u8(0xcc).u8(value);
      else if (value <= 0xffff) writer.u8(0xcd).u16(value);
      else writer.u8(0xce).u32(value);
    } else if (value >> 0 === value) {
      if (value >= -0x20) writer.u8(value & 0xff);
      else if (value >= -0x80) writer.u8(0xd0).u8(value & 0xff);
      else if (value >= -0x8000) writer.u8(0xd1).u16(value & 0xffff);
      else writer.u8(0xd2).u32(value >>> 0);
    } else writer.u8(0xcb).f64(value);
  }

  /** Half of a surrogate pair has no form in UTF-8; the other end would take the bytes for an attack and hang up. */
  #text(text: string): void {
    // Before a long text takes memory.
    this.#room(text.length);
    const long = text.length > SHORT_TEXT_MAX ? TEXT_ENCODER.encode(text) : undefined;
    const length = long?.length ?? utf8Length(text);
    if (length > text.length && hasLoneSurrogate(text)) {
      throw this.#fault('has half a surrogate pair in a text', 'cut between characters');
    }
    const writer = this.#length(TEXT, length, length);
    if (long === undefined) writer.text(text);
    else writer.bytes(long);
  }

  #binary(bytes: Uint8Array): void {
    this.#length(BINARY, bytes.length, bytes.length).bytes(bytes);
  }

  #nested(value: object): void {
    if (this.#path.length === NESTING_MAX_DEPTH) {
      throw this.#fault(`is deeper than ${NESTING_MAX_DEPTH} levels`, 'flatten the data');
    }
    if (Array.isArray(value)) this.#array(value);
    else this.#map(value);
  }

  #array(array: readonly unknown[]): void {
    const { length } = array;
    this.#length(ARRAY, length, length);
    for (let index = 0; index < length; index++) this.#entry(index, array[index]);
  }

  #map(map: object): void {
    const prototype: unknown = Object.getPrototypeOf(map);
    if (prototype !== Object.prototype && prototype !== null) {
      throw this.#fault(`is an instance of ${map.constructor?.name ?? 'a class'}`, 'send its plain fields');
    }
    // Each is read once, so that the count holds even when a getter gives another value every time.
    const entries = Object.entries(map).filter(([, entry]) => entry !== undefined);
    this.#length(MAP, entries.length, 2 * entries.length);
    for (const [key, entry] of entries) {
      if (UNSAFE_KEYS.includes(key)) {
        const message = `${this.#where()} has the key ${key}, which is not allowed; rename it`;
        throw new HoldfastError('DATA_UNSAFE_KEY', message);
      }
      this.#text(key);
      this.#entry(key, entry);
    }
  }

  #entry(key: string | number, entry: unknown): void {
    this.#path.push(key);
    this.#value(entry);
    this.#path.pop();
  }

  /** Writes a type and its length; `bytes` come behind it at least. */
  #length(types: LengthTypes, length: number, bytes: number): ByteWriter {
    const writer = this.#room(1 + bytes);
    if (length <= types.fixedMax) return writer.u8(types.fixed | length);
    if (length <= 0xff && types.oneByte >= 0) return writer.u8(types.oneByte).u8(length);
    if (length <= 0xffff) return writer.u8(types.twoBytes).u16(length);
    return writer.u8(types.fourBytes).u32(length);
  }

  /**
   * Where to write what takes `bytes` at least. Without this bound, an array that holds one array twice, which holds another
   * twice, and so on, would take hours.
   */
  #room(bytes: number): ByteWriter {
    if (this.#writer.length + bytes <= MESSAGE_MAX_BYTES) return this.#writer;
    const message = `the data has more than ${MESSAGE_MAX_BYTES} bytes; split it into several messages`;
    throw new HoldfastError('MESSAGE_TOO_LARGE', message);
  }

  #where(): string {
    return `data${this.#path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`)).join('')}`;
  }

  #fault(what: string, advice: string): HoldfastError {
    return new HoldfastError('DATA_NOT_SERIALISABLE', `${this.#where()} ${what}, which cannot be sent; ${advice}`);
  }
}

/** Its memory is used again and again: no message costs memory of its own. */
const ENCODER = new DataEncoder();
