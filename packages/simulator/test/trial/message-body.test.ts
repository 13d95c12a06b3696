import { expect, test } from 'vitest';
import { contentHash, makeData, numberOf, numbersIn } from '../../src/trial/message-body.js';

test('data is the same for the same number, and tells its number', () => {
  expect(makeData(12, 100)).toEqual(makeData(12, 100));
  expect(makeData(12, 100)).not.toEqual(makeData(13, 100));
  expect([numberOf(makeData(12, 100)), makeData(12, 100).body.length]).toEqual([12, 100]);
});

test.each([null, 'x', {}, { label: 3, body: new Uint8Array(1) }, { label: '<trial message 1>' }])(
  '%j is no data of a trial',
  (data) => {
    expect([numberOf(data), contentHash(data)]).toEqual([-1, 'garbage']);
  },
);

test('the hash tells every change of a byte, a cut, and another number', () => {
  const { label, body } = makeData(12, 64);
  const hashes = new Set([contentHash({ label, body }), contentHash({ label, body: body.slice(1) })]);
  hashes.add(contentHash({ label: '<trial message 13>', body }));
  for (let index = 0; index < body.length; index += 1) {
    hashes.add(contentHash({ label, body: body.map((byte, at) => (at === index ? byte ^ 1 : byte)) }));
  }
  expect(hashes.size).toBe(3 + body.length);
});

test('numbers are found in bytes, wherever they are', () => {
  const bytes = Buffer.from('..<trial message 7>\0\xff<trial message 123><trial message', 'latin1');
  expect(numbersIn(bytes)).toEqual([7, 123]);
  expect(numbersIn(bytes.subarray(3))).toEqual([123]);
  expect(numbersIn(new Uint8Array(0))).toEqual([]);
});
