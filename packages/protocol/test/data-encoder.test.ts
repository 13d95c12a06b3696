import { describe, expect, it } from 'vitest';
import { HoldfastError, MESSAGE_MAX_BYTES, NESTING_MAX_DEPTH, ProtocolError } from '../src/core/index.js';
import { decodeData } from '../src/data-decoder.js';
import { encodeData } from '../src/data-encoder.js';
import { bytesOf } from './support/frames.js';

function roundTrip(value: unknown): unknown {
  const decoded = decodeData(encodeData(value));
  if (decoded instanceof ProtocolError) throw decoded;
  return decoded.value;
}

function nested(levels: number): unknown {
  let value: unknown = 'core';
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { in: value };
  return value;
}

function faultOf(value: unknown): string {
  try {
    encodeData(value);
    return 'no fault';
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    return `${error.code}: ${error.message}`;
  }
}

describe('encodeData and decodeData', () => {
  const values: readonly unknown[] = [
    null,
    true,
    false,
    '',
    'plain',
    'Übergröße 🌡 \u0000',
    'x'.repeat(31),
    'x'.repeat(32),
    'x'.repeat(255),
    'x'.repeat(256),
    'é'.repeat(70_000),
    [],
    {},
    [null, [1, 'two', { three: [3] }]],
    { '': 1, '1': 'a key that looks like a number', hasOwnProperty: 1, toString: 2, toJSON: 3, prototype: 4 },
    Array.from({ length: 70_000 }, (_, index) => index % 100),
    Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`k${index}`, index % 7])),
  ];

  it.each(values.map((value) => [value]))('bring back %o', (value) => {
    expect(roundTrip(value)).toEqual(value);
  });

  const numbers = [
    0,
    1,
    127,
    128,
    255,
    256,
    65_535,
    65_536,
    2 ** 31,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 32 + 1,
    2 ** 53 - 1,
    2 ** 53,
    1e300,
    0.1,
    -1,
    -32,
    -33,
    -128,
    -129,
    -32_768,
    -32_769,
    -(2 ** 31),
    -(2 ** 31) - 1,
    -(2 ** 53) + 1,
    5e-324,
    73.97,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ];

  it.each(numbers)('bring back the number %d exactly', (number) => {
    expect(roundTrip(number)).toBe(number);
  });

  it('send -0 as 0, as JSON does, and take it from others', () => {
    expect(roundTrip(-0)).toBe(0);
    expect(decodeData(bytesOf('cb 80 00 00 00 00 00 00 00'))).toEqual({ value: -0 });
  });

  it('take integers of 64 bits as numbers while these are exact, and as bigint beyond', () => {
    expect(decodeData(bytesOf('cf 00 1f ff ff ff ff ff ff'))).toEqual({ value: 2 ** 53 - 1 });
    expect(decodeData(bytesOf('d3 ff e0 00 00 00 00 00 01'))).toEqual({ value: -(2 ** 53) + 1 });
    expect(decodeData(bytesOf('cf 00 20 00 00 00 00 00 01'))).toEqual({ value: 2n ** 53n + 1n });
    expect(decodeData(bytesOf('d3 80 00 00 00 00 00 00 00'))).toEqual({ value: -(2n ** 63n) });
    expect(decodeData(bytesOf('cf ff ff ff ff ff ff ff ff'))).toEqual({ value: 2n ** 64n - 1n });
  });

  it('take 32-bit floats from others', () => {
    expect(decodeData(bytesOf('ca 3f c0 00 00'))).toEqual({ value: 1.5 });
  });

  it('bring back binary data as a plain Uint8Array that shares nothing with the network', () => {
    for (const bytes of [bytesOf('01 02 03'), Buffer.from([1, 2, 3])]) {
      const encoded = Buffer.from(encodeData({ bytes }));
      const decoded = decodeData(encoded) as { value: { bytes: Uint8Array } };
      encoded.fill(0xff);
      expect(decoded.value.bytes).toEqual(bytesOf('01 02 03'));
      expect(decoded.value.bytes.constructor).toBe(Uint8Array);
    }
  });

  it('leave out properties that are undefined, as JSON does', () => {
    expect(roundTrip({ a: undefined, b: 1 })).toEqual({ b: 1 });
    expect(Object.keys(roundTrip({ a: undefined, b: 1 }) as object)).toEqual(['b']);
  });

  it('treat objects without a prototype as plain ones', () => {
    const bare = Object.assign(Object.create(null), { a: 1, toJSON: 5 });
    expect(roundTrip(bare)).toEqual({ a: 1, toJSON: 5 });
  });
});

describe('encodeData', () => {
  class Reading {
    celsius = 1;
  }
  const faults: readonly (readonly [string, unknown, string])[] = [
    ['undefined', undefined, 'DATA_NOT_SERIALISABLE: data is undefined'],
    ['undefined in an array', { list: [1, undefined] }, 'DATA_NOT_SERIALISABLE: data.list[1] is undefined'],
    // biome-ignore lint/suspicious/noSparseArray: programs make holes with `delete list[1]`, and a careless encoder would send them.
    ['a hole in an array', [1, , 3], 'DATA_NOT_SERIALISABLE: data[1] is undefined'],
    ['a bigint', { a: 5n }, 'DATA_NOT_SERIALISABLE: data.a is a bigint'],
    ['a function', { f: () => 0 }, 'DATA_NOT_SERIALISABLE: data.f is a function'],
    ['a symbol', [Symbol('s')], 'DATA_NOT_SERIALISABLE: data[0] is a symbol'],
    ['a date', { at: new Date(0) }, 'DATA_NOT_SERIALISABLE: data.at is an instance of Date'],
    ['a map', new Map(), 'DATA_NOT_SERIALISABLE: data is an instance of Map'],
    ['a set', new Set(), 'DATA_NOT_SERIALISABLE: data is an instance of Set'],
    [
      'an instance of a class',
      { reading: new Reading() },
      'DATA_NOT_SERIALISABLE: data.reading is an instance of Reading',
    ],
    ['an array of floats', new Float64Array(1), 'DATA_NOT_SERIALISABLE: data is an instance of Float64Array'],
    ['an object that has a toJSON method', { toJSON: () => 5 }, 'DATA_NOT_SERIALISABLE: data.toJSON is a function'],
    [
      'a text with half a surrogate pair',
      { note: 'cut \ud83d' },
      'DATA_NOT_SERIALISABLE: data.note has half a surrogate',
    ],
    ['a key with half a surrogate pair', { a: { '\udf21': 1 } }, 'DATA_NOT_SERIALISABLE: data.a has half a surrogate'],
    ['the key __proto__', JSON.parse('{"__proto__":{"admin":true}}'), 'DATA_UNSAFE_KEY: data has the key __proto__'],
    [
      'the key __proto__ inside',
      JSON.parse('{"a":[{"__proto__":1}]}'),
      'DATA_UNSAFE_KEY: data.a[0] has the key __proto__',
    ],
    ['the key constructor', { a: { constructor: 1 } }, 'DATA_UNSAFE_KEY: data.a has the key constructor'],
    ['a text beyond the limit', 'x'.repeat(MESSAGE_MAX_BYTES), 'MESSAGE_TOO_LARGE: '],
    ['binary data beyond the limit', [new Uint8Array(MESSAGE_MAX_BYTES)], 'MESSAGE_TOO_LARGE: '],
  ];

  it.each(faults)('refuses %s', (_, value, fault) => {
    expect(faultOf(value).slice(0, fault.length)).toBe(fault);
  });

  it('takes the deepest nesting that is allowed, and refuses one level more', () => {
    expect(roundTrip(nested(NESTING_MAX_DEPTH))).toEqual(nested(NESTING_MAX_DEPTH));
    expect(faultOf(nested(NESTING_MAX_DEPTH + 1))).toContain('is deeper than 32 levels');
  });

  it('refuses a cycle', () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    expect(faultOf(cycle)).toContain('DATA_NOT_SERIALISABLE');
  });

  it('is quick with a few objects that hold each other many times over', () => {
    let value: unknown = 'core';
    for (let level = 0; level < NESTING_MAX_DEPTH; level++) value = [value, value, value, value];
    expect(faultOf(value)).toContain('MESSAGE_TOO_LARGE');
  });

  it('leaves the next message alone when one is refused', () => {
    const before = encodeData({ a: 1 }).slice();
    faultOf({ a: { b: [Symbol('s')] } });
    expect(encodeData({ a: 1 })).toEqual(before);
  });

  it('takes data of just the limit, and refuses a byte more', () => {
    // One byte for the array, five before each binary value.
    const rest = MESSAGE_MAX_BYTES - 1 - 5 - 100_000 - 5;
    const halves = (last: number) => [new Uint8Array(100_000), new Uint8Array(last)];
    expect(encodeData(halves(rest)).length).toBe(MESSAGE_MAX_BYTES);
    expect(faultOf([...halves(rest), 1])).toContain('MESSAGE_TOO_LARGE');
  });

  it('counts what it writes when a getter gives another value each time', () => {
    let calls = 0;
    const fickle = {
      get maybe() {
        calls += 1;
        return calls % 2 === 1 ? calls : undefined;
      },
      sure: 1,
    };
    expect(roundTrip(fickle)).toEqual({ maybe: 1, sure: 1 });
    expect(roundTrip(fickle)).toEqual({ sure: 1 });
    expect(calls).toBe(2);
  });

  it('can be called by a getter of what it encodes', () => {
    const outer = {
      get inner() {
        return encodeData([1, 2, 3]).length;
      },
      list: [4, 5, 6, 7],
    };
    expect(roundTrip(outer)).toEqual({ inner: 4, list: [4, 5, 6, 7] });
  });

  it('keeps no memory of a large message', () => {
    const large = encodeData('x'.repeat(200_000)).buffer;
    expect(large.byteLength).toBeGreaterThan(200_000);
    expect(encodeData(1).buffer.byteLength).toBeLessThan(10_000);
    expect(encodeData(2).buffer).toBe(encodeData(3).buffer);
  });
});
