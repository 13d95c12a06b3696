import { LANES_MAX, ProtocolError } from '@holdfast/protocol/core';
import { describe, expect, it } from 'vitest';
import {
  decodeInbox,
  decodeResults,
  encodeInbox,
  encodeResults,
  INBOX_RANGES_MAX,
  inboxKey,
  type ResultsRecord,
  resultsKey,
  resultsKeyEnd,
  resultsNumberOf,
} from '../../src/core/index.js';

const EPOCH = '0123456789abcdef';
const RECORD = {
  epoch: EPOCH,
  lanes: [
    {
      lane: '',
      handled: {
        cumulative: 300,
        ranges: [
          { first: 302, last: 302 },
          { first: 310, last: 500 },
        ],
      },
    },
    { lane: 'alarms', handled: { cumulative: 7, ranges: [] } },
  ],
};
const RESULTS: ResultsRecord = {
  epoch: EPOCH,
  lanes: [
    {
      lane: 'alarms',
      results: [
        { sequence: 1, kind: 'reply', value: Uint8Array.of(0xc3) },
        { sequence: 9, kind: 'rejected', reason: 'no' },
      ],
    },
    { lane: '', results: [{ sequence: 3, kind: 'reply', value: Uint8Array.of(0xc2) }] },
  ],
};

function codeOf(result: unknown): string | undefined {
  return result instanceof ProtocolError ? result.code : undefined;
}

describe.each([
  ['an inbox record', encodeInbox(RECORD), decodeInbox, RECORD],
  ['a record of results', encodeResults(RESULTS), decodeResults, RESULTS],
] as const)('%s', (_, bytes, decode, record) => {
  it('comes back as it was', () => {
    expect(decode(bytes)).toEqual(record);
  });

  it('that was cut short anywhere, or is too long, is a ProtocolError', () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(codeOf(decode(bytes.subarray(0, length)))).toBe('FRAME_TRUNCATED');
    }
    expect(codeOf(decode(Uint8Array.from([...bytes, 0])))).toBe('FRAME_TRAILING_BYTES');
  });

  it.each([0, 1, 3, 255])('of version %i is a ProtocolError that says so', (version) => {
    const other = Uint8Array.from(bytes);
    other[0] = version;
    expect(codeOf(decode(other))).toBe('VERSION_UNSUPPORTED');
  });
});

it('an inbox record begins with its version and the epoch, and is small', () => {
  const lanes = [{ lane: 'a', handled: { cumulative: 300, ranges: [] } }];
  expect(Buffer.from(encodeInbox({ epoch: EPOCH, lanes })).toString('hex')).toBe('020123456789abcdef010161ac0200');
});

it('an inbox record holds as many ranges as there may be, in all lanes together', () => {
  const ranges = Array.from({ length: INBOX_RANGES_MAX / 2 }, (_, index) => ({
    first: 2 * index + 2,
    last: 2 * index + 2,
  }));
  const lanes = ['a', 'b'].map((lane) => ({ lane, handled: { cumulative: 0, ranges } }));
  expect(decodeInbox(encodeInbox({ epoch: EPOCH, lanes }))).toEqual({ epoch: EPOCH, lanes });
});

it('a record of results with more lanes than there may be is a ProtocolError', () => {
  const lanes = Array.from({ length: LANES_MAX + 1 }, (_, index) => ({
    lane: `${index}`,
    results: [{ sequence: 1, kind: 'rejected', reason: '' } as const],
  }));
  expect(codeOf(decodeResults(encodeResults({ epoch: EPOCH, lanes })))).toBe('FRAME_MALFORMED');
});

describe('the keys of an inbox', () => {
  it('are one for each sender, whatever its id is', () => {
    expect(inboxKey('press-7')).toBe('inbox/press-7');
    expect(inboxKey('press-7/results/00000000000001')).not.toBe(resultsKey('press-7', 1));
  });

  it('have the order of the results, and say which one they are', () => {
    const keys = [1, 15, 16, 255, 4_096, Number.MAX_SAFE_INTEGER].map((number) => resultsKey('press-7', number));
    expect([...keys].sort()).toEqual(keys);
    expect(keys.map(resultsNumberOf)).toEqual([1, 15, 16, 255, 4_096, Number.MAX_SAFE_INTEGER]);
    for (const key of keys) expect(key > inboxKey('press-7') && key < resultsKeyEnd('press-7')).toBe(true);
  });
});
