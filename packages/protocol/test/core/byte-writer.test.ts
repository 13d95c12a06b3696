import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteReader, ByteWriter, InvariantError, uvarLength } from '../../src/core/index.js';
import { bytesOf } from '../support/frames.js';

describe('ByteWriter', () => {
  it('writes integers in network byte order', () => {
    expect(new ByteWriter().u8(255).u32(0x01020304).u32(0xffffffff).finish()).toEqual(
      bytesOf('ff 01 02 03 04 ff ff ff ff'),
    );
  });

  it('writes texts behind their byte count', () => {
    expect(new ByteWriter().str8('aé').text('b').finish()).toEqual(bytesOf('03 61 c3 a9 62'));
  });

  it('grows from nothing and counts what it holds', () => {
    const writer = new ByteWriter(0);
    for (let value = 0; value < 300; value++) writer.u8(value & 0xff);
    writer.bytes(new Uint8Array(1_000));
    expect(writer.length).toBe(1_300);
    expect(writer.finish()).toHaveLength(1_300);
  });

  it('changes four bytes that were written before, and nothing else', () => {
    const writer = new ByteWriter().u8(1).u32(0).u8(2);
    expect(writer.patchU32(1, 0xa0b0c0d0).length).toBe(6);
    expect(writer.finish()).toEqual(bytesOf('01 a0 b0 c0 d0 02'));
  });

  it('writes every uvar in as many bytes as uvarLength says, for the reader to read back', () => {
    fc.assert(
      fc.property(fc.oneof(fc.maxSafeNat(), fc.nat(20_000)), (value) => {
        const bytes = new ByteWriter(0).uvar(value).finish();
        expect(bytes).toHaveLength(uvarLength(value));
        expect(new ByteReader(bytes).uvar('n')).toBe(value);
      }),
    );
    for (let bits = 7; bits <= 49; bits += 7) {
      expect(uvarLength(2 ** bits - 1)).toBe(bits / 7);
      expect(uvarLength(2 ** bits)).toBe(bits / 7 + 1);
    }
  });

  it('takes a value that does not fit its field for a bug', () => {
    const writer = new ByteWriter();
    for (const value of [-1, 256, 0.5, Number.NaN]) expect(() => writer.u8(value)).toThrow(InvariantError);
    for (const value of [-1, 2 ** 32, 0.5, Number.NaN]) expect(() => writer.u32(value)).toThrow(InvariantError);
    for (const value of [-1, 2 ** 53, 0.5, Number.NaN]) expect(() => writer.uvar(value)).toThrow(InvariantError);
    expect(() => writer.str8('x'.repeat(256))).toThrow(InvariantError);
    expect(() => writer.str8('ééé', 5)).toThrow(InvariantError);
    expect(writer.length).toBe(0);
  });
});
