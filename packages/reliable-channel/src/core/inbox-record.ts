// How an inbox lies in its store. What a receiving half remembers of its sender is one small record, which does not grow with
// the number of messages, and one record for each commit that brought results, which goes when the sender has them.
//
//   inbox/<sender>                           version u8 | epoch 8 bytes | lanes and their handled sets, as in opened frames
//   inbox/<sender>/results/<14 hex digits>   version u8 | epoch 8 bytes | lane count uvar, then for each:
//                                            lane str8 | results, as in results frames
//
// The digits make the order of the keys the order in which results were recorded, in every store.

import {
  ByteReader,
  ByteWriter,
  epochBytes,
  LANE_MAX_BYTES,
  LANES_MAX,
  type LaneHandled,
  type ProtocolError,
  readEpoch,
  readHandledLanes,
  readResults,
  writeHandledLanes,
  writeResults,
} from '@holdfast/protocol/core';
import { keyPart } from './key-part.js';
import type { LaneResults } from './receiver-contract.js';

/** The layout that this code writes. */
export const INBOX_RECORD_VERSION = 2;

/**
 * Ranges above the cumulative numbers that a record can hold, of all lanes together. The receiver sees to it that there are
 * never more: one that was left out would be handled again after a restart.
 */
export const INBOX_RANGES_MAX = 2_048;

/** Results that are kept for one sender. At the limit no message goes to a handler until the sender says that it has some. */
export const RESULTS_KEPT_MAX = 4_096;

/** The same in bytes of replies and reasons. The result that goes beyond is still kept, and one of each other lane. */
export const RESULTS_KEPT_MAX_BYTES = 1024 * 1024;

/** Results of one lane in one record: all that are kept, and those of handlers that ran when the limit was reached. */
const LANE_RESULTS_MAX = RESULTS_KEPT_MAX + LANES_MAX;

/** What was handled of one epoch. */
export interface InboxRecord {
  readonly epoch: string;
  readonly lanes: readonly LaneHandled[];
}

/** Results that one commit brought. */
export interface ResultsRecord {
  readonly epoch: string;
  readonly lanes: readonly LaneResults[];
}

/** A record of results, and which one it is: they are numbered as they come. */
export interface StoredResults extends ResultsRecord {
  readonly number: number;
}

/** What an inbox has of one sender. */
export interface InboxContents {
  /** `undefined`: it has never handled anything of this sender. */
  readonly record: InboxRecord | undefined;
  /** Ascending by number. */
  readonly results: readonly StoredResults[];
}

/** The key of the record about one sender. */
export function inboxKey(senderId: string): string {
  return `inbox/${keyPart(senderId)}`;
}

/** The key of a record of results. */
export function resultsKey(senderId: string, number: number): string {
  return `${inboxKey(senderId)}/results/${number.toString(16).padStart(14, '0')}`;
}

/** The key behind the last possible record of results. */
export function resultsKeyEnd(senderId: string): string {
  return `${inboxKey(senderId)}/results/~`;
}

/** Which record of results a key names. */
export function resultsNumberOf(key: string): number {
  return Number.parseInt(key.slice(key.lastIndexOf('/') + 1), 16);
}

/** Writes the record. It must not have more than `INBOX_RANGES_MAX` ranges. */
export function encodeInbox({ epoch, lanes }: InboxRecord): Uint8Array {
  const writer = new ByteWriter().u8(INBOX_RECORD_VERSION).bytes(epochBytes(epoch));
  writeHandledLanes(writer, lanes, INBOX_RANGES_MAX);
  return writer.finish();
}

/** Reads the record, or says what is wrong with it. */
export function decodeInbox(bytes: Uint8Array): InboxRecord | ProtocolError {
  const reader = new ByteReader(bytes);
  readVersion(reader);
  const record = { epoch: readEpoch(reader), lanes: readHandledLanes(reader, INBOX_RANGES_MAX) };
  reader.end();
  return reader.fault ?? record;
}

/** Writes a record of results. */
export function encodeResults({ epoch, lanes }: ResultsRecord): Uint8Array {
  const writer = new ByteWriter().u8(INBOX_RECORD_VERSION).bytes(epochBytes(epoch)).uvar(lanes.length);
  for (const { lane, results } of lanes) writeResults(writer.str8(lane, LANE_MAX_BYTES), results, LANE_RESULTS_MAX);
  return writer.finish();
}

/** Reads a record of results, or says what is wrong with it. */
export function decodeResults(bytes: Uint8Array): ResultsRecord | ProtocolError {
  const reader = new ByteReader(bytes);
  readVersion(reader);
  const epoch = readEpoch(reader);
  const count = reader.uvar('lane count');
  if (count > LANES_MAX) reader.reject('FRAME_MALFORMED', `${count} lanes; at most ${LANES_MAX} are allowed`);
  const lanes: LaneResults[] = [];
  for (let index = 0; index < count && reader.fault === undefined; index++) {
    lanes.push({ lane: reader.str8('lane', LANE_MAX_BYTES), results: readResults(reader, LANE_RESULTS_MAX) });
  }
  reader.end();
  return reader.fault ?? { epoch, lanes };
}

function readVersion(reader: ByteReader): void {
  const version = reader.u8('version');
  if (version !== INBOX_RECORD_VERSION) reader.reject('VERSION_UNSUPPORTED', `record version ${version} is unknown`);
}
