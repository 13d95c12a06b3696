import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasLoneSurrogate, readUtf8, utf8Length, writeUtf8 } from '../../src/core/index.js';
import { bytesOf, concat } from '../support/frames.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Texts of any UTF-16 units, whole and half surrogate pairs among them. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(fc.oneof(fc.nat(0xffff), fc.integer({ min: 0xd7f0, max: 0xe010 })))
    .map((units) => String.fromCharCode(...units)),
);

/** Bytes that are UTF-8 more often than chance would have it. */
const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 12 }),
  fc
    .array(
      fc.constantFrom(
        0x00,
        0x41,
        0x7f,
        0x80,
        0x8f,
        0x90,
        0x9f,
        0xa0,
        0xbf,
        0xc0,
        0xc1,
        0xc2,
        0xdf,
        0xe0,
        0xe1,
        0xed,
        0xef,
        0xf0,
        0xf1,
        0xf4,
        0xf5,
        0xff,
      ),
      { maxLength: 8 },
    )
    .map((bytes) => Uint8Array.from(bytes)),
  anyText.map((text) => encoder.encode(text)),
);

function referenceRead(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

describe('utf8Length and writeUtf8', () => {
  it('agrees with TextEncoder for any text', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const expected = encoder.encode(text);
        expect(utf8Length(text)).toBe(expected.length);
        const target = new Uint8Array(expected.length + 2);
        expect(writeUtf8(target, 1, text)).toBe(expected.length + 1);
        expect(target).toEqual(concat(Uint8Array.of(0), expected, Uint8Array.of(0)));
      }),
      { numRuns: 5_000 },
    );
  });

  it('write half a surrogate pair as U+FFFD', () => {
    for (const half of ['\ud800', '\udbff', '\udc00', '\udfff', '\udc00\ud800', 'a\ud83d', '\ud83d\ud83d']) {
      expect(utf8Length(half)).toBe(encoder.encode(half).length);
    }
  });
});

describe('readUtf8', () => {
  it('agrees with TextDecoder for any bytes', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const expected = referenceRead(bytes);
        expect(readUtf8(bytes, 0, bytes.length)).toBe(expected);
      }),
      { numRuns: 20_000 },
    );
  });

  it('agrees with TextDecoder for every pair of bytes', () => {
    for (let pair = 0; pair <= 0xffff; pair++) {
      const bytes = Uint8Array.of(pair >> 8, pair & 0xff);
      if (readUtf8(bytes, 0, 2) !== referenceRead(bytes)) throw new Error(`differs for ${pair.toString(16)}`);
    }
  });

  it.each([
    ['the first and the last of each length', '00 7f c2 80 df bf e0 a0 80 ef bf bf f0 90 80 80 f4 8f bf bf', true],
    ['around the surrogates', 'ed 9f bf ee 80 80', true],
    ['a continuation byte alone', '80', false],
    ['a lead byte alone', 'c3', false],
    ['a lead byte before a character', 'c3 41', false],
    ['two bytes for what fits one', 'c0 80', false],
    ['two bytes for what fits one', 'c1 bf', false],
    ['three bytes for what fits two', 'e0 9f bf', false],
    ['four bytes for what fits three', 'f0 8f bf bf', false],
    ['a high surrogate', 'ed a0 80', false],
    ['a low surrogate', 'ed bf bf', false],
    ['a surrogate pair as two characters', 'ed a0 bd ed b0 80', false],
    ['above U+10FFFF', 'f4 90 80 80', false],
    ['a lead byte that is never used', 'f5 80 80 80', false],
    ['a lead byte that is never used', 'ff', false],
    ['three bytes cut after one', 'e2', false],
    ['three bytes cut after two', 'e2 82', false],
    ['four bytes cut after three', 'f0 9f 8c', false],
  ])('judges %s: %s', (_, hex, valid) => {
    const bytes = bytesOf(hex);
    expect(readUtf8(bytes, 0, bytes.length)).toBe(referenceRead(bytes));
    expect(referenceRead(bytes) !== undefined).toBe(valid);
  });

  it('finds what is not ASCII at any place', () => {
    for (let at = 0; at <= 20; at++) {
      for (const [hex, isText] of [
        ['e2 82 ac', true],
        ['ff', false],
        ['e2 82', false],
      ] as const) {
        const bytes = concat(Buffer.from('a'.repeat(at)), bytesOf(hex), Buffer.from('b'.repeat(20 - at)));
        expect(readUtf8(bytes, 0, bytes.length)).toBe(isText ? `${'a'.repeat(at)}€${'b'.repeat(20 - at)}` : undefined);
      }
    }
  });

  it('does not look beyond the range it is given', () => {
    const bytes = bytesOf('41 e2 82 ac 42');
    expect(readUtf8(bytes, 1, 3)).toBe('€');
    expect(readUtf8(bytes, 1, 2)).toBeUndefined();
    expect(readUtf8(bytes, 5, 0)).toBe('');
  });
});

describe('hasLoneSurrogate', () => {
  it('finds what TextEncoder would have to replace', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(hasLoneSurrogate(text)).toBe(decoder.decode(encoder.encode(text)) !== text);
      }),
      { numRuns: 5_000 },
    );
  });
});
