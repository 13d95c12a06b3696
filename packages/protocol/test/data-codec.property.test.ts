// Our reading and writing of MessagePack against another one's, for any data and for any bytes.

import fc from 'fast-check';
import { Packr, Unpackr } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../src/core/index.js';
import { decodeData } from '../src/data-decoder.js';
import { encodeData } from '../src/data-encoder.js';

// `object`, because its type declarations lack `skipValues` and the value `auto`.
const packOptions: object = { useRecords: false, skipValues: [undefined], useToJSON: false };
const unpackOptions: object = { useRecords: false, mapsAsObjects: true, copyBuffers: true, int64AsType: 'auto' };
const packr = new Packr(packOptions);
const unpackr = new Unpackr(unpackOptions);

/** Texts of every kind but with half a surrogate pair. */
const text = fc.oneof(
  { weight: 20, arbitrary: fc.string({ unit: 'binary' }) },
  { weight: 20, arbitrary: fc.string() },
  { weight: 1, arbitrary: fc.integer({ min: 30, max: 300 }).map((length) => 'é'.repeat(length)) },
);
const number = fc.oneof(
  fc.integer({ min: -300, max: 300 }),
  fc.integer({ min: -70_000, max: 70_000 }),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
);
const isSafe = (key: string): boolean => key !== '__proto__' && key !== 'constructor';

const { data } = fc.letrec<{ data: unknown; inside: unknown }>((tie) => ({
  data: fc.oneof({ maxDepth: 6 }, fc.constantFrom(null, true, false), number, text, fc.uint8Array(), tie('inside')),
  inside: fc.oneof(
    fc.array(tie('data'), { maxLength: 40 }),
    fc.dictionary(text.filter(isSafe), fc.option(tie('data'), { nil: undefined, freq: 10 }), { maxKeys: 40 }),
  ),
}));

/** As the other end gets it: no -0 and no properties without a value. */
function asSent(value: unknown): unknown {
  if (typeof value === 'number') return value === 0 ? 0 : value;
  if (Array.isArray(value)) return value.map(asSent);
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value;
  const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
  return Object.fromEntries(entries.map(([key, entry]) => [key, asSent(entry)]));
}

describe('data', () => {
  it('that we wrote is read as it was, by us and by msgpackr', () => {
    fc.assert(
      fc.property(data, (value) => {
        const bytes = encodeData(value).slice();
        expect(decodeData(bytes)).toEqual({ value: asSent(value) });
        expect(unpackr.unpack(bytes)).toEqual(asSent(value));
      }),
      { numRuns: 2_000 },
    );
  });

  it('that msgpackr wrote is read by us', () => {
    fc.assert(
      fc.property(data, (value) => {
        expect(decodeData(packr.pack(value))).toEqual({ value: asSent(value) });
      }),
      { numRuns: 2_000 },
    );
  });

  it('is never longer than what msgpackr makes of it', () => {
    fc.assert(
      fc.property(data, (value) => {
        expect(encodeData(value).length).toBeLessThanOrEqual(packr.pack(value).length);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('lengths around what fits one more byte', () => {
  const lengths = [0, 1, 15, 16, 31, 32, 255, 256, 65_535, 65_536];
  const made: readonly (readonly [string, (length: number) => unknown])[] = [
    ['texts', (length) => 'x'.repeat(length)],
    ['texts of two bytes a character', (length) => 'é'.repeat(length)],
    ['binary data', (length) => new Uint8Array(length).fill(7)],
    ['arrays', (length) => Array<boolean>(length).fill(true)],
    ['objects', (length) => Object.fromEntries(Array.from({ length: Math.min(length, 37_000) }, (_, key) => [key, 1]))],
  ];

  it.each(made)('%s', (_, make) => {
    for (const value of lengths.map(make)) {
      const bytes = encodeData(value).slice();
      expect(bytes.length).toBeLessThanOrEqual(packr.pack(value).length);
      expect(decodeData(bytes)).toEqual({ value });
      expect(unpackr.unpack(bytes)).toEqual(value);
      expect(decodeData(packr.pack(value))).toEqual({ value });
    }
  });
});

describe('bytes', () => {
  /** Short ones are a whole value now and then. */
  const anyBytes = fc.oneof(fc.uint8Array({ maxLength: 12 }), fc.uint8Array({ maxLength: 60 }));

  it('end in a value, the same that msgpackr finds, or in a ProtocolError', () => {
    let values = 0;
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const decoded = decodeData(bytes);
        if (decoded instanceof ProtocolError) return;
        values += 1;
        expect(decoded.value).toEqual(unpackr.unpack(bytes));
      }),
      { numRuns: 20_000 },
    );
    expect(values).toBeGreaterThan(100);
  });

  it('with one of them changed end so, too', () => {
    fc.assert(
      fc.property(data, fc.nat(), fc.nat({ max: 255 }), (value, at, byte) => {
        const bytes = encodeData(value).slice();
        bytes[at % bytes.length] = byte;
        const decoded = decodeData(bytes);
        if (!(decoded instanceof ProtocolError)) expect(decoded.value).toEqual(unpackr.unpack(bytes));
      }),
      { numRuns: 5_000 },
    );
  });
});
