// Frames to bytes: length u32 | type u8 | body. docs/protocol.md is this file in words.
// The caller has checked names, tokens and sizes at the edge; here a value out of bounds is a bug.

import type { RangeList } from './ack-ranges.js';
import { ByteWriter } from './byte-writer.js';
import { FRAME_TYPE, type Frame, type LaneFloor, type LaneHandled, type MessageResult, RESULT_KIND } from './frames.js';
import { invariant } from './invariant.js';
import {
  ACK_RANGES_MAX,
  DATA_MESSAGES_MAX,
  DEVICE_ID_MAX_BYTES,
  FRAME_MAX_BYTES,
  LANE_MAX_BYTES,
  LANES_MAX,
  MESSAGE_MAX_BYTES,
  NAME_MAX_BYTES,
  REASON_MAX_BYTES,
  REPLY_MAX_BYTES,
  RESULTS_MAX,
  TOKEN_MAX_BYTES,
} from './limits.js';
import { utf8Length } from './utf8.js';

/** The first four bytes of a hello's body: `HFST`. */
export const HELLO_MAGIC = 0x48465354;

/** The bytes of the length field. */
export const LENGTH_BYTES = 4;

/** One frame as bytes, its length field included. */
export function encodeFrame(frame: Frame): Uint8Array {
  const writer = new ByteWriter(sizeHint(frame));
  writer.u32(0).u8(FRAME_TYPE[frame.type]);
  writeBody(writer, frame);
  const length = writer.length - LENGTH_BYTES;
  invariant(length <= FRAME_MAX_BYTES, 'a frame that is sent is within the limit');
  return writer.patchU32(0, length).finish();
}

/** Cuts a reason so that it fits its field. */
export function fitReason(reason: string): string {
  // A character has a byte at least. The loop below alone would take minutes over a megabyte.
  let text = reason.slice(0, REASON_MAX_BYTES);
  while (utf8Length(text) > REASON_MAX_BYTES) text = text.slice(0, -1);
  return text;
}

/** The bytes of an epoch, which is 16 hex digits. */
export function epochBytes(epoch: string): Uint8Array {
  invariant(/^[0-9a-f]{16}$/.test(epoch), 'an epoch is 16 hex digits');
  const bytes = new Uint8Array(8);
  for (let index = 0; index < 8; index++) bytes[index] = Number.parseInt(epoch.slice(index * 2, index * 2 + 2), 16);
  return bytes;
}

/**
 * Writes a set: cumulative, how many ranges, then for each the gap before it and its length. Ranges beyond the lowest
 * `rangesMax` are left out.
 */
export function writeRanges(writer: ByteWriter, list: RangeList, rangesMax: number = ACK_RANGES_MAX): void {
  const count = Math.min(list.ranges.length, rangesMax);
  writer.uvar(list.cumulative).uvar(count);
  let previous = list.cumulative;
  for (const range of list.ranges.slice(0, count)) {
    invariant(range.first > previous + 1 && range.last >= range.first, 'ranges ascend, apart');
    writer.uvar(range.first - previous - 1).uvar(range.last - range.first + 1);
    previous = range.last;
  }
}

function writeBody(writer: ByteWriter, frame: Frame): void {
  switch (frame.type) {
    case 'hello':
      invariant(frame.deviceId !== '', 'a device has an id');
      invariant(utf8Length(frame.token) <= TOKEN_MAX_BYTES, 'a token is within the limit');
      writer.u32(HELLO_MAGIC).u8(frame.version).str8(frame.deviceId, DEVICE_ID_MAX_BYTES);
      writer.uvar(utf8Length(frame.token)).text(frame.token);
      break;
    case 'welcome':
      writer.u8(frame.version).u32(frame.messageMaxBytes);
      break;
    case 'refuse':
      writer
        .u8(frame.code)
        .u32(frame.retryAfterMs)
        .u8(frame.versionMin)
        .u8(frame.versionMax)
        .str8(fitReason(frame.reason));
      break;
    case 'message':
      invariant(frame.name !== '', 'a message has a name');
      invariant(utf8Length(frame.name) + frame.data.length <= MESSAGE_MAX_BYTES, 'a message is within the limit');
      writer.str8(frame.name, NAME_MAX_BYTES).bytes(frame.data);
      break;
    case 'serverAck':
      writer.uvar(frame.count);
      break;
    case 'ping':
    case 'pong':
      writer.u32(frame.nonce);
      break;
    case 'close':
      writer.u8(frame.code).str8(fitReason(frame.reason));
      break;
    case 'open':
      writer.bytes(epochBytes(frame.epoch));
      writeFloors(writer, frame.lanes);
      break;
    case 'opened':
      writer.bytes(epochBytes(frame.epoch)).uvar(frame.credit);
      writeHandledLanes(writer, frame.lanes);
      break;
    case 'ack':
      writer.bytes(epochBytes(frame.epoch)).uvar(frame.credit).str8(frame.lane, LANE_MAX_BYTES);
      writeRanges(writer, frame.handled);
      break;
    case 'results':
      writer.bytes(epochBytes(frame.epoch)).str8(frame.lane, LANE_MAX_BYTES);
      writeResults(writer, frame.results);
      break;
    case 'data':
      invariant(frame.floor >= 1 && frame.floor <= frame.first, 'nothing below floor is sent');
      invariant(frame.after < frame.first && frame.attempt >= 1, 'after is below first, and attempt counts from 1');
      invariant(frame.count >= 1 && frame.count <= DATA_MESSAGES_MAX, 'the count is within the limit');
      writer.bytes(epochBytes(frame.epoch)).str8(frame.lane, LANE_MAX_BYTES).uvar(frame.floor);
      writer.uvar(frame.after).uvar(frame.first).uvar(frame.attempt).uvar(frame.count).bytes(frame.entries);
      break;
    case 'nack':
      writer.bytes(epochBytes(frame.epoch)).u8(frame.code).str8(frame.lane, LANE_MAX_BYTES).uvar(frame.from);
      writer.uvar(frame.retryAfterMs).str8(fitReason(frame.reason));
      break;
  }
}

function writeFloors(writer: ByteWriter, lanes: readonly LaneFloor[]): void {
  invariant(lanes.length <= LANES_MAX, 'the lanes are within the limit');
  writer.uvar(lanes.length);
  for (const { lane, floor } of lanes) {
    invariant(floor >= 1, 'floor counts from 1');
    writer.str8(lane, LANE_MAX_BYTES).uvar(floor);
  }
}

/** Writes how many lanes, then each lane's name and set. The lanes share the ranges that a frame may hold. */
export function writeHandledLanes(
  writer: ByteWriter,
  lanes: readonly LaneHandled[],
  rangesMax: number = ACK_RANGES_MAX,
): void {
  invariant(lanes.length <= LANES_MAX, 'the lanes are within the limit');
  writer.uvar(lanes.length);
  let room = rangesMax;
  for (const { lane, handled } of lanes) {
    writer.str8(lane, LANE_MAX_BYTES);
    writeRanges(writer, handled, room);
    room -= Math.min(room, handled.ranges.length);
  }
}

/** Writes how many results, `resultsMax` at most, then each one's number, kind, and value or reason. */
export function writeResults(
  writer: ByteWriter,
  results: readonly MessageResult[],
  resultsMax: number = RESULTS_MAX,
): void {
  invariant(results.length >= 1 && results.length <= resultsMax, 'the results are within the limit');
  writer.uvar(results.length);
  let previous = 0;
  for (const result of results) {
    invariant(result.sequence > previous, 'results ascend');
    previous = result.sequence;
    writer.uvar(result.sequence).u8(RESULT_KIND[result.kind]);
    invariant(result.kind !== 'reply' || result.value.length <= REPLY_MAX_BYTES, 'a reply is within the limit');
    if (result.kind === 'reply') writer.uvar(result.value.length).bytes(result.value);
    else writer.str8(fitReason(result.reason));
  }
}

function sizeHint(frame: Frame): number {
  if (frame.type === 'data') return frame.entries.length + 128;
  if (frame.type === 'message') return frame.data.length + 280;
  return 64;
}
