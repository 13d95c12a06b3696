// How an outbox lies in its store: one record per batch of messages, one for each lane, one for what they share. The
// entries in a batch are the bytes that go into data frames, so a message is encoded once in its life.
//
//   <prefix>/batch/<lane>/<first, 14 hex digits>
//       version u8 | lane str8 | first uvar | count uvar | ordinal uvar | acceptedAtMs uvar | importance u8 | traits
//       | settled: count uvar, then gap and length of each run as indexes | entries
//   <prefix>/lane/<lane>   version u8 | lane str8 | floor uvar | next uvar | reserved uvar
//       | failedSequence uvar | failures uvar
//   <prefix>/meta          version u8 | epoch 8 bytes | ordinal uvar | bytes uvar | ageMs uvar | wallMs uvar
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
import { keyPart } from './key-part.js';
import { type Importance, readTraits, type TraitsRun, writeTraits } from './message-traits.js';
import type { Run } from './settled-numbers.js';

/** The layout that this code writes. A store with another one is refused when it is opened. */
export const OUTBOX_RECORD_VERSION = 2;

/** Messages of one lane with consecutive sequence numbers, stored by one commit. */
export interface BatchRecord {
  readonly lane: string;
  readonly first: number;
  readonly count: number;
  /** Its place in the order in which all lanes' messages were accepted. */
  readonly ordinal: number;
  /** When its last message was accepted, on the outbox's age clock, in milliseconds. */
  readonly acceptedAtMs: number;
  readonly importance: Importance;
  /** Ascending. */
  readonly traits: readonly TraitsRun[];
  /** Messages of it that are settled, ascending. A record is written again when one in its midst was given up. */
  readonly settled: readonly Run[];
  readonly entries: Uint8Array;
  /** Where each entry ends, as offsets into `entries`. */
  readonly ends: Uint32Array;
}

/** The numbering of one lane. */
export interface LaneRecord {
  readonly lane: string;
  /** Everything below is settled. */
  readonly floor: number;
  /** The number of the next message. Numbers below may have been given out and lost with the process. */
  readonly next: number;
  /** So many of them, the last ones, no batch in the store has ever had. */
  readonly reserved: number;
  /** The message that its handler refused last, 0: none; and how often. */
  readonly failedSequence: number;
  readonly failures: number;
}

/** What the lanes of an outbox share. */
export interface OutboxMeta {
  readonly epoch: string;
  /** The place of the next message in the order of all lanes. */
  readonly ordinal: number;
  /** The bytes of all batch records. */
  readonly bytes: number;
  /** How old the outbox was at this commit, and the wall clock then, in milliseconds. */
  readonly ageMs: number;
  readonly wallMs: number;
}

/** The key of the batch of a lane that begins with message `first`. */
export function batchKey(prefix: string, lane: string, first: number): string {
  return `${prefix}/batch/${keyPart(lane)}/${hexNumber(first)}`;
}

/** The key behind the last possible batch of a lane. */
export function batchKeyEnd(prefix: string, lane: string): string {
  return `${prefix}/batch/${keyPart(lane)}/~`;
}

/** The keys of the batches of all lanes lie from the first to below the second. */
export function batchKeys(prefix: string): { readonly from: string; readonly to: string } {
  return { from: `${prefix}/batch/`, to: `${prefix}/batch0` };
}

/** The key of a lane's numbering. */
export function laneKey(prefix: string, lane: string): string {
  return `${prefix}/lane/${keyPart(lane)}`;
}

/** The keys of all lanes lie from the first to below the second. */
export function laneKeys(prefix: string): { readonly from: string; readonly to: string } {
  return { from: `${prefix}/lane/`, to: `${prefix}/lane0` };
}

/** The key of what the lanes share. */
export function metaKey(prefix: string): string {
  return `${prefix}/meta`;
}

/** A number as part of a key: the order of the keys is the order of the numbers. */
export function hexNumber(value: number): string {
  return value.toString(16).padStart(14, '0');
}

const IMPORTANCES: readonly Importance[] = ['critical', 'high'];

/** Writes the record of a batch. */
export function encodeBatch(batch: BatchRecord): Uint8Array {
  const writer = new ByteWriter(batch.entries.length + 256);
  writer.u8(OUTBOX_RECORD_VERSION).str8(batch.lane, LANE_MAX_BYTES).uvar(batch.first).uvar(batch.count);
  writer.uvar(batch.ordinal).uvar(batch.acceptedAtMs).u8(IMPORTANCES.indexOf(batch.importance));
  writeTraits(writer, batch.traits);
  writer.uvar(batch.settled.length);
  let previous = batch.first;
  for (const { first, last } of batch.settled) {
    writer.uvar(first - previous).uvar(last - first + 1);
    previous = last + 1;
  }
  return writer.bytes(batch.entries).finish();
}

/** Reads a batch record, or says what is wrong with it. */
export function decodeBatch(bytes: Uint8Array): BatchRecord | ProtocolError {
  const reader = new ByteReader(bytes);
  readVersion(reader);
  const lane = reader.str8('lane', LANE_MAX_BYTES);
  const first = reader.uvar('first');
  const count = reader.uvar('count');
  if (first < 1 || count < 1) reader.reject('FRAME_MALFORMED', 'a batch counts from 1 and has a message at least');
  const ordinal = reader.uvar('ordinal');
  const acceptedAtMs = reader.uvar('acceptedAtMs');
  const importance = IMPORTANCES[reader.u8('importance')];
  if (importance === undefined) reader.reject('FRAME_MALFORMED', 'the importance is unknown');
  const traits = readTraits(reader, count);
  const settled = readSettled(reader, first, count);
  const entries = reader.rest();
  if (reader.fault !== undefined) return reader.fault;
  const ends = entryEnds(entries, count);
  if (ends instanceof ProtocolError) return ends;
  const known = importance as Importance;
  return { lane, first, count, ordinal, acceptedAtMs, importance: known, traits, settled, entries, ends };
}

/** Writes the record of a lane. */
export function encodeLane(record: LaneRecord): Uint8Array {
  const writer = new ByteWriter().u8(OUTBOX_RECORD_VERSION).str8(record.lane, LANE_MAX_BYTES);
  writer.uvar(record.floor).uvar(record.next).uvar(record.reserved);
  return writer.uvar(record.failedSequence).uvar(record.failures).finish();
}

/** Reads the record of a lane, or says what is wrong with it. */
export function decodeLane(bytes: Uint8Array): LaneRecord | ProtocolError {
  const reader = new ByteReader(bytes);
  readVersion(reader);
  const record = {
    lane: reader.str8('lane', LANE_MAX_BYTES),
    floor: reader.uvar('floor'),
    next: reader.uvar('next'),
    reserved: reader.uvar('reserved'),
    failedSequence: reader.uvar('failedSequence'),
    failures: reader.uvar('failures'),
  };
  reader.end();
  if (record.floor < 1 || record.floor > record.next) {
    reader.reject('FRAME_MALFORMED', 'floor is not between 1 and next');
  }
  if (record.reserved >= record.next) reader.reject('FRAME_MALFORMED', 'more numbers are reserved than there are');
  return reader.fault ?? record;
}

/** Writes the record of what the lanes share. */
export function encodeMeta(meta: OutboxMeta): Uint8Array {
  const writer = new ByteWriter().u8(OUTBOX_RECORD_VERSION).bytes(epochBytes(meta.epoch));
  return writer.uvar(meta.ordinal).uvar(meta.bytes).uvar(meta.ageMs).uvar(meta.wallMs).finish();
}

/** Reads the record of what the lanes share, or says what is wrong with it. */
export function decodeMeta(bytes: Uint8Array): OutboxMeta | ProtocolError {
  const reader = new ByteReader(bytes);
  readVersion(reader);
  const epoch = readEpoch(reader);
  const ordinal = reader.uvar('ordinal');
  const meta = {
    epoch,
    ordinal,
    bytes: reader.uvar('bytes'),
    ageMs: reader.uvar('ageMs'),
    wallMs: reader.uvar('wallMs'),
  };
  reader.end();
  return reader.fault ?? meta;
}

function readSettled(reader: ByteReader, first: number, count: number): Run[] {
  const runCount = reader.uvar('settled count');
  if (runCount > count) reader.reject('FRAME_MALFORMED', 'a batch has more settled runs than messages');
  const runs: Run[] = [];
  let previous = first;
  for (let index = 0; index < runCount && reader.fault === undefined; index++) {
    const begin = previous + reader.uvar('settled gap');
    const last = begin + reader.uvar('settled length') - 1;
    if (last < begin || last >= first + count) reader.reject('FRAME_MALFORMED', 'a settled run is not in its batch');
    runs.push({ first: begin, last });
    previous = last + 1;
  }
  return runs;
}

/** Every record begins with its version. */
export function readVersion(reader: ByteReader): void {
  const version = reader.u8('version');
  if (version !== OUTBOX_RECORD_VERSION) reader.reject('VERSION_UNSUPPORTED', `record version ${version} is unknown`);
}
