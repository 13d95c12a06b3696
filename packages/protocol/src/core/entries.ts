// The messages inside a data frame. The same bytes lie in the outbox: a message is encoded once, when it is sent, and
// from then on only copied, however often it is sent again.
//
//   flags u8 (0 in version 1) | name str8 | data length uvar | data (MessagePack)

import { ByteReader } from './byte-reader.js';
import { ByteWriter, uvarLength } from './byte-writer.js';
import type { ProtocolError } from './errors.js';
import { invariant } from './invariant.js';
import { MESSAGE_MAX_BYTES, NAME_MAX_BYTES } from './limits.js';
import { utf8Length } from './utf8.js';

/** One message of a data frame. */
export interface Entry {
  readonly name: string;
  /** MessagePack. */
  readonly data: Uint8Array;
}

/** The bytes of one message. Name and data must be within the limits. */
export function encodeEntry(name: string, data: Uint8Array): Uint8Array {
  invariant(name !== '', 'a message has a name');
  const length = 2 + utf8Length(name) + uvarLength(data.length) + data.length;
  return new ByteWriter(length + 8).u8(0).str8(name).uvar(data.length).bytes(data).finish();
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
  if (flags !== 0) reader.reject('FRAME_MALFORMED', `entry flags ${flags} are unknown in version 1`);
  const start = reader.offset;
  const name = reader.str8('message name', NAME_MAX_BYTES);
  const nameBytes = reader.offset - start - 1;
  if (name === '') reader.reject('FRAME_MALFORMED', 'the message name is empty');
  const length = reader.uvar('data length');
  if (nameBytes + length > MESSAGE_MAX_BYTES) {
    reader.reject(
      'FRAME_TOO_LARGE',
      `a message of ${nameBytes + length} bytes; at most ${MESSAGE_MAX_BYTES} are allowed`,
    );
  }
  return { name, data: reader.bytes(length, 'message data') };
}
