// How the marks of an outbox lie in its store. A mark says which messages of a tab have become which messages of the outbox. It
// is written by the commit that writes their batch, so whoever takes the outbox over knows what it has already.
//
//   <prefix>/mark/<tab>/<first, 14 hex digits>
//       version u8 | tab str8 | for each run: first uvar | count uvar | lane str8 | sequence uvar | epoch 8 bytes

import { ByteReader, ByteWriter, epochBytes, LANE_MAX_BYTES, ProtocolError, readEpoch } from '@holdfast/protocol/core';
import { keyPart } from './key-part.js';
import type { LaneRun } from './outbox-contract.js';
import { hexNumber, OUTBOX_RECORD_VERSION, readVersion } from './outbox-record.js';

/** The longest name of a tab, in bytes. */
export const TAB_MAX_BYTES = 64;

/** Messages of a tab with consecutive numbers that have consecutive numbers in a lane, too. */
export interface MarkedRun {
  /** The first one's number in its tab. */
  readonly first: number;
  readonly count: number;
  readonly lane: string;
  /** The first one's number in its lane. */
  readonly sequence: number;
  /** The life of the outbox's numberings, for the messages' ids. */
  readonly epoch: string;
}

/** What one commit took of one tab. */
export interface MarkRecord {
  readonly tab: string;
  readonly runs: readonly MarkedRun[];
}

/** The key of the mark that begins with the tab's message `first`. */
export function markKey(prefix: string, tab: string, first: number): string {
  return `${prefix}/mark/${keyPart(tab)}/${hexNumber(first)}`;
}

/** The keys of all marks lie from the first to below the second. */
export function markKeys(prefix: string): { readonly from: string; readonly to: string } {
  return { from: `${prefix}/mark/`, to: `${prefix}/mark0` };
}

/** Writes a mark. */
export function encodeMark({ tab, runs }: MarkRecord): Uint8Array {
  const writer = new ByteWriter().u8(OUTBOX_RECORD_VERSION).str8(tab, TAB_MAX_BYTES);
  for (const { first, count, lane, sequence, epoch } of runs) {
    writer.uvar(first).uvar(count).str8(lane, LANE_MAX_BYTES).uvar(sequence).bytes(epochBytes(epoch));
  }
  return writer.finish();
}

/** Reads a mark, or says what is wrong with it. */
export function decodeMark(bytes: Uint8Array): MarkRecord | ProtocolError {
  const reader = new ByteReader(bytes);
  readVersion(reader);
  const tab = reader.str8('tab', TAB_MAX_BYTES);
  const runs: MarkedRun[] = [];
  while (reader.fault === undefined && reader.remaining > 0) {
    const first = reader.uvar('first');
    const count = reader.uvar('count');
    const lane = reader.str8('lane', LANE_MAX_BYTES);
    const sequence = reader.uvar('sequence');
    if (first < 1 || count < 1 || sequence < 1) reader.reject('FRAME_MALFORMED', 'a mark counts from 1');
    runs.push({ first, count, lane, sequence, epoch: readEpoch(reader) });
  }
  return reader.fault ?? { tab, runs };
}

/** Which messages the record of a batch holds; `undefined`: it makes no sense. */
export function batchRunOf(bytes: Uint8Array): LaneRun | undefined {
  const reader = new ByteReader(bytes);
  readVersion(reader);
  const lane = reader.str8('lane', LANE_MAX_BYTES);
  const first = reader.uvar('first');
  const count = reader.uvar('count');
  return reader.fault instanceof ProtocolError ? undefined : { lane, first, last: first + count - 1 };
}
