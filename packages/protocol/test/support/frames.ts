// Frames to test with: a few of every type, with the extremes of every field, and a generator of more.

import fc from 'fast-check';
import {
  ACK_RANGES_MAX,
  DATA_MESSAGES_MAX,
  DEVICE_ID_MAX_BYTES,
  encodeEntry,
  encodeFrame,
  type Frame,
  HEADERS_MAX_BYTES,
  type Headers,
  LANE_MAX_BYTES,
  LANES_MAX,
  LENGTH_BYTES,
  MESSAGE_MAX_BYTES,
  type MessageResult,
  NAME_MAX_BYTES,
  type RangeList,
  REASON_MAX_BYTES,
  REPLY_MAX_BYTES,
  RESULTS_MAX,
  type SequenceRange,
  TOKEN_MAX_BYTES,
} from '../../src/core/index.js';

export const EPOCH = '0123456789abcdef';
const MAX = Number.MAX_SAFE_INTEGER;
const U32_MAX = 0xffffffff;

/** One byte array behind the other. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** `01 fe` to bytes. */
export function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/[0-9a-f]{2}/g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** Any body behind its length field. */
export function framed(body: Uint8Array): Uint8Array {
  const length = new Uint8Array(LENGTH_BYTES);
  new DataView(length.buffer).setUint32(0, body.length);
  return concat(length, body);
}

/** A frame with its byte fields as hex: comparing long texts is much faster than comparing arrays number by number. */
export function printable(value: object): object {
  const print = (field: unknown): unknown => {
    if (field instanceof Uint8Array) return Buffer.from(field).toString('hex');
    if (Array.isArray(field)) return field.map(print);
    if (typeof field !== 'object' || field === null) return field;
    return Object.fromEntries(Object.entries(field).map(([key, inner]) => [key, print(inner)]));
  };
  return value instanceof Error ? value : (print(value) as object);
}

/** A frame's bytes without its length field. */
export function bodyOf(frame: Frame): Uint8Array {
  return encodeFrame(frame).slice(LENGTH_BYTES);
}

const manyRanges: RangeList = {
  cumulative: 1,
  ranges: Array.from({ length: ACK_RANGES_MAX }, (_, index) => ({ first: 3 + 2 * index, last: 3 + 2 * index })),
};
const highRanges: RangeList = { cumulative: 5, ranges: [{ first: 2 ** 40, last: MAX }] };
/** As many lanes as there may be, each with the longest name. */
const manyLanes = Array.from({ length: LANES_MAX }, (_, index) => `${index}`.padStart(LANE_MAX_BYTES, 'l'));
const smallEntry = encodeEntry('temperature', bytesOf('81 a1 63 07'));

/** Frames of every type, among them the smallest and the largest. */
export const SAMPLE_FRAMES: readonly Frame[] = [
  { type: 'hello', version: 1, deviceId: 'press-7', token: 's3cret' },
  { type: 'hello', version: 1, deviceId: 'd', token: '' },
  { type: 'hello', version: 1, deviceId: 'd'.repeat(DEVICE_ID_MAX_BYTES), token: 't'.repeat(TOKEN_MAX_BYTES) },
  { type: 'welcome', version: 1, messageMaxBytes: MESSAGE_MAX_BYTES },
  { type: 'refuse', code: 1, retryAfterMs: 0, versionMin: 1, versionMax: 1, reason: '' },
  {
    type: 'refuse',
    code: 255,
    retryAfterMs: U32_MAX,
    versionMin: 0,
    versionMax: 255,
    reason: 'r'.repeat(REASON_MAX_BYTES),
  },
  { type: 'message', name: 'n', data: new Uint8Array(0) },
  { type: 'message', name: 'Temperatur in °C 🌡', data: bytesOf('81 a1 63 07') },
  { type: 'message', name: 'n'.repeat(NAME_MAX_BYTES), data: new Uint8Array(MESSAGE_MAX_BYTES - NAME_MAX_BYTES) },
  { type: 'serverAck', count: 0 },
  { type: 'serverAck', count: MAX },
  { type: 'ping', nonce: 0 },
  { type: 'ping', nonce: U32_MAX },
  { type: 'pong', nonce: 0x01020304 },
  { type: 'close', code: 0, reason: '' },
  { type: 'close', code: 255, reason: 'é'.repeat(127) },
  { type: 'open', epoch: EPOCH, lanes: [] },
  { type: 'open', epoch: EPOCH, lanes: [{ lane: '', floor: 1 }] },
  { type: 'open', epoch: 'ffffffffffffffff', lanes: manyLanes.map((lane) => ({ lane, floor: MAX })) },
  { type: 'opened', epoch: EPOCH, credit: 0, lanes: [] },
  { type: 'opened', epoch: EPOCH, credit: 7, lanes: [{ lane: '', handled: { cumulative: 0, ranges: [] } }] },
  {
    type: 'opened',
    epoch: EPOCH,
    credit: MAX,
    lanes: manyLanes.map((lane, index) => ({
      lane,
      handled: index === 7 ? manyRanges : { cumulative: MAX, ranges: [] },
    })),
  },
  {
    type: 'ack',
    epoch: EPOCH,
    credit: 128,
    lane: 'alarms',
    handled: { cumulative: 6, ranges: [{ first: 9, last: 10 }] },
  },
  { type: 'ack', epoch: EPOCH, credit: 1, lane: '', handled: highRanges },
  { type: 'ack', epoch: EPOCH, credit: 1, lane: 'l'.repeat(LANE_MAX_BYTES), handled: manyRanges },
  {
    type: 'results',
    epoch: EPOCH,
    lane: '',
    results: [
      { sequence: 1, kind: 'reply', value: bytesOf('a2 6f 6b') },
      { sequence: 7, kind: 'rejected', reason: 'no such valve' },
      { sequence: MAX, kind: 'reply', value: new Uint8Array(0) },
    ],
  },
  {
    type: 'results',
    epoch: EPOCH,
    lane: 'l'.repeat(LANE_MAX_BYTES),
    results: [{ sequence: 1, kind: 'reply', value: new Uint8Array(REPLY_MAX_BYTES) }],
  },
  {
    type: 'results',
    epoch: EPOCH,
    lane: 'alarms',
    results: Array.from({ length: RESULTS_MAX }, (_, index) => ({
      sequence: index + 1,
      kind: 'rejected',
      reason: 'r'.repeat(REASON_MAX_BYTES),
    })),
  },
  {
    type: 'data',
    epoch: EPOCH,
    floor: 7,
    lane: 'alarms',
    after: 7,
    first: 8,
    attempt: 1,
    count: 2,
    entries: concat(smallEntry, smallEntry),
  },
  {
    type: 'data',
    epoch: EPOCH,
    floor: 1,
    lane: 'l'.repeat(LANE_MAX_BYTES),
    after: 0,
    first: 1,
    attempt: 1,
    count: DATA_MESSAGES_MAX,
    entries: concat(...Array.from({ length: DATA_MESSAGES_MAX }, () => encodeEntry('n', new Uint8Array(0)))),
  },
  {
    type: 'data',
    epoch: EPOCH,
    floor: MAX - 1,
    lane: '',
    after: MAX - 2,
    first: MAX - 1,
    attempt: MAX,
    count: 1,
    entries: encodeEntry('n', new Uint8Array(MESSAGE_MAX_BYTES - 1)),
  },
  {
    type: 'data',
    epoch: EPOCH,
    floor: 1,
    lane: '',
    after: 0,
    first: 1,
    attempt: 1,
    count: 2,
    entries: concat(encodeEntry('n', bytesOf('c0'), { traceparent: '00-ab-cd-01', place: 'Halle ü' }), smallEntry),
  },
  {
    type: 'data',
    epoch: EPOCH,
    floor: 1,
    lane: '',
    after: 0,
    first: 1,
    attempt: 1,
    count: 1,
    entries: encodeEntry('n', new Uint8Array(MESSAGE_MAX_BYTES - 1), { h: 'v'.repeat(HEADERS_MAX_BYTES - 1) }),
  },
  { type: 'nack', epoch: EPOCH, code: 1, lane: '', from: 0, retryAfterMs: 0, reason: '' },
  { type: 'nack', epoch: EPOCH, code: 4, lane: 'alarms', from: MAX, retryAfterMs: MAX, reason: 'the handler failed' },
];

const text = (maxLength: number, minLength = 0): fc.Arbitrary<string> =>
  fc.string({ unit: 'binary', minLength, maxLength });
const u8 = fc.nat(0xff);
const u32 = fc.nat(U32_MAX);
const uvar = fc.oneof(fc.nat(300), fc.maxSafeNat());
const epoch = fc.stringMatching(/^[0-9a-f]{16}$/);

/** A set with a few ranges. */
export const rangeLists: fc.Arbitrary<RangeList> = fc
  .tuple(
    fc.nat(2 ** 40),
    fc.array(fc.tuple(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 1000 })), { maxLength: 8 }),
  )
  .map(([cumulative, pairs]) => {
    const ranges: SequenceRange[] = [];
    let previous = cumulative;
    for (const [gap, length] of pairs) {
      ranges.push({ first: previous + gap + 1, last: previous + gap + length });
      previous += gap + length;
    }
    return { cumulative, ranges };
  });

/** Headers of a message, or none. */
export const headers: fc.Arbitrary<Headers | undefined> = fc.option(
  fc
    .uniqueArray(fc.tuple(text(12, 1), text(20)), { selector: ([name]) => name, minLength: 1, maxLength: 4 })
    .map((entries) => Object.fromEntries(entries)),
  { nil: undefined },
);

const lanes = <Fields>(fields: fc.Arbitrary<Fields>): fc.Arbitrary<(Fields & { lane: string })[]> =>
  fc.uniqueArray(
    fc.tuple(text(12), fields).map(([lane, rest]) => ({ ...rest, lane })),
    { selector: ({ lane }) => lane, maxLength: 5 },
  );
const floors = lanes(fc.record({ floor: uvar.map((floor) => Math.max(1, floor)) }));
const handledLanes = lanes(fc.record({ handled: rangeLists }));

const results: fc.Arbitrary<MessageResult[]> = fc
  .array(
    fc.oneof(
      fc.record({ kind: fc.constant('reply' as const), value: fc.uint8Array({ maxLength: 40 }) }),
      fc.record({ kind: fc.constant('rejected' as const), reason: text(40) }),
    ),
    { minLength: 1, maxLength: 5 },
  )
  .chain((list) =>
    fc
      .uniqueArray(fc.integer({ min: 1, max: 2 ** 40 }), { minLength: list.length, maxLength: list.length })
      .map((numbers) => [...numbers].sort((a, b) => a - b))
      .map((numbers) => list.map((result, index) => ({ ...result, sequence: numbers[index] as number }))),
  );

const dataFrames: fc.Arbitrary<Frame> = fc
  .record({
    epoch,
    lane: text(16),
    first: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: MAX - 10 })),
    after: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    floor: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    attempt: fc.integer({ min: 1, max: 300 }),
    messages: fc.array(fc.tuple(text(20, 1), fc.uint8Array({ maxLength: 40 }), headers), {
      minLength: 1,
      maxLength: 6,
    }),
  })
  .map(({ messages, first, after, floor, ...rest }) => ({
    ...rest,
    type: 'data',
    first,
    after: Math.floor(after * first),
    floor: 1 + Math.floor(floor * first),
    count: messages.length,
    entries: concat(...messages.map(([name, data, headers]) => encodeEntry(name, data, headers))),
  }));

/** Valid frames of every type. */
export const frames: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({ type: fc.constant('hello' as const), version: fc.constant(1), deviceId: text(32, 1), token: text(100) }),
  fc.record({ type: fc.constant('welcome' as const), version: u8, messageMaxBytes: u32 }),
  fc.record({
    type: fc.constant('refuse' as const),
    code: u8,
    retryAfterMs: u32,
    versionMin: u8,
    versionMax: u8,
    reason: text(60),
  }),
  fc.record({ type: fc.constant('message' as const), name: text(60, 1), data: fc.uint8Array({ maxLength: 200 }) }),
  fc.record({ type: fc.constant('serverAck' as const), count: uvar }),
  fc.record({ type: fc.constantFrom('ping' as const, 'pong' as const), nonce: u32 }),
  fc.record({ type: fc.constant('close' as const), code: u8, reason: text(60) }),
  fc.record({ type: fc.constant('open' as const), epoch, lanes: floors }),
  fc.record({ type: fc.constant('opened' as const), epoch, credit: uvar, lanes: handledLanes }),
  fc.record({ type: fc.constant('ack' as const), epoch, credit: uvar, lane: text(16), handled: rangeLists }),
  fc.record({ type: fc.constant('results' as const), epoch, lane: text(16), results }),
  dataFrames,
  fc.record({
    type: fc.constant('nack' as const),
    epoch,
    code: u8,
    lane: text(16),
    from: uvar,
    retryAfterMs: uvar,
    reason: text(60),
  }),
);
