import { describe, expect, it } from 'vitest';
import { SEAL_BYTES, sealRecord, unsealRecord } from '../src/sealed-record.js';

const KEY = 'outbox/batch/00000000000001';
const value = Uint8Array.from({ length: 40 }, (_, index) => index * 91);

describe('a sealed record', () => {
  it.each([0, 1, 7, 8, 40])('gives back %i bytes', (length) => {
    const sealed = sealRecord(KEY, value.subarray(0, length));
    expect(sealed.length).toBe(length + SEAL_BYTES);
    expect(unsealRecord(KEY, sealed)).toEqual(value.slice(0, length));
  });

  it('is a copy, also of a view into something larger', () => {
    const large = new Uint8Array(100).fill(9);
    const sealed = sealRecord(KEY, large.subarray(50, 60));
    large.fill(0);
    expect(unsealRecord(KEY, sealed)).toEqual(new Uint8Array(10).fill(9));
    const holder = new Uint8Array(33);
    holder.set(sealed, 11);
    expect(unsealRecord(KEY, holder.subarray(11, 11 + sealed.length))).toEqual(new Uint8Array(10).fill(9));
  });

  it('lies as it is written down: the value, and the CRC-32C of key and value, lowest byte first', () => {
    // 0xe3069283 is the published value for the digits 1 to 9.
    expect([...sealRecord('12345', new TextEncoder().encode('6789'))]).toEqual([
      ...new TextEncoder().encode('6789'),
      0x83,
      0x92,
      0x06,
      0xe3,
    ]);
  });

  it('does not survive the change of any bit', () => {
    const sealed = sealRecord(KEY, value);
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const damaged = sealed.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
      if (unsealRecord(KEY, damaged) !== undefined) expect.fail(`bit ${bit}`);
    }
  });

  it('does not survive being cut off anywhere, or getting a tail of zeros', () => {
    const sealed = sealRecord(KEY, value);
    for (let length = 0; length < sealed.length; length++) {
      expect(unsealRecord(KEY, sealed.subarray(0, length))).toBeUndefined();
      const zeroed = sealed.slice().fill(0, length);
      expect(unsealRecord(KEY, zeroed)).toBeUndefined();
    }
    expect(unsealRecord(KEY, Uint8Array.of(...sealed, 0))).toBeUndefined();
  });

  it.each([0, 1, 4, 8, 4_096])('is never whole when it is %i zeros', (length) => {
    expect(unsealRecord(KEY, new Uint8Array(length))).toBeUndefined();
  });

  it('does not fit under another key', () => {
    expect(unsealRecord('outbox/batch/00000000000002', sealRecord(KEY, value))).toBeUndefined();
  });
});
