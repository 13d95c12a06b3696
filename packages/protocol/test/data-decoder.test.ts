import { describe, expect, it } from 'vitest';
import { NESTING_MAX_DEPTH, ProtocolError } from '../src/core/index.js';
import { decodeData, UNSAFE_KEYS } from '../src/data-decoder.js';
import { bytesOf, concat } from './support/frames.js';

function check(hex: string): string {
  const decoded = decodeData(bytesOf(hex));
  return decoded instanceof ProtocolError ? decoded.code : 'fine';
}

const text = (value: string): string => Buffer.from(value).toString('hex');

describe('decodeData', () => {
  const u64 = 2n ** 64n - 1n;
  it.each<[string, string, unknown]>([
    ['c0', 'nil', null],
    ['c2', 'false', false],
    ['c3', 'true', true],
    ['00', 'positive fixint', 0],
    ['7f', 'positive fixint', 127],
    ['e0', 'negative fixint', -32],
    ['ff', 'negative fixint', -1],
    ['cc ff', 'uint 8', 255],
    ['cd ff fe', 'uint 16', 65_534],
    ['ce ff ff ff fe', 'uint 32', 2 ** 32 - 2],
    ['cf ff ff ff ff ff ff ff ff', 'uint 64', u64],
    ['cf 00 1f ff ff ff ff ff ff', 'uint 64 that is exact as a number', 2 ** 53 - 1],
    ['cf 00 20 00 00 00 00 00 00', 'uint 64 that is just exact as a number', 2 ** 53],
    ['cf 00 20 00 00 00 00 00 01', 'uint 64 that is no longer exact', 2n ** 53n + 1n],
    ['d0 80', 'int 8', -128],
    ['d0 7f', 'int 8', 127],
    ['d1 80 01', 'int 16', -32_767],
    ['d2 80 00 00 01', 'int 32', -(2 ** 31) + 1],
    ['d3 80 00 00 00 00 00 00 00', 'int 64', -(2n ** 63n)],
    ['d3 ff e0 00 00 00 00 00 01', 'int 64 that is exact as a number', -(2 ** 53) + 1],
    ['d3 ff e0 00 00 00 00 00 00', 'int 64 that is just exact as a number', -(2 ** 53)],
    ['d3 ff df ff ff ff ff ff ff', 'int 64 that is no longer exact', -(2n ** 53n) - 1n],
    ['ca 3f c0 00 00', 'float 32', 1.5],
    ['cb 3f f8 00 00 00 00 00 00', 'float 64', 1.5],
    ['cb 80 00 00 00 00 00 00 00', 'float 64', -0],
    ['a0', 'fixstr', ''],
    ['a1 61', 'fixstr', 'a'],
    ['d9 01 61', 'str 8, although fixstr would do', 'a'],
    ['da 00 01 61', 'str 16', 'a'],
    ['db 00 00 00 01 61', 'str 32', 'a'],
    ['c4 00', 'bin 8', bytesOf('')],
    ['c4 01 ff', 'bin 8', bytesOf('ff')],
    ['c5 00 01 ff', 'bin 16', bytesOf('ff')],
    ['c6 00 00 00 01 ff', 'bin 32', bytesOf('ff')],
    ['90', 'fixarray', []],
    ['92 c0 c2', 'fixarray', [null, false]],
    ['dc 00 01 c0', 'array 16', [null]],
    ['dd 00 00 00 01 c0', 'array 32', [null]],
    ['80', 'fixmap', {}],
    ['81 a1 61 c0', 'fixmap', { a: null }],
    ['de 00 01 a1 61 c0', 'map 16', { a: null }],
    ['df 00 00 00 01 a1 61 c0', 'map 32', { a: null }],
    ['81 d9 01 61 c0', 'a key as str 8', { a: null }],
    ['82 a1 61 01 a1 61 02', 'two equal keys, of which the last wins', { a: 2 }],
    ['81 b0 68 61 73 4f 77 6e 50 72 6f 70 65 72 74 79 5f 5f 01', 'a key as any other', { hasOwnProperty__: 1 }],
  ])('reads %s: %s', (hex, _, value) => {
    const bytes = bytesOf(hex);
    // Not at the beginning of its memory, as in a frame.
    const inFrame = concat(bytesOf('c1 c1 c1'), bytes).subarray(3);
    expect(decodeData(inFrame)).toEqual({ value });
    for (let length = 0; length < bytes.length; length++) {
      expect(decodeData(bytes.subarray(0, length))).toMatchObject({ code: 'DATA_MALFORMED' });
    }
    expect(decodeData(concat(bytes, Uint8Array.of(0xc0)))).toMatchObject({ code: 'DATA_MALFORMED' });
  });

  it.each([
    ['nothing', ''],
    ['the type that is never used', 'c1'],
    ['fixext 1', 'd4 00 00'],
    ['fixext 2', 'd5 00 00 00'],
    ['fixext 4, a timestamp', 'd6 ff 00 00 00 00'],
    ['fixext 8', 'd7 ff 00 00 00 00 00 00 00 00'],
    ['fixext 16', `d8 00 ${'00'.repeat(16)}`],
    ['ext 8', 'c7 01 00 00'],
    ['ext 16', 'c8 00 01 00 00'],
    ['ext 32', 'c9 00 00 00 01 00 00'],
    ['an extension inside', '91 81 a1 61 d4 00 00'],
    ['a record definition of msgpackr', 'd4 72 40 91 a1 61 01'],
    ['a text that claims more than there is', 'd9 05 61'],
    ['a text of 4 GB', 'db ff ff ff ff 61'],
    ['binary data of 4 GB', 'c6 ff ff ff ff 61'],
    ['an array of four billion entries', 'dd ff ff ff ff c0'],
    ['a map of four billion entries', 'df ff ff ff ff a1 61 c0'],
    ['an array inside that claims more than there is', '92 dc ff ff c0'],
    ['a map with more keys than values', '82 a1 61 01 a1 62'],
    ['a key that is a number', '81 01 01'],
    ['a key that is nil', '81 c0 01'],
    ['a key that is binary', '81 c4 01 61 01'],
    ['a key that is an array', '81 90 01'],
    ['a key that is cut short', '81 a2 61'],
    ['a key that is not UTF-8', '81 a1 ff 01'],
    ['a text that is not UTF-8', 'a1 ff'],
    ['a text with an ASCII beginning that is not UTF-8', 'a4 61 62 c3 28'],
    ['a text with half a surrogate pair', 'a3 ed a0 bd'],
    ['a text in a longer form than necessary', 'a2 c0 80'],
    ['a second value behind the first', 'c0 c0'],
  ])('refuses %s', (_, hex) => {
    expect(check(hex)).toBe('DATA_MALFORMED');
  });

  it.each(UNSAFE_KEYS)('refuses the key %s at any depth and in any length field', (key) => {
    const length = key.length.toString(16).padStart(2, '0');
    const keys = [`${(0xa0 + key.length).toString(16)}`, `d9 ${length}`, `da 00 ${length}`, `db 00 00 00 ${length}`];
    for (const head of keys) {
      const map = `81 ${head} ${text(key)} 01`;
      for (const around of ['', '91', '81 a1 61', '92 c0', `${'91 '.repeat(NESTING_MAX_DEPTH - 1)}`]) {
        expect(check(`${around} ${map}`)).toBe('DATA_UNSAFE_KEY');
      }
    }
    // As a value, and as part of a longer key, it is harmless.
    expect(check(`81 a1 61 ${keys[0]} ${text(key)}`)).toBe('fine');
    expect(check(`81 d9 ${(key.length + 1).toString(16).padStart(2, '0')} ${text(`${key}s`)} 01`)).toBe('fine');
  });

  it('lets keys pass that only have the length of an unsafe one', () => {
    expect(check(`81 a9 ${text('temperatu')} 01`)).toBe('fine');
    expect(check(`81 ab ${text('temperature')} 01`)).toBe('fine');
  });

  it('counts levels of arrays and maps: one below, at, and above the limit', () => {
    for (const open of ['91', '81 a1 61']) {
      expect(check(`${`${open} `.repeat(NESTING_MAX_DEPTH - 1)} c0`)).toBe('fine');
      expect(check(`${`${open} `.repeat(NESTING_MAX_DEPTH)} c0`)).toBe('fine');
      expect(check(`${`${open} `.repeat(NESTING_MAX_DEPTH + 1)} c0`)).toBe('DATA_TOO_DEEP');
    }
    // An empty array is a level, too.
    expect(check(`${'91 '.repeat(NESTING_MAX_DEPTH - 1)} 90`)).toBe('fine');
    expect(check(`${'91 '.repeat(NESTING_MAX_DEPTH)} 90`)).toBe('DATA_TOO_DEEP');
  });

  it('does not follow a hundred thousand levels', () => {
    expect(decodeData(new Uint8Array(100_000).fill(0x91))).toMatchObject({ code: 'DATA_TOO_DEEP' });
  });

  it('never reaches a prototype', () => {
    const decoded = decodeData(bytesOf('82 a1 61 01 a9 5f 5f 70 72 6f 74 6f 5f 5f 81 a5 61 64 6d 69 6e c3'));
    expect(decoded).toBeInstanceOf(ProtocolError);
    expect(({} as { admin?: unknown }).admin).toBeUndefined();
  });

  it('shares nothing with the bytes, whatever they lie in', () => {
    const bytes = Buffer.from(bytesOf('c4 03 01 02 03'));
    const decoded = decodeData(bytes) as { value: Uint8Array };
    bytes.fill(0xff);
    expect(decoded.value).toEqual(bytesOf('01 02 03'));
    expect(decoded.value.constructor).toBe(Uint8Array);
    expect(decoded.value.buffer.byteLength).toBe(3);
  });
});
