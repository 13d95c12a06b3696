// Application data to bytes and back: the one file that knows msgpackr.
// Options: no records (a msgpackr extension that no other decoder knows), binary data copied out of the network's
// buffers, `undefined` properties left out as JSON does. Incoming bytes are checked before msgpackr sees them.

import { Packr, RESET_BUFFER_MODE, REUSE_BUFFER_MODE, Unpackr } from 'msgpackr';
import {
  checkMessagePack,
  HoldfastError,
  hasLoneSurrogate,
  MESSAGE_MAX_BYTES,
  NESTING_MAX_DEPTH,
  ProtocolError,
  UNSAFE_KEYS,
} from './core/index.js';

// `object`, because msgpackr's type declarations lack `skipValues` and the value `auto`.
const packOptions: object = { useRecords: false, skipValues: [undefined], useToJSON: false };
const unpackOptions: object = { useRecords: false, mapsAsObjects: true, copyBuffers: true, int64AsType: 'auto' };
const packr = new Packr(packOptions);
const unpackr = new Unpackr(unpackOptions);

/** What msgpackr returns in `REUSE_BUFFER_MODE`: its memory, and where in it the bytes are. */
type PackedBytes = Uint8Array<ArrayBuffer> & { readonly start: number; readonly end: number };

/**
 * The data of a message as MessagePack: null, booleans, numbers, strings, `Uint8Array`, arrays and plain objects of
 * these. Properties that are `undefined` are left out, and -0 is sent as 0, both as in JSON. The bytes belong to the
 * caller only until the next call.
 *
 * @throws HoldfastError `DATA_NOT_SERIALISABLE` or `DATA_UNSAFE_KEY`, naming the path of the fault; `MESSAGE_TOO_LARGE`
 *   for data that is far beyond the limit (`checkMessage` has the exact rule)
 */
export function encodeData(data: unknown): Uint8Array {
  new Check().value(data);
  // It hands out its own memory, and begins at the same place the next time: no message costs memory of its own.
  const packed: unknown = packr.pack(data, REUSE_BUFFER_MODE | RESET_BUFFER_MODE);
  const { buffer, byteOffset, start, end } = packed as PackedBytes;
  return new Uint8Array(buffer, byteOffset + start, end - start);
}

/**
 * The data behind the bytes, or what is wrong with them. Never throws; allocates in proportion to the bytes. Integers of
 * 64 bits that a number can not hold exactly, which only other implementations send, become `bigint`.
 */
export function decodeData(bytes: Uint8Array): { readonly value: unknown } | ProtocolError {
  const fault = checkMessagePack(bytes);
  if (fault !== undefined) return fault;
  try {
    return { value: unpackr.unpack(plainBytes(bytes)) };
  } catch (cause) {
    return new ProtocolError('DATA_MALFORMED', `the data is not valid MessagePack: ${String(cause)}`);
  }
}

/** msgpackr makes binary data what its input is; handlers shall see a `Uint8Array` and never Node's subclass of it. */
function plainBytes(bytes: Uint8Array): Uint8Array {
  if (bytes.constructor === Uint8Array) return bytes;
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Throws for what cannot be sent, naming where it is. */
class Check {
  /** The keys and indexes that lead to the value at hand. */
  readonly #path: (string | number)[] = [];
  /** Every value has a byte at least, every text one more for each character: below zero the message is too large. */
  #leftBytes = MESSAGE_MAX_BYTES;

  value(value: unknown): void {
    // Without this bound, an array that holds one array twice, which holds another twice, and so on, would take hours.
    this.#spend(1);
    switch (typeof value) {
      case 'boolean':
      case 'number':
        return;
      case 'string':
        this.#text(value);
        return;
      case 'object':
        if (value === null) return;
        if (value instanceof Uint8Array) this.#spend(value.length);
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

  #nested(value: object): void {
    if (this.#path.length === NESTING_MAX_DEPTH) {
      throw this.#fault(`is deeper than ${NESTING_MAX_DEPTH} levels`, 'flatten the data');
    }
    if (Array.isArray(value)) {
      for (let index = 0; index < value.length; index++) this.#entry(index, value[index]);
      return;
    }
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) {
      throw this.#fault(`is an instance of ${value.constructor?.name ?? 'a class'}`, 'send its plain fields');
    }
    for (const key of Object.keys(value)) {
      if (UNSAFE_KEYS.includes(key)) {
        const message = `${this.#where()} has the key ${key}, which is not allowed; rename it`;
        throw new HoldfastError('DATA_UNSAFE_KEY', message);
      }
      const entry = (value as Record<string, unknown>)[key];
      if (entry === undefined) continue;
      this.#spend(1);
      this.#text(key);
      this.#entry(key, entry);
    }
  }

  #entry(key: string | number, entry: unknown): void {
    this.#path.push(key);
    this.value(entry);
    this.#path.pop();
  }

  /** Half of a surrogate pair has no form in UTF-8; the other end would take the bytes for an attack and hang up. */
  #text(text: string): void {
    this.#spend(text.length);
    if (hasLoneSurrogate(text)) throw this.#fault('has half a surrogate pair in a text', 'cut between characters');
  }

  #spend(bytes: number): void {
    this.#leftBytes -= bytes;
    if (this.#leftBytes >= 0) return;
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
