// CRC-32C, the checksum of every stored record. It finds every change of one, two or three bits and every change within 32
// neighbouring bits, and it is well known: polynomial 0x1EDC6F41, lowest bit first; RFC 3720, appendix B.4, has test values.
// It guards against decay, not against people.
//
// Eight bytes are taken at a time, by eight look-ups that need not wait for one another ("slicing by 8").

/** The polynomial, lowest bit first. */
const POLYNOMIAL = 0x82f63b78;

/** Eight tables of 256. Number `n` says what a byte does to the checksum when `n` more bytes follow it. */
const TABLES = /* @__PURE__ */ makeTables();

/**
 * The CRC-32C of `bytes`, an unsigned 32-bit integer.
 *
 * @param previous - the CRC-32C of what comes before: `crc32c(b, crc32c(a))` is that of `a` and `b`, one behind the other
 */
export function crc32c(bytes: Uint8Array, previous = 0): number {
  const slicedEnd = bytes.length - (bytes.length % 8);
  let crc = ~previous;
  let at = 0;
  for (; at < slicedEnd; at += 8) {
    const low = crc ^ wordAt(bytes, at);
    const high = wordAt(bytes, at + 4);
    crc =
      effect(7, low & 0xff) ^
      effect(6, (low >>> 8) & 0xff) ^
      effect(5, (low >>> 16) & 0xff) ^
      effect(4, low >>> 24) ^
      effect(3, high & 0xff) ^
      effect(2, (high >>> 8) & 0xff) ^
      effect(1, (high >>> 16) & 0xff) ^
      effect(0, high >>> 24);
  }
  for (; at < bytes.length; at++) crc = effect(0, (crc ^ (bytes[at] as number)) & 0xff) ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** What `byte` does to the checksum when `following` more bytes, at most 7, come behind it. */
function effect(following: number, byte: number): number {
  return TABLES[256 * following + byte] as number;
}

/** Four bytes from `at` on, the first one lowest. */
function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}

function makeTables(): Int32Array {
  const tables = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ POLYNOMIAL;
    tables[byte] = crc;
  }
  for (let index = 256; index < tables.length; index++) {
    // One more zero byte behind it.
    const shorter = tables[index - 256] as number;
    tables[index] = (shorter >>> 8) ^ (tables[shorter & 0xff] as number);
  }
  return tables;
}
