// How much room is asked for, with a database that the test makes up. That it is enough on a disk that is really full is
// shown in test/e2e/full-disk.test.ts.
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StoreOperation } from '../../src/core/index.js';
import { DELETE_RESERVE_BYTES, LmdbRoom, type LmdbStats } from '../../src/stores/lmdb-room.js';

const PAGE = 4_096;
const TREE = { treeDepth: 2, treeBranchPageCount: 1, treeLeafPageCount: 30, overflowPages: 0 };
const NO_TREE = { treeDepth: 0, treeBranchPageCount: 0, treeLeafPageCount: 0, overflowPages: 0 };

let folder: string;
let file: string;
let stats: LmdbStats;
let rooms: LmdbRoom[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-room-'));
  file = join(folder, 'data.mdb');
  // All pages up to the last one are used: two roots, 31 of the tree.
  stats = { pageSize: PAGE, lastPageNumber: 32, lastTxnId: 7, ...TREE, free: NO_TREE };
  writeFileSync(file, new Uint8Array(33 * PAGE).fill(1));
  rooms = [];
});

afterEach(() => {
  for (const room of rooms) room.close();
  rmSync(folder, { recursive: true });
});

function roomIn(path: string): LmdbRoom {
  const room = new LmdbRoom(path, () => stats);
  rooms.push(room);
  return room;
}

const size = (): number => statSync(file).size;
const roomPages = (): number => size() / PAGE - stats.lastPageNumber - 1;
const put = (bytes: number): StoreOperation => ({ type: 'put', key: 'k', value: new Uint8Array(bytes) });
const deletion: StoreOperation = { type: 'delete', key: 'k' };

describe('the room of a data file', () => {
  it('is made before a commit needs it, with what is kept for deleting', () => {
    roomIn(file).promise([put(100_000)]);
    expect(roomPages() * PAGE).toBeGreaterThan(100_000 + DELETE_RESERVE_BYTES);
  });

  it('is made in large pieces, so that most commits make none', () => {
    const room = roomIn(file);
    room.promise([put(100)])();
    const before = size();
    for (let count = 0; count < 10; count++) room.promise([put(100)])();
    expect(size()).toBe(before);
  });

  it('is enough for all commits under way, and is free again when they are over', () => {
    const room = roomIn(file);
    const over = Array.from({ length: 10 }, () => room.promise([put(100_000)]));
    expect(roomPages() * PAGE).toBeGreaterThan(1_000_000 + DELETE_RESERVE_BYTES);
    const before = size();
    for (const isOver of over) isOver();
    room.promise([put(100_000)]);
    expect(size()).toBe(before);
  });

  it('changes nothing of what is in the file', () => {
    roomIn(file).promise([put(100_000)]);
    expect(
      readFileSync(file)
        .subarray(0, 33 * PAGE)
        .every((byte) => byte === 1),
    ).toBe(true);
  });

  it('counts pages that are free, but not those that the latest commit gave up', () => {
    const room = roomIn(file);
    room.promise([put(100)])();
    // The next commit leaves 1,000 pages free, and the file is used up to its end.
    truncateSync(file, 1_033 * PAGE);
    stats = { ...stats, lastPageNumber: 1_032, lastTxnId: 8 };
    room.promise([deletion])();
    const grown = size();
    expect(grown).toBeGreaterThan(1_033 * PAGE);
    // One later they can be used: nothing is added, however little room is behind the last page.
    stats = { ...stats, lastPageNumber: grown / PAGE - 1, lastTxnId: 9 };
    room.promise([put(100)])();
    expect(size()).toBe(grown);
  });

  it('counts free pages only once, and not at all for a value that needs several in a row', () => {
    stats = { ...stats, lastPageNumber: 1_032 };
    truncateSync(file, 1_033 * PAGE);
    const room = roomIn(file);
    stats = { ...stats, lastTxnId: 8 };
    room.promise([put(100)]);
    expect(size()).toBe(1_033 * PAGE);
    room.promise([put(100_000)])();
    const grown = size();
    expect(grown).toBeGreaterThan(1_033 * PAGE + 100_000);
    for (let count = 0; count < 100; count++) room.promise([put(100)]);
    expect(size()).toBeGreaterThan(grown);
  });

  it.runIf(process.platform === 'linux')('is refused when the disk is full, and nothing is promised by that', () => {
    stats = { ...stats, lastPageNumber: -1 };
    const room = roomIn('/dev/full');
    for (let count = 0; count < 2; count++) {
      expect(() => room.promise([put(100)])).toThrow(expect.objectContaining({ code: 'ENOSPC' }));
    }
  });

  it('is there soon where the latest commit gave up enough, and not where nobody did or a value needs a row', () => {
    const room = roomIn(file);
    expect(room.hasRoomSoon([put(100)])).toBe(false);
    truncateSync(file, 1_033 * PAGE);
    stats = { ...stats, lastPageNumber: 1_032, lastTxnId: 8 };
    expect(room.hasRoomSoon([put(100)])).toBe(true);
    expect(room.hasRoomSoon([put(100_000)])).toBe(false);
    expect(room.hasRoomSoon(Array(1_000).fill(put(PAGE / 2)))).toBe(false);
  });

  it('is let go twice without harm', () => {
    const room = roomIn(file);
    room.close();
    room.close();
    expect(() => room.promise([put(1_000_000)])).toThrow('EBADF');
  });

  it('is never less than what LMDB takes, for commits of many kinds', async () => {
    const path = join(folder, 'real');
    const database = open<Buffer, string>({ path, noSubdir: false, encoding: 'binary', overlappingSync: false });
    const room = new LmdbRoom(join(path, 'data.mdb'), () => database.getStats() as LmdbStats);
    rooms.push(room);
    let next = 0;
    for (let round = 0; round < 300; round++) {
      const operations: StoreOperation[] = [];
      for (let count = 0; count < 1 + ((round * 7) % 23); count++) {
        const key = `k/${(next * 7_919) % 5_000}/${'x'.repeat((round * 13) % 80)}`;
        const bytes = [10, 300, 1_900, 2_100, 9_000, 70_000][(round + count) % 6] as number;
        const isDeletion = round % 3 === 2 && count % 2 === 0;
        operations.push(isDeletion ? { type: 'delete', key } : { type: 'put', key, value: Buffer.alloc(bytes, round) });
        next += 1;
      }
      const isOver = room.promise(operations);
      const promised = statSync(join(path, 'data.mdb')).size;
      await database.batch(() => {
        for (const operation of operations) {
          if (operation.type === 'put') void database.put(operation.key, Buffer.from(operation.value));
          else void database.remove(operation.key);
        }
      });
      isOver();
      expect(statSync(join(path, 'data.mdb')).size).toBe(promised);
    }
    await database.close();
  });
});
