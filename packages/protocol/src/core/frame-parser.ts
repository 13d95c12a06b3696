// The body of one frame to an object. Every field is checked; what is wrong is a `ProtocolError`, never a throw.

import type { RangeList, SequenceRange } from './ack-ranges.js';
import { ByteReader } from './byte-reader.js';
import { entryEnds } from './entries.js';
import { ProtocolError } from './errors.js';
import { HELLO_MAGIC } from './frame-encoder.js';
import { FRAME_TYPE, type Frame } from './frames.js';
import {
  ACK_RANGES_MAX,
  DATA_MESSAGES_MAX,
  DEVICE_ID_MAX_BYTES,
  LANE_MAX_BYTES,
  MESSAGE_MAX_BYTES,
  NAME_MAX_BYTES,
  PROTOCOL_VERSION,
  REASON_MAX_BYTES,
  TOKEN_MAX_BYTES,
} from './limits.js';

/** Reads one frame without its length field. Byte fields of the result are views of `bytes`, not copies. */
export function parseFrame(bytes: Uint8Array): Frame | ProtocolError {
  const reader = new ByteReader(bytes);
  const type = reader.u8('frame type');
  const parse = PARSERS.get(type);
  if (reader.fault === undefined && parse === undefined) {
    return new ProtocolError('FRAME_UNKNOWN_TYPE', `frame type 0x${type.toString(16).padStart(2, '0')} is unknown`);
  }
  const frame = parse?.(reader);
  reader.end();
  return reader.fault ?? (frame as Frame);
}

type Parse = (reader: ByteReader) => Frame;

const PARSERS: ReadonlyMap<number, Parse> = new Map<number, Parse>([
  [FRAME_TYPE.hello, parseHello],
  [
    FRAME_TYPE.welcome,
    (reader) => ({ type: 'welcome', version: reader.u8('version'), messageMaxBytes: reader.u32('messageMaxBytes') }),
  ],
  [
    FRAME_TYPE.refuse,
    (reader) => ({
      type: 'refuse',
      code: reader.u8('code'),
      retryAfterMs: reader.u32('retryAfterMs'),
      versionMin: reader.u8('versionMin'),
      versionMax: reader.u8('versionMax'),
      reason: reader.str8('reason', REASON_MAX_BYTES),
    }),
  ],
  [FRAME_TYPE.message, parseMessage],
  [FRAME_TYPE.serverAck, (reader) => ({ type: 'serverAck', count: reader.uvar('count') })],
  [FRAME_TYPE.ping, (reader) => ({ type: 'ping', nonce: reader.u32('nonce') })],
  [FRAME_TYPE.pong, (reader) => ({ type: 'pong', nonce: reader.u32('nonce') })],
  [
    FRAME_TYPE.close,
    (reader) => ({ type: 'close', code: reader.u8('code'), reason: reader.str8('reason', REASON_MAX_BYTES) }),
  ],
  [FRAME_TYPE.open, (reader) => ({ type: 'open', epoch: readEpoch(reader), floor: readSequence(reader, 'floor') })],
  [
    FRAME_TYPE.opened,
    (reader) => ({
      type: 'opened',
      epoch: readEpoch(reader),
      credit: reader.uvar('credit'),
      handled: readRanges(reader),
    }),
  ],
  [FRAME_TYPE.data, parseData],
  [
    FRAME_TYPE.ack,
    (reader) => ({ type: 'ack', epoch: readEpoch(reader), credit: reader.uvar('credit'), handled: readRanges(reader) }),
  ],
  [
    FRAME_TYPE.nack,
    (reader) => ({
      type: 'nack',
      epoch: readEpoch(reader),
      code: reader.u8('code'),
      lane: reader.str8('lane', LANE_MAX_BYTES),
      from: reader.uvar('from'),
      retryAfterMs: reader.uvar('retryAfterMs'),
      reason: reader.str8('reason', REASON_MAX_BYTES),
    }),
  ],
]);

function parseHello(reader: ByteReader): Frame {
  if (reader.u32('magic') !== HELLO_MAGIC) reader.reject('FRAME_MALFORMED', 'this is not a Holdfast hello');
  const version = reader.u8('version');
  if (version !== PROTOCOL_VERSION) {
    // What follows belongs to a version we do not know. The server answers with a refuse frame.
    reader.rest();
    return { type: 'hello', version, deviceId: '', token: '' };
  }
  const deviceId = reader.str8('device id', DEVICE_ID_MAX_BYTES);
  if (deviceId === '') reader.reject('FRAME_MALFORMED', 'the device id is empty');
  const token = reader.text(reader.uvar('token length'), 'token', TOKEN_MAX_BYTES);
  return { type: 'hello', version, deviceId, token };
}

function parseMessage(reader: ByteReader): Frame {
  const nameStart = reader.offset + 1;
  const name = reader.str8('message name', NAME_MAX_BYTES);
  if (name === '') reader.reject('FRAME_MALFORMED', 'the message name is empty');
  const messageBytes = reader.offset - nameStart + reader.remaining;
  if (messageBytes > MESSAGE_MAX_BYTES) {
    reader.reject('FRAME_TOO_LARGE', `a message of ${messageBytes} bytes; at most ${MESSAGE_MAX_BYTES} are allowed`);
  }
  return { type: 'message', name, data: reader.rest() };
}

function parseData(reader: ByteReader): Frame {
  const frame = {
    type: 'data',
    epoch: readEpoch(reader),
    floor: readSequence(reader, 'floor'),
    lane: reader.str8('lane', LANE_MAX_BYTES),
    after: reader.uvar('after'),
    first: readSequence(reader, 'first'),
    attempt: readSequence(reader, 'attempt'),
    count: reader.uvar('count'),
    entries: reader.rest(),
  } as const;
  if (frame.after >= frame.first) reader.reject('FRAME_MALFORMED', 'after is not below first');
  if (frame.floor > frame.first) reader.reject('FRAME_MALFORMED', 'first is below floor');
  if (frame.count < 1 || frame.count > DATA_MESSAGES_MAX) {
    reader.reject('FRAME_MALFORMED', `a data frame holds 1 to ${DATA_MESSAGES_MAX} messages, not ${frame.count}`);
  }
  if (frame.first + frame.count > Number.MAX_SAFE_INTEGER)
    reader.reject('FRAME_MALFORMED', 'a sequence number is too high');
  if (reader.fault === undefined) {
    const ends = entryEnds(frame.entries, frame.count);
    if (ends instanceof ProtocolError) reader.reject(ends.code, ends.message);
  }
  return frame;
}

/** Reads an epoch: 8 bytes as 16 hex digits. */
export function readEpoch(reader: ByteReader): string {
  let epoch = '';
  for (const byte of reader.bytes(8, 'epoch')) epoch += byte.toString(16).padStart(2, '0');
  return epoch;
}

/** Sequence numbers and attempts count from 1. */
function readSequence(reader: ByteReader, field: string): number {
  const value = reader.uvar(field);
  if (value < 1) reader.reject('FRAME_MALFORMED', `${field} counts from 1`);
  return value;
}

/** Reads a set as `writeRanges` of frame-encoder.ts writes it. */
export function readRanges(reader: ByteReader, rangesMax: number = ACK_RANGES_MAX): RangeList {
  const cumulative = reader.uvar('cumulative');
  const count = reader.uvar('range count');
  if (count > rangesMax) reader.reject('FRAME_MALFORMED', `${count} ranges; at most ${rangesMax} are allowed`);
  const ranges: SequenceRange[] = [];
  let previous = cumulative;
  for (let index = 0; index < count && reader.fault === undefined; index++) {
    const gap = reader.uvar('range gap');
    const length = reader.uvar('range length');
    if (gap < 1 || length < 1) reader.reject('FRAME_MALFORMED', 'a range needs a gap before it and a length');
    const last = previous + gap + length;
    if (last > Number.MAX_SAFE_INTEGER) reader.reject('FRAME_MALFORMED', 'a range ends at 2^53 or above');
    ranges.push({ first: previous + gap + 1, last });
    previous = last;
  }
  return { cumulative, ranges };
}
