// Room in LMDB's data file before a commit needs it. When a write of LMDB's finds the disk full, lmdb 3.5.6 puts the reason
// into too small a piece of memory and may end the process (seen as "malloc(): invalid next size"). So LMDB never meets a full
// disk: the file is made longer here, with zeros, before a commit could do it, and a commit for which that is not possible is
// refused. LMDB itself does not mind: how far the file is used stands in its root pages.
//
// A part of the room is kept for commits that delete. Deleting needs pages too, since LMDB overwrites nothing, and an outbox
// that can not delete would stay full for ever. Pages that are free already count as room, unless they were given up by the
// latest commit, which LMDB does not touch yet, or a value needs several in a row.
//
// File systems that never overwrite in place (Btrfs, ZFS, APFS) promise nothing for room inside a file.

import { closeSync, fstatSync, openSync, writeSync } from 'node:fs';
import type { StoreOperation } from '../core/index.js';

/** So much is added at a time, when the disk has it. */
const GROW_BYTES = 262_144;

/** What only commits that delete may use; the largest message fits into it once other pages are free. */
export const DELETE_RESERVE_BYTES = 327_680;

/** Pages of a commit that depend on neither its records nor the tree: its list of free pages, mostly. */
const BASE_PAGES = 16;

/** A commit that puts no more than this and deletes something makes room. */
const RELIEF_MAX_BYTES = 1_024;

/** What LMDB adds to a key and its value in a page, at most. */
const NODE_OVERHEAD_BYTES = 32;

const ZEROS = Buffer.alloc(65_536);

/** What must be known of a database, as lmdb tells it: the tree of records, and the tree of free pages. */
export interface LmdbStats extends TreeStats {
  readonly pageSize: number;
  readonly lastPageNumber: number;
  readonly lastTxnId: number;
  readonly free: TreeStats;
}

interface TreeStats {
  readonly treeDepth: number;
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
}

/** Pages that a commit takes at most: anywhere, and several in a row; and those that have to be left behind it. */
interface Need {
  readonly single: number;
  readonly reserve: number;
  readonly inRow: number;
}

/** How many pages were free behind a commit, and how many have been promised since. */
interface Measure {
  readonly txnId: number;
  readonly freePages: number;
  promisedSince: number;
}

/** The room in one data file. */
export class LmdbRoom {
  readonly #file: number;
  readonly #stats: () => LmdbStats;
  /** Pages that commits under way may take. */
  #promisedPages = 0;
  /** Ascending; the first one is old enough to be counted on, or all there is. */
  readonly #measures: Measure[] = [];
  #isClosed = false;

  /** @param stats - how the database stands behind the latest commit */
  constructor(path: string, stats: () => LmdbStats) {
    this.#file = openSync(path, 'r+');
    this.#stats = stats;
    this.#measure(stats());
  }

  /**
   * Makes sure that a commit finds room. Returns the function to call when the commit is over.
   *
   * @param mayUseReserve - whether it may use what is kept for commits that delete something
   * @throws Error of the file system, such as `ENOSPC`; nothing must be committed then
   */
  promise(operations: readonly StoreOperation[], { mayUseReserve = isRelief(operations) } = {}): () => void {
    const stats = this.#stats();
    this.#measure(stats);
    const need = needOf(operations, stats, mayUseReserve);
    this.#grow(this.#bytesFor(need, this.#usablePages(stats), stats));
    const pages = need.single + need.inRow;
    this.#promisedPages += pages;
    for (const measure of this.#measures) measure.promisedSince += pages;
    return () => {
      this.#promisedPages -= pages;
    };
  }

  /** Whether a commit that finds no room now would find it after another, small one: in the pages that the latest gave up. */
  hasRoomSoon(operations: readonly StoreOperation[]): boolean {
    const stats = this.#stats();
    const usablePages = Math.max(0, freePagesOf(stats) - BASE_PAGES - stats.treeDepth);
    const need = needOf(operations, stats, isRelief(operations));
    return fstatSync(this.#file).size >= this.#bytesFor(need, usablePages, stats);
  }

  /** How long the file has to be. */
  #bytesFor({ single, reserve, inRow }: Need, usablePages: number, { lastPageNumber, pageSize }: LmdbStats): number {
    const behind = this.#promisedPages + inRow + Math.max(0, single + reserve - usablePages);
    return (lastPageNumber + 1 + behind) * pageSize;
  }

  #measure(stats: LmdbStats): void {
    const txnId = stats.lastTxnId;
    if (this.#measures.at(-1)?.txnId === txnId) return;
    this.#measures.push({ txnId, freePages: freePagesOf(stats), promisedSince: 0 });
    while ((this.#measures[1]?.txnId ?? txnId) < txnId) this.#measures.shift();
  }

  /** Free pages that the next commit can have for sure. */
  #usablePages(stats: LmdbStats): number {
    const measure = this.#measures[0];
    if (measure === undefined || measure.txnId >= stats.lastTxnId) return 0;
    return Math.max(0, measure.freePages - measure.promisedSince);
  }

  /** Lets the file go. Idempotent. */
  close(): void {
    if (!this.#isClosed) closeSync(this.#file);
    this.#isClosed = true;
  }

  /** Makes the file that long, or longer. */
  #grow(bytes: number): void {
    let size = fstatSync(this.#file).size;
    if (size >= bytes) return;
    const wanted = Math.max(bytes, size + GROW_BYTES);
    try {
      while (size < wanted) size += writeSync(this.#file, ZEROS, 0, Math.min(ZEROS.length, wanted - size), size);
    } catch (error) {
      // What was written before is enough now and then.
      if (fstatSync(this.#file).size < bytes) throw error;
    }
  }
}

/** Pages in the file that hold nothing. */
function freePagesOf({ lastPageNumber, free, ...records }: LmdbStats): number {
  // Two pages hold the roots.
  return Math.max(0, lastPageNumber - 1 - pagesOf(records) - pagesOf(free));
}

function pagesOf(tree: Omit<TreeStats, 'treeDepth'>): number {
  return tree.treeBranchPageCount + tree.treeLeafPageCount + tree.overflowPages;
}

function needOf(operations: readonly StoreOperation[], stats: LmdbStats, mayUseReserve: boolean): Need {
  const { pageSize, treeDepth, treeBranchPageCount, treeLeafPageCount, free } = stats;
  let valuePages = 0;
  let inRow = 0;
  let nodeBytes = 0;
  for (const operation of operations) {
    if (operation.type !== 'put') continue;
    // Three bytes of UTF-8 for a character, at most.
    const bytes = operation.key.length * 3 + operation.value.length + NODE_OVERHEAD_BYTES;
    const pages = Math.ceil(bytes / pageSize);
    nodeBytes += Math.min(bytes, pageSize / 2);
    if (pages > 1) inRow += pages;
    else valuePages += 1;
  }
  const count = operations.length;
  // Every page on the way to a record is copied, once; pages that are split stay half empty.
  const copied = Math.min(count, treeLeafPageCount) + Math.min(count * treeDepth, treeBranchPageCount);
  const split = 2 * Math.ceil((2 * nodeBytes) / pageSize);
  // Eight bytes for each page that is given up: copies, and up to 64 pages of a record that is deleted or replaced.
  const listed = Math.ceil(((copied + 64 * count) * 8) / pageSize) + pagesOf(free);
  const reserve = mayUseReserve ? 0 : Math.ceil(DELETE_RESERVE_BYTES / pageSize);
  return { single: BASE_PAGES + treeDepth + copied + split + valuePages + listed, reserve, inRow };
}

function isRelief(operations: readonly StoreOperation[]): boolean {
  let putBytes = 0;
  let deletes = 0;
  for (const operation of operations) {
    if (operation.type === 'put') putBytes += operation.value.length;
    else deletes += 1;
  }
  return deletes > 0 && putBytes <= RELIEF_MAX_BYTES;
}
