// The body of one frame to an object. Every field is checked; what is wrong is a `ProtocolError`, never a throw.

import type { RangeList, SequenceRange } from './ack-ranges.js';
import { ByteReader } from './byte-reader.js';
import { entryEnds } from './entries.js';
import { ProtocolError } from './errors.js';
import { HELLO_MAGIC } from './frame-encoder.js';
import { FRAME_TYPE, type Frame, type LaneFloor, type LaneHandled, type MessageResult, RESULT_KIND } from './frames.js';
import {
  ACK_RANGES_MAX,
  DATA_MESSAGES_MAX,
  DEVICE_ID_MAX_BYTES,
  LANE_MAX_BYTES,
  LANES_MAX,
  MESSAGE_MAX_BYTES,
  NAME_MAX_BYTES,
  PROTOCOL_VERSION,
  REASON_MAX_BYTES,
  REPLY_MAX_BYTES,
  RESULTS_MAX,
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
  [FRAME_TYPE.open, (reader) => ({ type: 'open', epoch: readEpoch(reader), lanes: readFloors(reader) })],
  [
    FRAME_TYPE.opened,
    (reader) => ({
      type: 'opened',
      epoch: readEpoch(reader),
      credit: reader.uvar('credit'),
      lanes: readHandledLanes(reader),
    }),
  ],
  [FRAME_TYPE.data, parseData],
  [
    FRAME_TYPE.ack,
    (reader) => ({
      type: 'ack',
      epoch: readEpoch(reader),
      credit: reader.uvar('credit'),
      lane: reader.str8('lane', LANE_MAX_BYTES),
      handled: readRanges(reader),
    }),
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
  [
    FRAME_TYPE.results,
    (reader) => ({
      type: 'results',
      epoch: readEpoch(reader),
      lane: reader.str8('lane', LANE_MAX_BYTES),
      results: readResults(reader),
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
    lane: reader.str8('lane', LANE_MAX_BYTES),
    floor: readSequence(reader, 'floor'),
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

function readFloors(reader: ByteReader): LaneFloor[] {
  return readLanes(reader, (lane) => ({ lane, floor: readSequence(reader, 'floor') }));
}

/** Reads lanes as `writeHandledLanes` of frame-encoder.ts writes them. */
export function readHandledLanes(reader: ByteReader, rangesMax: number = ACK_RANGES_MAX): LaneHandled[] {
  let room = rangesMax;
  return readLanes(reader, (lane) => {
    const handled = readRanges(reader, room);
    room -= handled.ranges.length;
    return { lane, handled };
  });
}

/** How many lanes, then each; a name that comes twice is a fault. */
function readLanes<Lane>(reader: ByteReader, readLane: (name: string) => Lane): Lane[] {
  const count = reader.uvar('lane count');
  if (count > LANES_MAX) reader.reject('FRAME_MALFORMED', `${count} lanes; at most ${LANES_MAX} are allowed`);
  const names = new Set<string>();
  const lanes: Lane[] = [];
  for (let index = 0; index < count && reader.fault === undefined; index++) {
    const name = reader.str8('lane', LANE_MAX_BYTES);
    if (names.has(name)) reader.reject('FRAME_MALFORMED', 'a lane comes twice');
    names.add(name);
    lanes.push(readLane(name));
  }
  return lanes;
}

/** Reads results as `writeResults` of frame-encoder.ts writes them. */
export function readResults(reader: ByteReader, resultsMax: number = RESULTS_MAX): MessageResult[] {
  const count = reader.uvar('result count');
  if (count < 1 || count > resultsMax) {
    reader.reject('FRAME_MALFORMED', `${count} results; 1 to ${resultsMax} are allowed`);
  }
  const results: MessageResult[] = [];
  let previous = 0;
  for (let index = 0; index < count && reader.fault === undefined; index++) {
    const sequence = readSequence(reader, 'sequence');
    if (sequence <= previous) reader.reject('FRAME_MALFORMED', 'results do not ascend');
    previous = sequence;
    const kind = reader.u8('result kind');
    if (kind === RESULT_KIND.reply) results.push({ sequence, kind: 'reply', value: readReply(reader) });
    else if (kind === RESULT_KIND.rejected) {
      results.push({ sequence, kind: 'rejected', reason: reader.str8('reason', REASON_MAX_BYTES) });
    } else reader.reject('FRAME_MALFORMED', `result kind ${kind} is unknown in version 1`);
  }
  return results;
}

function readReply(reader: ByteReader): Uint8Array {
  const length = reader.uvar('reply length');
  if (length > REPLY_MAX_BYTES) {
    reader.reject('FRAME_TOO_LARGE', `a reply of ${length} bytes; at most ${REPLY_MAX_BYTES} are allowed`);
  }
  return reader.bytes(length, 'reply');
}
