import { decodeData, encodeData, isHoldfastError } from '@holdfast/protocol';
import { describe, expect, test } from 'vitest';
import { toSquirrelData } from '../../src/impos/squirrel-data.js';

const roundTrip = (data: unknown): unknown => {
  const decoded = decodeData(encodeData(toSquirrelData(data)).slice());
  return 'value' in decoded ? decoded.value : decoded;
};

describe('toSquirrelData', () => {
  test.each([
    [null],
    [true],
    [false],
    [0],
    [1],
    [-1],
    [0.5],
    [4.2],
    [2 ** 31 - 1],
    ['safe, also with ü and 💧'],
    [''],
    [new Uint8Array([0, 255])],
    [[]],
    [[1, [2, [null]]]],
    [{}],
    [{ a: 1, 'with space': { b: [true, 'x'], blob: new Uint8Array(3) } }],
  ])('S42 %j arrives as it was sent', (data) => {
    expect(roundTrip(data)).toEqual(data);
  });

  test.each([
    ['a\0b', [0x61, 0, 0x62]],
    ['\0', [0]],
    ['ü\0', [0xc3, 0xbc, 0]],
    ['\ud800', [0xed, 0xa0, 0x80]],
    ['x\udfffy', [0x78, 0xed, 0xbf, 0xbf, 0x79]],
  ])('S43 the unsafe string %j arrives as a blob', (text, bytes) => {
    expect(roundTrip(text)).toEqual(new Uint8Array(bytes));
    expect(roundTrip({ deep: [text] })).toEqual({ deep: [new Uint8Array(bytes)] });
  });

  test.each([
    [() => 1],
    [Symbol('s')],
    [1n],
    [new (class Pump {})()],
    [new Map([[1, 2]])],
    [new Date(0)],
    [[1, () => 1]],
    [{ a: { b: Symbol('s') } }],
  ])('S44 %s is refused', (data) => {
    expect(() => roundTrip(data)).toThrow(expect.objectContaining({ code: 'DATA_NOT_SERIALISABLE' }));
  });

  test.each([['a\0'], ['\ud800']])('S44 a table with the key %j is refused', (key) => {
    expect(() => toSquirrelData([{ [key]: 1 }])).toThrow(expect.objectContaining({ code: 'DATA_NOT_SERIALISABLE' }));
  });

  test('S44 a key that would reach a prototype is refused', () => {
    expect(() => roundTrip(JSON.parse('{"__proto__":{"x":1}}'))).toThrow(
      expect.objectContaining({ code: 'DATA_UNSAFE_KEY' }),
    );
  });

  test('data that is far too large or too deep ends in an error, not in hours', () => {
    let twice: unknown = 'x';
    for (let depth = 0; depth < 30; depth++) twice = [twice, twice];
    let deep: unknown[] = [];
    for (let depth = 0; depth < 10_000; depth++) deep = [deep];
    const cycle: unknown[] = [];
    cycle.push(cycle);
    for (const data of [twice, deep, cycle]) {
      let error: unknown;
      try {
        roundTrip(data);
      } catch (caught) {
        error = caught;
      }
      expect(isHoldfastError(error)).toBe(true);
    }
  });
});
