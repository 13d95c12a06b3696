// A look at LMDB's data file before LMDB gets it: it maps the file into memory and trusts it, so a file that is no database,
// or was cut short, ends the whole process with a segmentation fault (seen with lmdb 3.5.6).

import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';

/** LMDB's first page: where the magic number and the page size lie, little-endian (its binaries are for such machines). */
const MAGIC = 0xbeefc0de;
const MAGIC_OFFSET = 24;
const PAGE_SIZE_OFFSET = 48;
const HEADER_BYTES = 52;

/** What is wrong with the data file in a folder, or `undefined`; a folder without one is fine. */
export function lmdbFileFault(folder: string): string | undefined {
  const path = join(folder, 'data.mdb');
  if (!existsSync(path)) return undefined;
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    // A process that died while it made the file leaves it empty, which LMDB takes for a new one.
    if (size === 0) return undefined;
    const header = Buffer.alloc(HEADER_BYTES);
    readSync(file, header, 0, HEADER_BYTES, 0);
    if (header.readUInt32LE(MAGIC_OFFSET) !== MAGIC) return 'data.mdb is not a database';
    // Two pages hold the roots; without both there is nothing to begin with.
    return size < 2 * header.readUInt32LE(PAGE_SIZE_OFFSET) ? 'data.mdb has been cut short' : undefined;
  } finally {
    closeSync(file);
  }
}
