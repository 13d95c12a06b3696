import { describe, expect, it } from 'vitest';
import {
  ACK_RANGES_MAX,
  ByteWriter,
  DATA_MESSAGES_MAX,
  encodeEntry,
  FRAME_TYPE,
  HEADERS_MAX,
  HEADERS_MAX_BYTES,
  MESSAGE_MAX_BYTES,
  NAME_MAX_BYTES,
  ProtocolError,
  type ProtocolErrorCode,
  parseFrame,
} from '../../src/core/index.js';
import { bodyOf, bytesOf, concat, SAMPLE_FRAMES } from '../support/frames.js';

const EPOCH_HEX = '01 23 45 67 89 ab cd ef';
/** The smallest data frame up to its entries. */
const DATA_HEX = `12 ${EPOCH_HEX} 00 01 00 01 01`;
/** Two texts for a header: `a` is `b`. */
const HEADER_HEX = '01 61 01 62';
const ENTRY_HEX = '00 01 6e 00';

function codeOf(bytes: Uint8Array): string {
  const result = parseFrame(bytes);
  return result instanceof ProtocolError ? result.code : `a ${result.type} frame`;
}

describe('parseFrame', () => {
  const small = SAMPLE_FRAMES.filter((frame) => bodyOf(frame).length < 1000);

  it.each(small)('refuses it cut anywhere: $type', (frame) => {
    const body = bodyOf(frame);
    // The data of a plain message is whatever follows the name, so only what is before it can be missing.
    const end = frame.type === 'message' ? body.length - frame.data.length : body.length;
    for (let length = 0; length < end; length++) expect(codeOf(body.subarray(0, length))).toBe('FRAME_TRUNCATED');
  });

  it.each(small.filter((frame) => frame.type !== 'message'))('refuses a byte behind it: $type', (frame) => {
    expect(codeOf(concat(bodyOf(frame), Uint8Array.of(0)))).toBe('FRAME_TRAILING_BYTES');
  });

  it('refuses every type that is not in the table', () => {
    const known = new Set<number>(Object.values(FRAME_TYPE));
    for (let type = 0; type <= 0xff; type++) {
      if (!known.has(type)) expect(codeOf(Uint8Array.of(type))).toBe('FRAME_UNKNOWN_TYPE');
    }
  });

  it('reads a hello of an unknown version as far as every version has it', () => {
    const hello = { type: 'hello', deviceId: '', token: '' };
    expect(parseFrame(bytesOf('01 48 46 53 54 02'))).toEqual({ ...hello, version: 2 });
    expect(parseFrame(bytesOf('01 48 46 53 54 ff 80 80 80'))).toEqual({ ...hello, version: 255 });
  });

  const malformed: readonly (readonly [string, ProtocolErrorCode, string])[] = [
    ['a wrong magic', 'FRAME_MALFORMED', '01 48 46 53 53 01 01 64 00'],
    ['a wrong magic in an unknown version', 'FRAME_MALFORMED', '01 00 00 00 00 02'],
    ['an empty device id', 'FRAME_MALFORMED', '01 48 46 53 54 01 00 00'],
    ['a device id that is not UTF-8', 'FRAME_MALFORMED', '01 48 46 53 54 01 01 ff 00'],
    ['a device id of 129 bytes', 'FRAME_MALFORMED', `01 48 46 53 54 01 81 ${'64 '.repeat(129)} 00`],
    ['a token of 2049 bytes', 'FRAME_MALFORMED', `01 48 46 53 54 01 01 64 81 10 ${'74 '.repeat(2049)}`],
    ['a token length that lies', 'FRAME_TRUNCATED', '01 48 46 53 54 01 01 64 05 74'],
    ['a token length far beyond the limit', 'FRAME_MALFORMED', '01 48 46 53 54 01 01 64 ff ff ff ff ff ff ff 0f'],
    ['a message without a name', 'FRAME_MALFORMED', '04 00 c0'],
    ['a message name that is not UTF-8', 'FRAME_MALFORMED', '04 02 c3 28 c0'],
    ['a message name whose length lies', 'FRAME_TRUNCATED', '04 05 6e c0'],
    ['a reason that is not UTF-8', 'FRAME_MALFORMED', '08 00 01 80'],
    ['a reason whose length lies', 'FRAME_TRUNCATED', '08 00 ff 61'],
    ['a count that is not in its shortest form', 'FRAME_MALFORMED', '05 80 00'],
    ['a count of 2^53', 'FRAME_MALFORMED', '05 80 80 80 80 80 80 80 10'],
    ['a count longer than 8 bytes', 'FRAME_MALFORMED', '05 80 80 80 80 80 80 80 80 01'],
    ['an open with floor 0', 'FRAME_MALFORMED', `10 ${EPOCH_HEX} 01 00 00`],
    ['an open with more lanes than allowed', 'FRAME_MALFORMED', `10 ${EPOCH_HEX} 81 02 ${'00 01 '.repeat(257)}`],
    ['an open that claims lanes without end', 'FRAME_MALFORMED', `10 ${EPOCH_HEX} ff ff ff ff ff ff ff 0f`],
    ['an open with fewer lanes than it says', 'FRAME_TRUNCATED', `10 ${EPOCH_HEX} 02 00 01`],
    ['an open that names a lane twice', 'FRAME_MALFORMED', `10 ${EPOCH_HEX} 02 01 61 01 01 61 02`],
    ['an open with a lane of 65 bytes', 'FRAME_MALFORMED', `10 ${EPOCH_HEX} 01 41 ${'6c '.repeat(65)} 01`],
    ['an opened that names a lane twice', 'FRAME_MALFORMED', `11 ${EPOCH_HEX} 01 02 00 01 00 00 02 00`],
    [
      'an opened whose lanes have more ranges together than allowed',
      'FRAME_MALFORMED',
      `11 ${EPOCH_HEX} 01 02 01 61 00 80 02 ${'01 01 '.repeat(256)} 01 62 00 01 01 01`,
    ],
    ['results without a result', 'FRAME_MALFORMED', `15 ${EPOCH_HEX} 00 00`],
    ['more results than allowed', 'FRAME_MALFORMED', `15 ${EPOCH_HEX} 00 81 02 01 02 00`],
    ['fewer results than it says', 'FRAME_TRUNCATED', `15 ${EPOCH_HEX} 00 02 01 02 00`],
    ['a result of number 0', 'FRAME_MALFORMED', `15 ${EPOCH_HEX} 00 01 00 02 00`],
    ['results that do not ascend', 'FRAME_MALFORMED', `15 ${EPOCH_HEX} 00 02 02 02 00 02 02 00`],
    ['a result of an unknown kind', 'FRAME_MALFORMED', `15 ${EPOCH_HEX} 00 01 01 03 00`],
    ['a reply above its limit', 'FRAME_TOO_LARGE', `15 ${EPOCH_HEX} 00 01 01 01 81 80 04`],
    ['a reply whose length lies', 'FRAME_TRUNCATED', `15 ${EPOCH_HEX} 00 01 01 01 02 c0`],
    ['a lane of 65 bytes', 'FRAME_MALFORMED', `14 ${EPOCH_HEX} 01 41 ${'6c '.repeat(65)} 00 00 00`],
    [
      'a set with more ranges than allowed',
      'FRAME_MALFORMED',
      `13 ${EPOCH_HEX} 01 00 00 81 02 ${'01 01 '.repeat(257)}`,
    ],
    ['a set with fewer ranges than it says', 'FRAME_TRUNCATED', `13 ${EPOCH_HEX} 01 00 00 02 01 01`],
    ['a range without a gap', 'FRAME_MALFORMED', `13 ${EPOCH_HEX} 01 00 00 01 00 01`],
    ['a range without a length', 'FRAME_MALFORMED', `13 ${EPOCH_HEX} 01 00 00 01 01 00`],
    ['a range that ends at 2^53', 'FRAME_MALFORMED', `13 ${EPOCH_HEX} 01 00 ff ff ff ff ff ff ff 0f 01 01 01`],
    ['no messages', 'FRAME_MALFORMED', `${DATA_HEX} 00`],
    ['more messages than allowed', 'FRAME_MALFORMED', `${DATA_HEX} 81 08 ${`${ENTRY_HEX} `.repeat(1025)}`],
    ['fewer messages than it says', 'FRAME_TRUNCATED', `${DATA_HEX} 02 ${ENTRY_HEX}`],
    ['more messages than it says', 'FRAME_TRAILING_BYTES', `${DATA_HEX} 01 ${ENTRY_HEX} ${ENTRY_HEX}`],
    ['a message with unknown flags', 'FRAME_MALFORMED', `${DATA_HEX} 01 02 01 6e 00`],
    ['headers that are none', 'FRAME_MALFORMED', `${DATA_HEX} 01 01 01 6e 00 00`],
    ['more headers than allowed', 'FRAME_MALFORMED', `${DATA_HEX} 01 01 01 6e 11 ${`${HEADER_HEX} `.repeat(17)} 00`],
    ['fewer headers than it says', 'FRAME_TRUNCATED', `${DATA_HEX} 01 01 01 6e 02 ${HEADER_HEX}`],
    ['a header without a name', 'FRAME_MALFORMED', `${DATA_HEX} 01 01 01 6e 01 00 01 62 00`],
    ['a header that comes twice', 'FRAME_MALFORMED', `${DATA_HEX} 01 01 01 6e 02 ${HEADER_HEX} ${HEADER_HEX} 00`],
    ['a header that is not UTF-8', 'FRAME_MALFORMED', `${DATA_HEX} 01 01 01 6e 01 01 61 01 ff 00`],
    ['headers above their limit', 'FRAME_TOO_LARGE', `${DATA_HEX} 01 01 01 6e 01 01 61 80 08 ${'62 '.repeat(1024)} 00`],
    ['a message in it without a name', 'FRAME_MALFORMED', `${DATA_HEX} 01 00 00 00`],
    ['a message in it whose data length lies', 'FRAME_TRUNCATED', `${DATA_HEX} 01 00 01 6e 02 c0`],
    [
      'a message in it that claims 2^53 - 1 bytes',
      'FRAME_TOO_LARGE',
      `${DATA_HEX} 01 00 01 6e ff ff ff ff ff ff ff 0f`,
    ],
    ['a floor of 0', 'FRAME_MALFORMED', `12 ${EPOCH_HEX} 00 00 00 01 01 01 ${ENTRY_HEX}`],
    ['a first below floor', 'FRAME_MALFORMED', `12 ${EPOCH_HEX} 00 02 00 01 01 01 ${ENTRY_HEX}`],
    ['a first of 0', 'FRAME_MALFORMED', `12 ${EPOCH_HEX} 00 01 00 00 01 01 ${ENTRY_HEX}`],
    ['an after that is not below first', 'FRAME_MALFORMED', `12 ${EPOCH_HEX} 00 01 01 01 01 01 ${ENTRY_HEX}`],
    ['an attempt of 0', 'FRAME_MALFORMED', `12 ${EPOCH_HEX} 00 01 00 01 00 01 ${ENTRY_HEX}`],
    [
      'numbers that reach 2^53',
      'FRAME_MALFORMED',
      `12 ${EPOCH_HEX} 00 01 00 ff ff ff ff ff ff ff 0f 01 01 ${ENTRY_HEX}`,
    ],
  ];

  it.each(malformed)('refuses %s as %s', (_, code, hex) => {
    expect(codeOf(bytesOf(hex))).toBe(code);
  });

  it('takes the largest sets and the most messages that are allowed', () => {
    expect(codeOf(bytesOf(`13 ${EPOCH_HEX} 01 00 00 80 02 ${'01 01 '.repeat(ACK_RANGES_MAX)}`))).toBe('a ack frame');
    expect(codeOf(bytesOf(`${DATA_HEX} 80 08 ${`${ENTRY_HEX} `.repeat(DATA_MESSAGES_MAX)}`))).toBe('a data frame');
    const headers = Array.from({ length: HEADERS_MAX }, (_, index) => `01 ${(0x61 + index).toString(16)} 00`).join(' ');
    expect(codeOf(bytesOf(`${DATA_HEX} 01 01 01 6e 10 ${headers} 00`))).toBe('a data frame');
    const longest = `01 61 ff 07 ${'62 '.repeat(HEADERS_MAX_BYTES - 1)}`;
    expect(codeOf(bytesOf(`${DATA_HEX} 01 01 01 6e 01 ${longest} 00`))).toBe('a data frame');
  });

  it('counts name and data of a message together: one byte below, at, and above the limit', () => {
    const name = 'n'.repeat(NAME_MAX_BYTES);
    for (const [excess, code] of [
      [-1, 'a message frame'],
      [0, 'a message frame'],
      [1, 'FRAME_TOO_LARGE'],
    ] as const) {
      const data = new Uint8Array(MESSAGE_MAX_BYTES - NAME_MAX_BYTES + excess);
      expect(codeOf(new ByteWriter().u8(FRAME_TYPE.message).str8(name).bytes(data).finish())).toBe(code);
      const entry = codeOf(concat(bytesOf(`${DATA_HEX} 01`), encodeEntry(name, data)));
      expect(entry).toBe(code.replace('message', 'data'));
    }
  });

  it('does not copy the bytes that a frame carries', () => {
    const bytes = bytesOf('04 01 6e c0 c2 c3');
    const frame = parseFrame(bytes);
    expect(frame).toMatchObject({ type: 'message' });
    if (!(frame instanceof ProtocolError) && frame.type === 'message') expect(frame.data.buffer).toBe(bytes.buffer);
  });
});
