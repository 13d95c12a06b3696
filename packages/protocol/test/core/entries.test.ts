import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeEntries,
  EntryEncoder,
  encodeEntry,
  entryEnds,
  HEADERS_MAX,
  HEADERS_MAX_BYTES,
  headersBytes,
  InvariantError,
  MESSAGE_MAX_BYTES,
  ProtocolError,
} from '../../src/core/index.js';
import { bytesOf, concat, headers } from '../support/frames.js';

describe('entries', () => {
  const messages = fc.array(
    fc.record({
      name: fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }),
      data: fc.uint8Array({ maxLength: 200 }),
      headers,
    }),
    { minLength: 1, maxLength: 20 },
  );

  it('come back as they were, and each ends where the next begins', () => {
    fc.assert(
      fc.property(messages, (expected) => {
        const parts = expected.map(({ name, data, headers }) => encodeEntry(name, data, headers));
        const entries = concat(...parts);
        let end = 0;
        const ends = parts.map((part) => {
          end += part.length;
          return end;
        });
        expect(entryEnds(entries, expected.length)).toEqual(Uint32Array.from(ends));
        expect(decodeEntries(entries, expected.length)).toEqual(expected);
      }),
    );
  });

  it('are the same bytes in the outbox and on the wire', () => {
    expect(encodeEntry('né', bytesOf('c0 c2'))).toEqual(bytesOf('00 03 6e c3 a9 02 c0 c2'));
    expect(encodeEntry('n', bytesOf('c0'), { ab: 'é' })).toEqual(bytesOf('01 01 6e 01 02 61 62 02 c3 a9 01 c0'));
  });

  it('take headers without any for none', () => {
    expect(encodeEntry('n', bytesOf('c0'), {})).toEqual(encodeEntry('n', bytesOf('c0')));
  });

  it('keep a header away from the prototype, whatever its name is', () => {
    const entry = encodeEntry('n', bytesOf('c0'), Object.fromEntries([['__proto__', 'x']]));
    const [decoded] = decodeEntries(entry, 1);
    expect(Object.entries(decoded?.headers ?? {})).toEqual([['__proto__', 'x']]);
    expect(Object.getPrototypeOf(decoded?.headers)).toBe(Object.prototype);
  });

  it('count the names and values of headers together, in UTF-8', () => {
    expect(headersBytes({ a: 'é', bc: '' })).toBe(5);
    const largest = { h: 'v'.repeat(HEADERS_MAX_BYTES - 1) };
    expect(decodeEntries(encodeEntry('n', bytesOf('c0'), largest), 1)[0]?.headers).toEqual(largest);
  });

  it.each([
    ['too many', Object.fromEntries(Array.from({ length: HEADERS_MAX + 1 }, (_, index) => [`${index}`, '']))],
    ['too many bytes of', { h: 'v'.repeat(HEADERS_MAX_BYTES) }],
    ['nameless', { '': 'v' }],
  ])('take %s headers for a bug of the writer', (_, wrong) => {
    expect(() => encodeEntry('n', bytesOf('c0'), wrong)).toThrow(InvariantError);
  });

  it.each([
    ['flags that nobody knows', '80 01 6e 00', 'FRAME_MALFORMED'],
    ['flags that nobody knows beside one that is known', '03 01 6e 01 01 61 00 00', 'FRAME_MALFORMED'],
    ['headers that are none', '01 01 6e 00 00', 'FRAME_MALFORMED'],
    ['headers that lie about their number', '01 01 6e 02 01 61 00', 'FRAME_TRUNCATED'],
    ['a header that comes twice', '01 01 6e 02 01 61 00 01 61 00 00', 'FRAME_MALFORMED'],
    ['an empty name', '00 00 00', 'FRAME_MALFORMED'],
    ['a name that is not UTF-8', '00 01 80 00', 'FRAME_MALFORMED'],
    ['a length of the data that is not in its shortest form', '00 01 6e 80 00', 'FRAME_MALFORMED'],
    ['a length of the data beyond the limit', '00 01 6e 80 80 10', 'FRAME_TOO_LARGE'],
    ['a length of the data that lies', '00 01 6e 01', 'FRAME_TRUNCATED'],
    ['nothing', '', 'FRAME_TRUNCATED'],
    ['a byte too many', '00 01 6e 00 00', 'FRAME_TRAILING_BYTES'],
  ])('refuse %s', (_, hex, code) => {
    expect(entryEnds(bytesOf(hex), 1)).toMatchObject({ code });
  });

  it('allocate by the bytes at hand, not by the count that is claimed', () => {
    expect(entryEnds(bytesOf('00 01 6e 00'), 2 ** 40)).toBeInstanceOf(ProtocolError);
  });

  it('count name and data together', () => {
    expect(entryEnds(encodeEntry('n', new Uint8Array(MESSAGE_MAX_BYTES - 1)), 1)).toBeInstanceOf(Uint32Array);
    expect(entryEnds(encodeEntry('n', new Uint8Array(MESSAGE_MAX_BYTES)), 1)).toMatchObject({
      code: 'FRAME_TOO_LARGE',
    });
  });

  it('take a message without a name for a bug of the writer', () => {
    expect(() => encodeEntry('', new Uint8Array(1))).toThrow(InvariantError);
  });

  it('are the same from an encoder, which writes the next one over them', () => {
    const encoder = new EntryEncoder();
    const first = encoder.encode('n', bytesOf('c0'), undefined);
    expect(first).toEqual(encodeEntry('n', bytesOf('c0')));
    const large = new Uint8Array(100_000).fill(7);
    expect(encoder.encode('large', large, { ab: 'é' })).toEqual(encodeEntry('large', large, { ab: 'é' }));
    const small = encoder.encode('n', bytesOf('c2'), {});
    expect(small).toEqual(encodeEntry('n', bytesOf('c2')));
    // What a large message needed is not kept.
    expect(small.buffer.byteLength).toBeLessThan(10_000);
    encoder.encode('n', bytesOf('c3'), undefined);
    expect(small).toEqual(encodeEntry('n', bytesOf('c3')));
  });
});
