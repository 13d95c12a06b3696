import { describe, expect, it } from 'vitest';
import { checkMessagePack, NESTING_MAX_DEPTH, UNSAFE_KEYS } from '../../src/core/index.js';
import { bytesOf, concat } from '../support/frames.js';

const check = (hex: string): string => checkMessagePack(bytesOf(hex))?.code ?? 'fine';
const text = (value: string): string => Buffer.from(value).toString('hex');

describe('checkMessagePack', () => {
  it.each([
    ['c0', 'nil'],
    ['c2', 'false'],
    ['c3', 'true'],
    ['00', 'positive fixint'],
    ['7f', 'positive fixint'],
    ['e0', 'negative fixint'],
    ['ff', 'negative fixint'],
    ['cc ff', 'uint 8'],
    ['cd ff ff', 'uint 16'],
    ['ce ff ff ff ff', 'uint 32'],
    ['cf ff ff ff ff ff ff ff ff', 'uint 64'],
    ['d0 80', 'int 8'],
    ['d1 80 00', 'int 16'],
    ['d2 80 00 00 00', 'int 32'],
    ['d3 80 00 00 00 00 00 00 00', 'int 64'],
    ['ca 3f c0 00 00', 'float 32'],
    ['cb 3f f8 00 00 00 00 00 00', 'float 64'],
    ['a0', 'fixstr'],
    ['a1 61', 'fixstr'],
    ['d9 01 61', 'str 8, although fixstr would do'],
    ['da 00 01 61', 'str 16'],
    ['db 00 00 00 01 61', 'str 32'],
    ['c4 00', 'bin 8'],
    ['c4 01 ff', 'bin 8'],
    ['c5 00 01 ff', 'bin 16'],
    ['c6 00 00 00 01 ff', 'bin 32'],
    ['90', 'fixarray'],
    ['92 c0 c0', 'fixarray'],
    ['dc 00 01 c0', 'array 16'],
    ['dd 00 00 00 01 c0', 'array 32'],
    ['80', 'fixmap'],
    ['81 a1 61 c0', 'fixmap'],
    ['de 00 01 a1 61 c0', 'map 16'],
    ['df 00 00 00 01 a1 61 c0', 'map 32'],
    ['81 d9 01 61 c0', 'a key as str 8'],
    ['82 a1 61 01 a1 61 02', 'two equal keys'],
  ])('lets %s pass: %s', (hex) => {
    expect(check(hex)).toBe('fine');
    const bytes = bytesOf(hex);
    for (let length = 0; length < bytes.length; length++) {
      expect(checkMessagePack(bytes.subarray(0, length))).toMatchObject({ code: 'DATA_MALFORMED' });
    }
    expect(checkMessagePack(concat(bytes, Uint8Array.of(0xc0)))).toMatchObject({ code: 'DATA_MALFORMED' });
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
    expect(checkMessagePack(new Uint8Array(100_000).fill(0x91))).toMatchObject({ code: 'DATA_TOO_DEEP' });
  });
});
