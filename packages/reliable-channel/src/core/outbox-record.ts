// How an outbox lies in its store: one record per batch of messages, one for the numbering. The entries in a batch are the
// bytes that go into data frames, so a message is encoded once in its life.
//
//   <prefix>/batch/<first, 14 hex digits>  version u8 | first uvar | count uvar | lane str8 | entries
//   <prefix>/meta                          version u8 | epoch 8 bytes | floor uvar | next uvar | bytes uvar
//
// The digits make the order of the keys the order of the numbers, in every store.

import {
  ByteReader,
  ByteWriter,
  entryEnds,
  epochBytes,
  LANE_MAX_BYTES,
  ProtocolError,
  readEpoch,
} from '@holdfast/protocol/core';

/** The layout that this code writes. A store with another one is refused when it is opened. */
export const OUTBOX_RECORD_VERSION = 1;

/** Messages with consecutive sequence numbers, stored by one commit. */
export interface BatchRecord {
  readonly first: number;
  readonly count: number;
  readonly lane: string;
  readonly entries: Uint8Array;
  /** Where each entry ends, as offsets into `entries`. */
  readonly ends: Uint32Array;
}

/** The numbering of an outbox. */
export interface OutboxMeta {
  readonly epoch: string;
  /** Everything below is settled. */
  readonly floor: number;
  /** The number of the next message. */
  readonly next: number;
  /** The bytes of all batch records. */
  readonly bytes: number;
}

/** The key of the batch that begins with message `first`. */
export function batchKey(prefix: string, first: number): string {
  return `${prefix}/batch/${first.toString(16).padStart(14, '0')}`;
}

/** The key behind the last possible batch. */
export function batchKeyEnd(prefix: string): string {
  return `${prefix}/batch/~`;
}

/** The key of the numbering. */
export function metaKey(prefix: string): string {
  return `${prefix}/meta`;
}

/** Writes the record of a batch. */
export function encodeBatch(batch: BatchRecord): Uint8Array {
  const writer = new ByteWriter(batch.entries.length + batch.lane.length * 3 + 24);
  return writer
    .u8(OUTBOX_RECORD_VERSION)
    .uvar(batch.first)
    .uvar(batch.count)
    .str8(batch.lane)
    .bytes(batch.entries)
    .finish();
}

/** Reads a batch record, or says what is wrong with it. */
export function decodeBatch(bytes: Uint8Array): BatchRecord | ProtocolError {
  const reader = new ByteReader(bytes);
  readVersion(reader);
  const first = reader.uvar('first');
  const count = reader.uvar('count');
  const lane = reader.str8('lane', LANE_MAX_BYTES);
  if (first < 1 || count < 1) reader.reject('FRAME_MALFORMED', 'a batch counts from 1 and has a message at least');
  const entries = reader.rest();
  if (reader.fault !== undefined) return reader.fault;
  const ends = entryEnds(entries, count);
  return ends instanceof ProtocolError ? ends : { first, count, lane, entries, ends };
}

/** Writes the record of the numbering. */
export function encodeMeta(meta: OutboxMeta): Uint8Array {
  const writer = new ByteWriter().u8(OUTBOX_RECORD_VERSION).bytes(epochBytes(meta.epoch));
  return writer.uvar(meta.floor).uvar(meta.next).uvar(meta.bytes).finish();
}

/** Reads the numbering, or says what is wrong with it. */
export function decodeMeta(bytes: Uint8Array): OutboxMeta | ProtocolError {
  const reader = new ByteReader(bytes);
  readVersion(reader);
  const epoch = readEpoch(reader);
  const meta = { epoch, floor: reader.uvar('floor'), next: reader.uvar('next'), bytes: reader.uvar('bytes') };
  reader.end();
  if (meta.floor < 1 || meta.floor > meta.next) reader.reject('FRAME_MALFORMED', 'floor is not between 1 and next');
  return reader.fault ?? meta;
}

function readVersion(reader: ByteReader): void {
  const version = reader.u8('version');
  if (version !== OUTBOX_RECORD_VERSION) reader.reject('VERSION_UNSUPPORTED', `record version ${version} is unknown`);
}
