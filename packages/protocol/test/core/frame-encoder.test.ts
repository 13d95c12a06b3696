import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ACK_RANGES_MAX,
  DATA_MESSAGES_MAX,
  encodeEntry,
  encodeFrame,
  epochBytes,
  FRAME_MAX_BYTES,
  FRAME_TYPE,
  type Frame,
  fitReason,
  HANDSHAKE_FRAME_MAX_BYTES,
  InvariantError,
  LENGTH_BYTES,
  MESSAGE_MAX_BYTES,
  parseFrame,
  REASON_MAX_BYTES,
  utf8Length,
} from '../../src/core/index.js';
import { bodyOf, EPOCH, frames, printable, SAMPLE_FRAMES } from '../support/frames.js';

describe('encodeFrame', () => {
  it('has a sample of every type to test with', () => {
    expect(new Set(SAMPLE_FRAMES.map((frame) => frame.type))).toEqual(new Set(Object.keys(FRAME_TYPE)));
  });

  it.each(SAMPLE_FRAMES)('writes what the parser reads back: $type', (frame) => {
    expect(printable(parseFrame(bodyOf(frame)))).toEqual(printable(frame));
  });

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
    const ack = parseFrame(bodyOf({ type: 'ack', epoch: EPOCH, credit: 1, handled: { cumulative: 0, ranges } }));
    expect(ack).toMatchObject({ handled: { cumulative: 0, ranges: ranges.slice(0, ACK_RANGES_MAX) } });
    const close = parseFrame(bodyOf({ type: 'close', code: 0, reason: 'x'.repeat(1000) }));
    expect(close).toMatchObject({ reason: 'x'.repeat(REASON_MAX_BYTES) });
  });

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
    { type: 'open', epoch: EPOCH, floor: 0 },
    { type: 'open', epoch: EPOCH.toUpperCase(), floor: 1 },
    { type: 'ack', epoch: EPOCH, credit: 0, handled: { cumulative: 3, ranges: [{ first: 4, last: 5 }] } },
    { type: 'ack', epoch: EPOCH, credit: 0, handled: { cumulative: 3, ranges: [{ first: 9, last: 8 }] } },
    { ...data, floor: 0 },
    { ...data, floor: 2 },
    { ...data, after: 1 },
    { ...data, attempt: 0 },
    { ...data, count: 0 },
    { ...data, count: DATA_MESSAGES_MAX + 1 },
    { ...data, lane: 'l'.repeat(65) },
    { ...data, entries: new Uint8Array(FRAME_MAX_BYTES) },
  ];

  it.each(outOfBounds)('takes a value out of bounds for a bug of the caller: %j', (frame) => {
    expect(() => encodeFrame(frame)).toThrow(InvariantError);
  });
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
