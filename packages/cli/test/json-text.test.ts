import { expect, it } from 'vitest';
import { jsonText } from '../src/json-text.js';

it('writes what JSON has no form for', () => {
  const value = { bytes: new Uint8Array([255]), big: 12n, not: Number.NaN, far: -Infinity, list: [1, 'a', null, true] };
  expect(jsonText(value)).toBe('{"bytes":"/w==","big":"12","not":"NaN","far":"-Infinity","list":[1,"a",null,true]}');
  expect(jsonText({ a: 1 }, 2)).toBe('{\n  "a": 1\n}');
});
