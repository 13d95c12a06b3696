// The table that survives what a program does not: restarts, sleep and snooze. It is kept as bytes in between, so that a new
// life of the program can not hold on to anything of the one before.

import { decodeData, encodeData } from '@holdfast/protocol';

/** The most that survives, in bytes. */
export const NV_MAX_BYTES = 4_096;

const utf8 = new TextEncoder();

/** An entry that could not be kept. */
export interface LostEntry {
  readonly key: string;
  readonly detail: string;
}

/** The `nv` of a device over all lives of its program. */
export class Nv {
  #kept = new Map<string, Uint8Array>();

  /** A fresh table with what has been kept. */
  open(): Record<string, unknown> {
    const entries = [...this.#kept].map(([key, bytes]): [string, unknown] => {
      const data = decodeData(bytes);
      return [key, 'value' in data ? data.value : null];
    });
    return Object.fromEntries(entries);
  }

  /** Keeps the entries of a table, first come, first kept; returns those that can not be. */
  keep(table: Record<string, unknown>): LostEntry[] {
    const kept = new Map<string, Uint8Array>();
    const lost: LostEntry[] = [];
    let usedBytes = 0;
    for (const key of Object.keys(table)) {
      const bytes = encoded(table, key);
      const size = typeof bytes === 'string' ? 0 : utf8.encode(key).length + bytes.length;
      if (typeof bytes === 'string') lost.push({ key, detail: bytes });
      else if (usedBytes + size > NV_MAX_BYTES) lost.push({ key, detail: `nv holds at most ${NV_MAX_BYTES} bytes` });
      else {
        kept.set(key, bytes);
        usedBytes += size;
      }
    }
    this.#kept = kept;
    return lost;
  }
}

/** The bytes of an entry's value, or why it has none. Reading it runs code of the program when it is a getter. */
function encoded(table: Record<string, unknown>, key: string): Uint8Array | string {
  try {
    return encodeData(table[key]).slice();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
