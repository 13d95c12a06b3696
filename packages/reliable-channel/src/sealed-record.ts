// How a checked value lies in its store: the value, then four bytes, lowest first, with the CRC-32C of key and value. The key
// is in it so that a value under the wrong key is found out as well, and so that zeros are never whole.

import { crc32c } from './core/index.js';

/** What sealing adds to a value. */
export const SEAL_BYTES = 4;

const UTF8 = new TextEncoder();

/** The value as it is stored under `key`: a copy with its seal. */
export function sealRecord(key: string, value: Uint8Array): Uint8Array {
  const sealed = new Uint8Array(value.length + SEAL_BYTES);
  sealed.set(value);
  viewOf(sealed).setUint32(value.length, sealOf(key, value), true);
  return sealed;
}

/** The value in what was stored under `key`, a view of it; or `undefined` when that is not what was written. */
export function unsealRecord(key: string, sealed: Uint8Array): Uint8Array | undefined {
  const length = sealed.length - SEAL_BYTES;
  if (length < 0) return undefined;
  const value = sealed.subarray(0, length);
  return viewOf(sealed).getUint32(length, true) === sealOf(key, value) ? value : undefined;
}

function sealOf(key: string, value: Uint8Array): number {
  return crc32c(value, crc32c(UTF8.encode(key)));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
