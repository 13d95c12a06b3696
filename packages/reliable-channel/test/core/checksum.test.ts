import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32c } from '../../src/core/checksum.js';

const ascending = Uint8Array.from({ length: 32 }, (_, index) => index);

describe('crc32c', () => {
  // RFC 3720, appendix B.4, which prints the bytes lowest first; and the check value that catalogues of checksums give.
  it.each([
    ['nothing', new Uint8Array(), 0x00000000],
    ['the digits', new TextEncoder().encode('123456789'), 0xe3069283],
    ['32 zeros', new Uint8Array(32), 0x8a9136aa],
    ['32 ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['0 to 31', ascending, 0x46dd794e],
    ['31 to 0', ascending.slice().reverse(), 0x113fdb5c],
  ])('is as published for %s', (_, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected);
  });

  it('is the remainder of the division that defines it, bit by bit', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => crc32c(bytes) === byDivision(bytes)));
  });

  it('goes on where it was left, wherever that is', () => {
    const bytes = Uint8Array.from({ length: 61 }, (_, index) => index * 37);
    for (let cut = 0; cut <= bytes.length; cut++) {
      expect(crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut)))).toBe(crc32c(bytes));
    }
  });

  it('changes with every single bit, and with every two bits', () => {
    const bytes = Uint8Array.from({ length: 24 }, (_, index) => index * 73);
    const right = crc32c(bytes);
    const flip = (bit: number): void => {
      bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
    };
    for (let first = 0; first < bytes.length * 8; first++) {
      flip(first);
      expect(crc32c(bytes)).not.toBe(right);
      for (let second = 0; second < first; second++) {
        flip(second);
        if (crc32c(bytes) === right) expect.fail(`bits ${first} and ${second}`);
        flip(second);
      }
      flip(first);
    }
  });
});

/** The definition, without tables. */
function byDivision(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ 0x82f63b78;
  }
  return ~crc >>> 0;
}
