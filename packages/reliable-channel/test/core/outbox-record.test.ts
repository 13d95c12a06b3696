import { encodeEntry, ProtocolError } from '@holdfast/protocol/core';
import { describe, expect, it } from 'vitest';
import {
  batchKey,
  batchKeyEnd,
  decodeBatch,
  decodeMeta,
  encodeBatch,
  encodeMeta,
  metaKey,
} from '../../src/core/index.js';

const ENTRIES = Uint8Array.from([...encodeEntry('t', Uint8Array.of(1)), ...encodeEntry('tt', Uint8Array.of(0xc0, 2))]);
const BATCH = { first: 300, count: 2, lane: 'ä', entries: ENTRIES, ends: Uint32Array.of(5, 12) };
const META = { epoch: '0123456789abcdef', floor: 300, next: 302, bytes: 12 };

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function codeOf(result: unknown): string | undefined {
  return result instanceof ProtocolError ? result.code : undefined;
}

describe('a batch record', () => {
  it('has the bytes that its layout says', () => {
    // version 1 | first 300 | count 2 | lane of two bytes | flags 0, name, length, data | the same again
    expect(hex(encodeBatch(BATCH))).toBe(`01ac0202${'02c3a4'}${'00017401' + '01'}${'0002747402' + 'c002'}`);
  });

  it('comes back as it was', () => {
    expect(decodeBatch(encodeBatch(BATCH))).toEqual({ ...BATCH, entries: Uint8Array.from(ENTRIES) });
  });

  it('that was cut short anywhere is a ProtocolError', () => {
    const bytes = encodeBatch(BATCH);
    for (let length = 0; length < bytes.length; length++) {
      expect(codeOf(decodeBatch(bytes.subarray(0, length)))).toBe('FRAME_TRUNCATED');
    }
  });

  it('with more behind its last message is a ProtocolError', () => {
    expect(codeOf(decodeBatch(Uint8Array.from([...encodeBatch(BATCH), 0])))).toBe('FRAME_TRAILING_BYTES');
  });

  it.each([0, 2, 255])('of version %i is a ProtocolError that says so', (version) => {
    const bytes = encodeBatch(BATCH);
    bytes[0] = version;
    expect(decodeBatch(bytes)).toMatchObject({
      code: 'VERSION_UNSUPPORTED',
      message: expect.stringContaining(`${version}`),
    });
  });

  it('without a message, or with number 0, is a ProtocolError', () => {
    expect(codeOf(decodeBatch(Uint8Array.of(1, 5, 0, 0)))).toBe('FRAME_MALFORMED');
    expect(codeOf(decodeBatch(Uint8Array.of(1, 0, 1, 0, 0, 1, 0x74, 1, 1)))).toBe('FRAME_MALFORMED');
  });
});

describe('the numbering record', () => {
  it('has the bytes that its layout says', () => {
    expect(hex(encodeMeta(META))).toBe('010123456789abcdefac02ae020c');
  });

  it('comes back as it was, up to the highest numbers', () => {
    expect(decodeMeta(encodeMeta(META))).toEqual(META);
    const highest = { ...META, floor: Number.MAX_SAFE_INTEGER, next: Number.MAX_SAFE_INTEGER };
    expect(decodeMeta(encodeMeta(highest))).toEqual(highest);
  });

  it('that was cut short anywhere, or is too long, is a ProtocolError', () => {
    const bytes = encodeMeta(META);
    for (let length = 0; length < bytes.length; length++) {
      expect(codeOf(decodeMeta(bytes.subarray(0, length)))).toBe('FRAME_TRUNCATED');
    }
    expect(codeOf(decodeMeta(Uint8Array.from([...bytes, 0])))).toBe('FRAME_TRAILING_BYTES');
  });

  it.each([0, 2, 255])('of version %i is a ProtocolError that says so', (version) => {
    const bytes = encodeMeta(META);
    bytes[0] = version;
    expect(codeOf(decodeMeta(bytes))).toBe('VERSION_UNSUPPORTED');
  });

  it('whose floor is 0 or above the next number is a ProtocolError', () => {
    expect(codeOf(decodeMeta(encodeMeta({ ...META, floor: 0 })))).toBe('FRAME_MALFORMED');
    expect(codeOf(decodeMeta(encodeMeta({ ...META, floor: 303 })))).toBe('FRAME_MALFORMED');
  });
});

describe('the keys', () => {
  it('have the order of the numbers', () => {
    const numbers = [1, 9, 10, 15, 16, 255, 256, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER];
    const keys = numbers.map((number) => batchKey('outbox', number));
    expect([...keys].sort()).toEqual(keys);
    expect(keys.every((key) => key < batchKeyEnd('outbox') && key < metaKey('outbox'))).toBe(true);
  });

  it('are what the layout says', () => {
    expect(batchKey('outbox', 300)).toBe('outbox/batch/0000000000012c');
    expect(batchKey('outbox', Number.MAX_SAFE_INTEGER)).toBe('outbox/batch/1fffffffffffff');
    expect(metaKey('outbox')).toBe('outbox/meta');
  });
});
