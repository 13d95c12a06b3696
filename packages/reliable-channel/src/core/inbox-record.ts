// What a receiving half remembers of its sender, as one small record: it does not grow with the number of messages.
//
//   version u8 | epoch 8 bytes | handled set (as in ack frames)

import {
  ByteReader,
  ByteWriter,
  epochBytes,
  type ProtocolError,
  type RangeList,
  readEpoch,
  readRanges,
  writeRanges,
} from '@holdfast/protocol/core';

/** The layout that this code writes. */
export const INBOX_RECORD_VERSION = 1;

/**
 * Ranges above the cumulative number that a record can hold. The receiver sees to it that there are never more: one that was
 * left out would be handled again after a restart.
 */
export const INBOX_RANGES_MAX = 2_048;

/** What was handled of one epoch. */
export interface InboxRecord {
  readonly epoch: string;
  readonly handled: RangeList;
}

/** The key of the record about one sender. */
export function inboxKey(senderId: string): string {
  return `inbox/${senderId}`;
}

/** Writes the record. It must not have more than `INBOX_RANGES_MAX` ranges. */
export function encodeInbox(record: InboxRecord): Uint8Array {
  const writer = new ByteWriter().u8(INBOX_RECORD_VERSION).bytes(epochBytes(record.epoch));
  writeRanges(writer, record.handled, INBOX_RANGES_MAX);
  return writer.finish();
}

/** Reads the record, or says what is wrong with it. */
export function decodeInbox(bytes: Uint8Array): InboxRecord | ProtocolError {
  const reader = new ByteReader(bytes);
  const version = reader.u8('version');
  if (version !== INBOX_RECORD_VERSION) reader.reject('VERSION_UNSUPPORTED', `record version ${version} is unknown`);
  const epoch = readEpoch(reader);
  const handled = readRanges(reader, INBOX_RANGES_MAX);
  reader.end();
  return reader.fault ?? { epoch, handled };
}
