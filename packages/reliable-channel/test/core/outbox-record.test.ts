import { encodeEntry, ProtocolError } from '@holdfast/protocol/core';
import { describe, expect, it } from 'vitest';
import {
  type BatchRecord,
  batchKey,
  batchKeyEnd,
  batchKeys,
  decodeBatch,
  decodeLane,
  decodeMeta,
  encodeBatch,
  encodeLane,
  encodeMeta,
  laneKey,
  laneKeys,
  metaKey,
} from '../../src/core/index.js';

const ENTRIES = Uint8Array.from([...encodeEntry('t', Uint8Array.of(1)), ...encodeEntry('tt', Uint8Array.of(0xc0, 2))]);
const BATCH: BatchRecord = {
  ...{ lane: 'ä', first: 300, count: 2, ordinal: 7, acceptedAtMs: 1_000, importance: 'high' },
  traits: [{ from: 1, traits: { ttlMs: 500 } }],
  settled: [{ first: 301, last: 301 }],
  ...{ entries: ENTRIES, ends: Uint32Array.of(5, 12) },
};
const LANE = { lane: 'alarms', floor: 300, next: 302, reserved: 1, failedSequence: 300, failures: 2 };
const META = { epoch: '0123456789abcdef', ordinal: 302, bytes: 12, ageMs: 300, wallMs: 1_000 };

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function codeOf(result: unknown): string | undefined {
  return result instanceof ProtocolError ? result.code : undefined;
}

const RECORDS: readonly [string, Uint8Array, (bytes: Uint8Array) => unknown][] = [
  ['batch', encodeBatch(BATCH), decodeBatch],
  ['lane', encodeLane(LANE), decodeLane],
  ['meta', encodeMeta(META), decodeMeta],
];

describe.each(RECORDS)('a %s record', (_, record, decode) => {
  it('that was cut short anywhere is a ProtocolError', () => {
    for (let length = 0; length < record.length; length++) {
      expect(codeOf(decode(record.subarray(0, length)))).toBe('FRAME_TRUNCATED');
    }
  });

  it('with more behind its end is a ProtocolError', () => {
    expect(codeOf(decode(Uint8Array.from([...record, 0])))).toBe('FRAME_TRAILING_BYTES');
  });

  it.each([0, 1, 255])('of version %i is a ProtocolError that says so', (version) => {
    const bytes = Uint8Array.from(record);
    bytes[0] = version;
    const wrong = { code: 'VERSION_UNSUPPORTED', message: expect.stringContaining(`${version}`) };
    expect(decode(bytes)).toMatchObject(wrong);
  });
});

describe('a batch record', () => {
  it('has the bytes that its layout says', () => {
    // version 2 | lane of two bytes | first 300 | count 2 | ordinal 7 | accepted at 1,000 | high
    // | traits: one run, from 1, ttl 500 | settled: one run, one behind the first, one long | the two entries
    const head = `0202c3a4${'ac02' + '02' + '07' + 'e807' + '01'}`;
    const middle = `${'01' + '01' + '01' + 'f403'}${'01' + '01' + '01'}`;
    expect(hex(encodeBatch(BATCH))).toBe(`${head}${middle}${'00017401' + '01'}${'0002747402' + 'c002'}`);
  });

  it('comes back as it was', () => {
    expect(decodeBatch(encodeBatch(BATCH))).toEqual({ ...BATCH, entries: Uint8Array.from(ENTRIES) });
  });

  it.each<[string, Partial<BatchRecord>]>([
    ['with the number 0', { first: 0, settled: [] }],
    ['without a message', { count: 0, traits: [], settled: [] }],
    ['with traits behind its last message', { traits: [{ from: 2, traits: { ttlMs: 1 } }] }],
    ['with a settled run behind its last message', { settled: [{ first: 301, last: 302 }] }],
  ])('%s is a ProtocolError', (_, wrong) => {
    expect(codeOf(decodeBatch(encodeBatch({ ...BATCH, ...wrong })))).toBe('FRAME_MALFORMED');
  });

  it('of an importance that nobody knows is a ProtocolError', () => {
    const bytes = encodeBatch(BATCH);
    bytes[10] = 9;
    expect(codeOf(decodeBatch(bytes))).toBe('FRAME_MALFORMED');
  });
});

describe('a lane record', () => {
  it('has the bytes that its layout says', () => {
    expect(hex(encodeLane(LANE))).toBe(`0206616c61726d73${'ac02' + 'ae02' + '01' + 'ac02' + '02'}`);
  });

  it('comes back as it was, up to the highest numbers', () => {
    const highest = { ...LANE, floor: Number.MAX_SAFE_INTEGER, next: Number.MAX_SAFE_INTEGER };
    for (const record of [LANE, highest]) expect(decodeLane(encodeLane(record))).toEqual(record);
  });

  it('whose floor is 0 or above the next number is a ProtocolError', () => {
    for (const floor of [0, 303]) expect(codeOf(decodeLane(encodeLane({ ...LANE, floor })))).toBe('FRAME_MALFORMED');
  });
});

describe('a lane record with more reserved numbers than it has', () => {
  it('is a ProtocolError', () => {
    expect(codeOf(decodeLane(encodeLane({ ...LANE, reserved: 302 })))).toBe('FRAME_MALFORMED');
  });
});

describe('the record of what lanes share', () => {
  it('has the bytes that its layout says', () => {
    expect(hex(encodeMeta(META))).toBe(`020123456789abcdef${'ae02' + '0c' + 'ac02' + 'e807'}`);
  });

  it('comes back as it was', () => {
    expect(decodeMeta(encodeMeta(META))).toEqual(META);
  });
});

describe('the keys', () => {
  it('have the order of the numbers', () => {
    const numbers = [1, 9, 10, 15, 16, 255, 256, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER];
    const keys = numbers.map((number) => batchKey('outbox', 'alarms', number));
    expect([...keys].sort()).toEqual(keys);
    expect(keys.every((key) => key < batchKeyEnd('outbox', 'alarms') && key < metaKey('outbox'))).toBe(true);
  });

  it('are what the layout says', () => {
    expect(batchKey('outbox', '', 300)).toBe('outbox/batch//0000000000012c');
    expect(batchKey('outbox', 'a/b', Number.MAX_SAFE_INTEGER)).toBe('outbox/batch/a%2fb/1fffffffffffff');
    expect(laneKey('outbox', 'a/b')).toBe('outbox/lane/a%2fb');
    expect(metaKey('outbox')).toBe('outbox/meta');
  });

  it.each(['', 'a', '~', '\u{10ffff}'])(
    'of the lane %j lie within those of all lanes, and apart from other lanes',
    (lane) => {
      const [batches, lanes] = [batchKeys('outbox'), laneKeys('outbox')];
      const key = batchKey('outbox', lane, 1);
      expect([key >= batches.from && key < batches.to, key < batchKeyEnd('outbox', lane)]).toEqual([true, true]);
      expect(laneKey('outbox', lane) >= lanes.from && laneKey('outbox', lane) < lanes.to).toBe(true);
      const other = batchKey('outbox', `${lane}/`, 1);
      expect(other >= batchKey('outbox', lane, 0) && other < batchKeyEnd('outbox', lane)).toBe(false);
    },
  );
});
