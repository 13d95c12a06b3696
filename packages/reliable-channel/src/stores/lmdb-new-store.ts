// Room on the disk before LMDB asks for it. LMDB maps its lock file into memory without making sure that the disk has room
// for it: on a full disk the first touch ends the process with SIGBUS. A database that it can not make as a whole ends it
// with a segmentation fault (both seen with lmdb 3.5.6). Neither is an error that anybody could catch, so a store is begun
// only where there is room, and its lock file is made here, of real bytes. Once it is there, a full disk is an error of one
// commit.

import { closeSync, fsyncSync, linkSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** What a new store needs to begin with: its lock file, two root pages, the first commits, what is kept for deleting. */
export const NEW_STORE_BYTES = 524_288;

/** LMDB's lock file with its 126 readers, rounded up to a page of any machine. */
const LOCK_FILE_BYTES = 16_384;

/**
 * Makes sure that LMDB has room to open the database in a folder; for one that is there already, nothing has to be made.
 *
 * @throws Error of the file system, `ENOSPC` in the first place
 */
export function prepareNewStore(folder: string): void {
  const lockFile = join(folder, 'lock.mdb');
  const hasLock = holdsBytes(lockFile);
  if (hasLock && holdsBytes(join(folder, 'data.mdb'))) return;
  const probe = join(folder, 'holdfast-room');
  try {
    fill(probe, NEW_STORE_BYTES);
  } finally {
    rmSync(probe, { force: true });
  }
  if (!hasLock) makeLockFile(lockFile);
}

/** Whether a file has anything on the disk: a file of holes has a size and no blocks. */
function holdsBytes(file: string): boolean {
  const stats = statSync(file, { throwIfNoEntry: false });
  // Windows counts no blocks, and its maps are backed from the start.
  return stats !== undefined && (process.platform === 'win32' ? stats.size : stats.blocks) > 0;
}

/** LMDB takes a lock file of zeros for a new one. It appears as a whole: another process may be opening the store. */
function makeLockFile(lockFile: string): void {
  const draft = `${lockFile}.${process.pid}`;
  try {
    fill(draft, LOCK_FILE_BYTES);
    linkSync(draft, lockFile);
  } catch (error) {
    // It is there: made by somebody else, or by an LMDB that found no room then; there is room now. A file system without
    // links (FAT) has no holes either, so there LMDB may make it.
    if (!['EEXIST', 'EPERM', 'ENOTSUP', 'ENOSYS'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function fill(file: string, bytes: number): void {
  const handle = openSync(file, 'w');
  try {
    const zeros = Buffer.alloc(4_096);
    for (let written = 0; written < bytes; ) written += writeSync(handle, zeros);
    // File systems that allocate late say only now that there is no room.
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
