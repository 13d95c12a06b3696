import { ProtocolError } from '@holdfast/protocol/core';
import { expect, it } from 'vitest';
import { decodeInbox, encodeInbox, inboxKey } from '../../src/core/index.js';

const RECORD = {
  epoch: '0123456789abcdef',
  handled: {
    cumulative: 300,
    ranges: [
      { first: 302, last: 302 },
      { first: 310, last: 500 },
    ],
  },
};

function codeOf(result: unknown): string | undefined {
  return result instanceof ProtocolError ? result.code : undefined;
}

it('an inbox record begins with its version and the epoch', () => {
  const bytes = Buffer.from(encodeInbox({ ...RECORD, handled: { cumulative: 300, ranges: [] } }));
  expect(bytes.toString('hex')).toBe('010123456789abcdefac0200');
});

it('an inbox record comes back as it was', () => {
  expect(decodeInbox(encodeInbox(RECORD))).toEqual(RECORD);
});

it('an inbox record that was cut short anywhere, or is too long, is a ProtocolError', () => {
  const bytes = encodeInbox(RECORD);
  for (let length = 0; length < bytes.length; length++) {
    expect(codeOf(decodeInbox(bytes.subarray(0, length)))).toBe('FRAME_TRUNCATED');
  }
  expect(codeOf(decodeInbox(Uint8Array.from([...bytes, 0])))).toBe('FRAME_TRAILING_BYTES');
});

it.each([0, 2, 255])('an inbox record of version %i is a ProtocolError that says so', (version) => {
  const bytes = encodeInbox(RECORD);
  bytes[0] = version;
  expect(codeOf(decodeInbox(bytes))).toBe('VERSION_UNSUPPORTED');
});

it('every sender has a record of its own', () => {
  expect(inboxKey('press-7')).toBe('inbox/press-7');
});
