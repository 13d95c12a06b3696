import { describe, expect, it } from 'vitest';
import { checkInteger, checkNumber, checkText } from '../src/option-checks.js';

const RANGE = { min: 1, max: 10 };

describe('checkInteger', () => {
  it('gives back a whole number in its range, both ends included', () => {
    for (const value of [1, 5, 10]) expect(checkInteger('size', value, RANGE)).toBe(value);
  });

  it('throws a RangeError that names the option outside of it', () => {
    for (const value of [0, 11, -1]) expect(() => checkInteger('size', value, RANGE)).toThrow(RangeError);
    expect(() => checkInteger('size', 11, RANGE)).toThrow('size must be from 1 to 10, not 11');
  });

  it('throws a TypeError for anything else', () => {
    for (const value of [1.5, Number.NaN, Number.POSITIVE_INFINITY, '5', null, undefined]) {
      expect(() => checkInteger('size', value as number, RANGE)).toThrow(TypeError);
    }
  });
});

describe('checkNumber', () => {
  it('allows fractions, and Infinity where the range does', () => {
    expect(checkNumber('wait', 1.5, RANGE)).toBe(1.5);
    const open = { min: 0, max: Number.POSITIVE_INFINITY };
    expect(checkNumber('wait', Number.POSITIVE_INFINITY, open)).toBe(Number.POSITIVE_INFINITY);
  });

  it('throws outside of the range and for what is not a number', () => {
    expect(() => checkNumber('wait', 10.1, RANGE)).toThrow(RangeError);
    expect(() => checkNumber('wait', 0.9, RANGE)).toThrow(RangeError);
    for (const value of [Number.NaN, '5', null])
      expect(() => checkNumber('wait', value as number, RANGE)).toThrow(TypeError);
  });
});

describe('checkText', () => {
  it('counts bytes, not characters', () => {
    expect(checkText('deviceId', 'ééé', 6)).toBe('ééé');
    expect(() => checkText('deviceId', 'éééx', 6)).toThrow(RangeError);
  });

  it('throws a TypeError for an empty text and for what is not a text', () => {
    for (const value of ['', 'half a pair \ud83d', 5, null, undefined]) {
      expect(() => checkText('deviceId', value as string, 6)).toThrow(TypeError);
    }
  });
});
