// What impOS can send: null, booleans, numbers, blobs, safe strings, arrays of these, and tables of these whose keys are safe
// strings (developer.electricimp.com, "serialisation"). A string is safe when it is UTF-8 without NUL; an unsafe one arrives
// as a blob of its bytes. Everything else is refused before a byte of the message is in the send buffer.

import { HoldfastError } from '@holdfast/protocol';
import { hasLoneSurrogate, MESSAGE_MAX_BYTES, NESTING_MAX_DEPTH } from '@holdfast/protocol/core';

/**
 * The data as the other end gets it: unsafe strings have become blobs. Functions, instances and the like are left for the
 * codec, which refuses them and names where they are.
 *
 * @throws HoldfastError `DATA_NOT_SERIALISABLE` when a table has an unsafe key
 */
export function toSquirrelData(data: unknown): unknown {
  // Data that takes more steps than a message has bytes is too large; the codec says so.
  return new Conversion(MESSAGE_MAX_BYTES).convert(data, 0);
}

class Conversion {
  #leftSteps: number;

  constructor(stepsMax: number) {
    this.#leftSteps = stepsMax;
  }

  convert(value: unknown, depth: number): unknown {
    this.#leftSteps -= 1;
    if (typeof value === 'string') return isSafe(value) ? value : bytesOf(value);
    if (typeof value !== 'object' || value === null || depth > NESTING_MAX_DEPTH || this.#leftSteps < 0) return value;
    if (Array.isArray(value)) return value.map((entry) => this.convert(entry, depth + 1));
    return isTable(value) ? this.#table(value, depth) : value;
  }

  #table(table: object, depth: number): object {
    const converted: [string, unknown][] = [];
    for (const [key, entry] of Object.entries(table)) {
      if (!isSafe(key)) {
        const message = `the key ${JSON.stringify(key)} is no safe string; keys are UTF-8 without NUL`;
        throw new HoldfastError('DATA_NOT_SERIALISABLE', message);
      }
      converted.push([key, this.convert(entry, depth + 1)]);
    }
    // Not by assignment: a key such as __proto__ must reach the codec, which refuses it.
    return Object.fromEntries(converted);
  }
}

function isTable(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function isSafe(text: string): boolean {
  return !text.includes('\0') && !hasLoneSurrogate(text);
}

/** The bytes of a text: UTF-8, in which half a surrogate pair is written like any other code point, so nothing is lost. */
function bytesOf(text: string): Uint8Array {
  if (!hasLoneSurrogate(text)) return new TextEncoder().encode(text);
  const parts = [...text].map((character) => {
    const code = character.codePointAt(0) as number;
    if (code < 0xd800 || code > 0xdfff) return new TextEncoder().encode(character);
    return Uint8Array.of(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f));
  });
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
