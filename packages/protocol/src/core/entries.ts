// The messages inside a data frame. The same bytes lie in the outbox: a message is encoded once, when it is sent, and
// from then on only copied, however often it is sent again.
//
//   flags u8 (bit 0: there are headers) | name str8 | headers, when there are | data length uvar | data (MessagePack)
//   headers: count u8, 1 or more, then for each: name str8 | value length uvar | value text

import { ByteReader } from './byte-reader.js';
import { ByteWriter, uvarLength } from './byte-writer.js';
import type { ProtocolError } from './errors.js';
import { invariant } from './invariant.js';
import { HEADERS_MAX, HEADERS_MAX_BYTES, MESSAGE_MAX_BYTES, NAME_MAX_BYTES } from './limits.js';
import { utf8Length } from './utf8.js';

/** Texts that travel with a message beside its data, by name; what tracing puts there, for example. */
export type Headers = Readonly<Record<string, string>>;

/** One message of a data frame. */
export interface Entry {
  readonly name: string;
  readonly headers: Headers | undefined;
  /** MessagePack. */
  readonly data: Uint8Array;
}

const FLAG_HEADERS = 1;
const NO_HEADERS: Headers = {};
const NO_LIST: HeaderList = [];
/** What an encoder keeps. */
const ENCODER_BYTES = 4_096;

/** The bytes of one message. Name, headers and data must be within the limits; headers without any are none. */
export function encodeEntry(name: string, data: Uint8Array, headers: Headers = NO_HEADERS): Uint8Array {
  const list = headers === NO_HEADERS ? [] : Object.entries(headers);
  const length = 2 + utf8Length(name) + uvarLength(data.length) + data.length;
  // A `uvar` takes up to eight bytes of room before it is known to be shorter.
  const writer = new ByteWriter(length + 8 + (list.length === 0 ? 0 : headersBytes(headers) + 8 * list.length));
  writeEntry(writer, name, data, list);
  return writer.finish();
}

/** Encodes messages of which each is copied before the next one comes: none costs memory of its own. */
export class EntryEncoder {
  #writer = new ByteWriter(ENCODER_BYTES);

  /** As `encodeEntry` does; the bytes are good until the next call. */
  encode(name: string, data: Uint8Array, headers: Headers | undefined): Uint8Array {
    // One large message must not be paid for by all that follow.
    if (this.#writer.length > ENCODER_BYTES) this.#writer = new ByteWriter(ENCODER_BYTES);
    else this.#writer.clear();
    writeEntry(this.#writer, name, data, headers === undefined ? NO_LIST : Object.entries(headers));
    return this.#writer.view();
  }
}

type HeaderList = readonly (readonly [string, string])[];

function writeEntry(writer: ByteWriter, name: string, data: Uint8Array, headers: HeaderList): void {
  invariant(name !== '', 'a message has a name');
  writer.u8(headers.length === 0 ? 0 : FLAG_HEADERS).str8(name);
  if (headers.length > 0) writeHeaders(writer, headers);
  writer.uvar(data.length).bytes(data);
}

/** Bytes of the names and values of headers together, in UTF-8: what `HEADERS_MAX_BYTES` bounds. */
export function headersBytes(headers: Headers): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(headers)) bytes += utf8Length(name) + utf8Length(value);
  return bytes;
}

function writeHeaders(writer: ByteWriter, headers: HeaderList): void {
  invariant(headers.length <= HEADERS_MAX, 'the headers are within the limit');
  writer.u8(headers.length);
  let bytes = 0;
  for (const [name, value] of headers) {
    invariant(name !== '', 'a header has a name');
    writer.str8(name).uvar(utf8Length(value)).text(value);
    bytes += utf8Length(name) + utf8Length(value);
  }
  invariant(bytes <= HEADERS_MAX_BYTES, 'the headers are within the limit in bytes');
}

/** Where each entry ends, as offsets into `entries`, or what is wrong with them. */
export function entryEnds(entries: Uint8Array, count: number): Uint32Array | ProtocolError {
  const reader = new ByteReader(entries);
  // Not more room than the bytes can fill: an entry has four bytes at least.
  const ends = new Uint32Array(Math.min(count, Math.floor(entries.length / 4)));
  for (let index = 0; index < count; index++) {
    readEntry(reader);
    if (reader.fault !== undefined) return reader.fault;
    ends[index] = reader.offset;
  }
  reader.end();
  return reader.fault ?? ends;
}

/** The messages in `entries`, which have been checked with `entryEnds` before. */
export function decodeEntries(entries: Uint8Array, count: number): Entry[] {
  const reader = new ByteReader(entries);
  const messages: Entry[] = [];
  for (let index = 0; index < count; index++) messages.push(readEntry(reader));
  return messages;
}

function readEntry(reader: ByteReader): Entry {
  const flags = reader.u8('entry flags');
  if (flags > FLAG_HEADERS) reader.reject('FRAME_MALFORMED', `entry flags ${flags} are unknown in version 1`);
  const start = reader.offset;
  const name = reader.str8('message name', NAME_MAX_BYTES);
  const nameBytes = reader.offset - start - 1;
  if (name === '') reader.reject('FRAME_MALFORMED', 'the message name is empty');
  const headers = flags === FLAG_HEADERS ? readHeaders(reader) : undefined;
  const length = reader.uvar('data length');
  if (nameBytes + length > MESSAGE_MAX_BYTES) {
    reader.reject(
      'FRAME_TOO_LARGE',
      `a message of ${nameBytes + length} bytes; at most ${MESSAGE_MAX_BYTES} are allowed`,
    );
  }
  return { name, headers, data: reader.bytes(length, 'message data') };
}

function readHeaders(reader: ByteReader): Headers {
  const count = reader.u8('header count');
  if (count < 1 || count > HEADERS_MAX) {
    reader.reject('FRAME_MALFORMED', `${count} headers; 1 to ${HEADERS_MAX} are allowed`);
  }
  const headers = new Map<string, string>();
  let bytes = 0;
  for (let index = 0; index < count && reader.fault === undefined; index++) {
    const nameBytes = reader.u8('header name length');
    const name = reader.text(nameBytes, 'header name', NAME_MAX_BYTES);
    if (name === '') reader.reject('FRAME_MALFORMED', 'a header has no name');
    if (headers.has(name)) reader.reject('FRAME_MALFORMED', 'a header comes twice');
    const valueBytes = reader.uvar('header length');
    bytes += nameBytes + valueBytes;
    if (bytes > HEADERS_MAX_BYTES) {
      reader.reject('FRAME_TOO_LARGE', `headers of ${bytes} bytes; at most ${HEADERS_MAX_BYTES} are allowed`);
    }
    headers.set(name, reader.text(valueBytes, 'header', HEADERS_MAX_BYTES));
  }
  // `fromEntries` makes own properties, whatever their names are.
  return Object.fromEntries(headers);
}
