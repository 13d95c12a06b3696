import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ACK_RANGES_MAX,
  DATA_MESSAGES_MAX,
  EMPTY_RANGES,
  encodeEntry,
  encodeFrame,
  epochBytes,
  FRAME_MAX_BYTES,
  FRAME_TYPE,
  type Frame,
  fitReason,
  HANDSHAKE_FRAME_MAX_BYTES,
  InvariantError,
  LANES_MAX,
  LENGTH_BYTES,
  MESSAGE_MAX_BYTES,
  parseFrame,
  REASON_MAX_BYTES,
  REPLY_MAX_BYTES,
  RESULTS_MAX,
  utf8Length,
} from '../../src/core/index.js';
import { bodyOf, EPOCH, frames, printable, SAMPLE_FRAMES } from '../support/frames.js';

describe('encodeFrame', () => {
  it('has a sample of every type to test with', () => {
    expect(new Set(SAMPLE_FRAMES.map((frame) => frame.type))).toEqual(new Set(Object.keys(FRAME_TYPE)));
  });

  it.each(SAMPLE_FRAMES.map((frame) => [frame.type, frame] as const))(
    'writes what the parser reads back: %s',
    (_, frame) => {
      expect(printable(parseFrame(bodyOf(frame)))).toEqual(printable(frame));
    },
  );

  it('writes what the parser reads back, for any frame', () => {
    fc.assert(
      fc.property(frames, (frame) => {
        expect(parseFrame(bodyOf(frame))).toEqual(frame);
      }),
      { numRuns: 1000 },
    );
  });

  it('puts the length of the rest into the first four bytes', () => {
    for (const frame of SAMPLE_FRAMES) {
      const bytes = encodeFrame(frame);
      expect(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)).toBe(bytes.length - LENGTH_BYTES);
    }
  });

  it('keeps every frame within the limit, and every hello within that of the handshake', () => {
    for (const frame of SAMPLE_FRAMES) {
      const limit = frame.type === 'hello' ? HANDSHAKE_FRAME_MAX_BYTES : FRAME_MAX_BYTES;
      expect(encodeFrame(frame).length - LENGTH_BYTES).toBeLessThanOrEqual(limit);
    }
  });

  it('cuts reasons, and sets to their lowest ranges', () => {
    const ranges = Array.from({ length: ACK_RANGES_MAX + 1 }, (_, index) => ({
      first: 2 * index + 2,
      last: 2 * index + 2,
    }));
    const handled = { cumulative: 0, ranges };
    const ack = parseFrame(bodyOf({ type: 'ack', epoch: EPOCH, credit: 1, lane: '', handled }));
    expect(ack).toMatchObject({ handled: { cumulative: 0, ranges: ranges.slice(0, ACK_RANGES_MAX) } });
    const close = parseFrame(bodyOf({ type: 'close', code: 0, reason: 'x'.repeat(1000) }));
    expect(close).toMatchObject({ reason: 'x'.repeat(REASON_MAX_BYTES) });
  });

  it('shares the ranges of a frame among its lanes: the first ones say all of theirs, the last ones none', () => {
    const ranges = Array.from({ length: 100 }, (_, index) => ({ first: 2 * index + 2, last: 2 * index + 2 }));
    const lanes = ['a', 'b', 'c', 'd'].map((lane) => ({ lane, handled: { cumulative: 0, ranges } }));
    const opened = parseFrame(bodyOf({ type: 'opened', epoch: EPOCH, credit: 1, lanes }));
    const said =
      'lanes' in opened ? opened.lanes.map((lane) => ('handled' in lane ? lane.handled.ranges.length : -1)) : [];
    expect(said).toEqual([100, 100, ACK_RANGES_MAX - 200, 0]);
  });

  const result = { sequence: 1, kind: 'rejected', reason: '' } as const;
  const results = { type: 'results', epoch: EPOCH, lane: '', results: [result] } as const;
  const data = {
    type: 'data',
    epoch: EPOCH,
    floor: 1,
    lane: '',
    after: 0,
    first: 1,
    attempt: 1,
    count: 1,
    entries: encodeEntry('n', new Uint8Array(1)),
  } as const;
  const outOfBounds: readonly Frame[] = [
    { type: 'hello', version: 1, deviceId: '', token: '' },
    { type: 'hello', version: 1, deviceId: 'd'.repeat(129), token: '' },
    { type: 'hello', version: 1, deviceId: 'd', token: 't'.repeat(2049) },
    { type: 'hello', version: 1.5, deviceId: 'd', token: '' },
    { type: 'welcome', version: 1, messageMaxBytes: 2 ** 32 },
    { type: 'message', name: '', data: new Uint8Array(1) },
    { type: 'message', name: 'n'.repeat(256), data: new Uint8Array(1) },
    { type: 'message', name: 'n', data: new Uint8Array(MESSAGE_MAX_BYTES) },
    { type: 'serverAck', count: 2 ** 53 },
    { type: 'serverAck', count: -1 },
    { type: 'open', epoch: EPOCH, lanes: [{ lane: '', floor: 0 }] },
    { type: 'open', epoch: EPOCH.toUpperCase(), lanes: [] },
    {
      type: 'open',
      epoch: EPOCH,
      lanes: Array.from({ length: LANES_MAX + 1 }, (_, index) => ({ lane: `${index}`, floor: 1 })),
    },
    { type: 'opened', epoch: EPOCH, credit: 0, lanes: [{ lane: 'l'.repeat(65), handled: EMPTY_RANGES }] },
    { type: 'ack', epoch: EPOCH, credit: 0, lane: '', handled: { cumulative: 3, ranges: [{ first: 4, last: 5 }] } },
    { type: 'ack', epoch: EPOCH, credit: 0, lane: '', handled: { cumulative: 3, ranges: [{ first: 9, last: 8 }] } },
    { ...results, results: [] },
    { ...results, results: [result, result] },
    { ...results, results: [{ ...result, sequence: 0 }] },
    {
      ...results,
      results: Array.from({ length: RESULTS_MAX + 1 }, (_, index) => ({ ...result, sequence: index + 1 })),
    },
    { ...results, results: [{ sequence: 1, kind: 'reply', value: new Uint8Array(REPLY_MAX_BYTES + 1) }] },
    { ...data, floor: 0 },
    { ...data, floor: 2 },
    { ...data, after: 1 },
    { ...data, attempt: 0 },
    { ...data, count: 0 },
    { ...data, count: DATA_MESSAGES_MAX + 1 },
    { ...data, lane: 'l'.repeat(65) },
    { ...data, entries: new Uint8Array(FRAME_MAX_BYTES) },
  ];

  it.each(outOfBounds.map((frame, index) => [frame.type, index, frame] as const))(
    'takes a value out of bounds for a bug of the caller: %s (%i)',
    (_, __, frame) => {
      expect(() => encodeFrame(frame)).toThrow(InvariantError);
    },
  );
});

describe('fitReason', () => {
  it('leaves what fits and cuts between characters', () => {
    expect(fitReason('short')).toBe('short');
    expect(fitReason('é'.repeat(200))).toBe('é'.repeat(127));
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 50, maxLength: 300 }), (reason) => {
        expect(utf8Length(fitReason(reason))).toBeLessThanOrEqual(REASON_MAX_BYTES);
      }),
    );
  });

  it('is quick with a huge text', () => {
    expect(fitReason('é'.repeat(10_000_000))).toBe('é'.repeat(127));
  });
});

describe('epochBytes', () => {
  it('reads 16 hex digits', () => {
    expect(epochBytes(EPOCH)).toEqual(Uint8Array.of(0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef));
  });
});
