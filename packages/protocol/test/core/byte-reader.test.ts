import { describe, expect, it } from 'vitest';
import { ByteReader, ByteWriter } from '../../src/core/index.js';
import { bytesOf } from '../support/frames.js';

const reader = (hex: string): ByteReader => new ByteReader(bytesOf(hex));

describe('ByteReader', () => {
  it('reads integers in network byte order', () => {
    const bytes = reader('ff 80 00 00 01');
    expect(bytes.u8('a')).toBe(255);
    expect(bytes.u32('b')).toBe(2 ** 31 + 1);
    expect(bytes.remaining).toBe(0);
    expect(bytes.fault).toBeUndefined();
  });

  it.each([
    ['00', 0],
    ['7f', 127],
    ['80 01', 128],
    ['ff 7f', 16_383],
    ['80 80 01', 16_384],
    ['ff ff ff ff 0f', 2 ** 32 - 1],
    ['80 80 80 80 10', 2 ** 32],
    ['ff ff ff ff ff ff ff 0f', 2 ** 53 - 1],
  ])('reads the uvar %s as %d, and the writer writes it so', (hex, value) => {
    const bytes = reader(hex);
    expect(bytes.uvar('n')).toBe(value);
    expect(bytes.fault).toBeUndefined();
    expect(new ByteWriter().uvar(value).finish()).toEqual(bytesOf(hex));
  });

  it.each([
    ['80 00', 'FRAME_MALFORMED', 'n is not in its shortest form'],
    ['ff 80 00', 'FRAME_MALFORMED', 'n is not in its shortest form'],
    ['80 80 80 80 80 80 80 10', 'FRAME_MALFORMED', 'n is 2^53 or more'],
    ['ff ff ff ff ff ff ff 7f', 'FRAME_MALFORMED', 'n is 2^53 or more'],
    ['80 80 80 80 80 80 80 80', 'FRAME_MALFORMED', 'n is longer than 8 bytes'],
    ['', 'FRAME_TRUNCATED', 'the frame ends inside n'],
    ['80', 'FRAME_TRUNCATED', 'the frame ends inside n'],
    ['ff ff', 'FRAME_TRUNCATED', 'the frame ends inside n'],
  ])('refuses the uvar %s: %s', (hex, code, message) => {
    const bytes = reader(hex);
    expect(bytes.uvar('n')).toBe(0);
    expect(bytes.fault).toMatchObject({ code, message });
  });

  it('reads texts by their byte count', () => {
    const bytes = reader('03 61 c3 a9 62');
    expect(bytes.str8('name', 3)).toBe('aé');
    expect(bytes.text(1, 'rest', 1)).toBe('b');
  });

  it.each([
    ['a text beyond its limit', '02 61 61', 'FRAME_MALFORMED', 'name has 2 bytes; at most 1 are allowed'],
    ['a text that is cut short', '01', 'FRAME_TRUNCATED', 'the frame ends inside name'],
    ['a text that is not UTF-8', '01 ff', 'FRAME_MALFORMED', 'name is not UTF-8'],
  ])('refuses %s', (_, hex, code, message) => {
    const bytes = reader(hex);
    expect(bytes.str8('name', 1)).toBe('');
    expect(bytes.fault).toMatchObject({ code, message });
  });

  it('gives views of the bytes, not copies', () => {
    const source = bytesOf('01 02 03');
    const bytes = new ByteReader(source, 1);
    expect(bytes.offset).toBe(1);
    const rest = bytes.rest();
    expect(rest).toEqual(bytesOf('02 03'));
    expect(rest.buffer).toBe(source.buffer);
  });

  it('gives zeros after a fault, and keeps the first one', () => {
    const bytes = reader('01 02 03 04 05 06');
    bytes.reject('FRAME_UNEXPECTED', 'the first fault');
    expect(bytes.u8('a')).toBe(0);
    expect(bytes.u32('b')).toBe(0);
    expect(bytes.uvar('c')).toBe(0);
    expect(bytes.str8('d', 10)).toBe('');
    expect(bytes.bytes(2, 'e')).toHaveLength(0);
    expect(bytes.rest()).toHaveLength(0);
    bytes.end();
    bytes.reject('FRAME_MALFORMED', 'a later fault');
    expect(bytes.fault).toMatchObject({ code: 'FRAME_UNEXPECTED', message: 'the first fault' });
  });

  it('faults when bytes are left at the end', () => {
    const bytes = reader('01 02');
    bytes.u8('a');
    bytes.end();
    expect(bytes.fault).toMatchObject({ code: 'FRAME_TRAILING_BYTES', message: '1 bytes behind the last field' });
  });
});
