// What every store must do, whatever it is made of. A store's own test calls `describeStore` with a way to make one.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StoreOperation } from '../../src/core/index.js';
import type { Store, StoreFactory } from '../../src/store.js';

/** Where the records of a test lie. */
export interface StorePlace {
  readonly factory: StoreFactory;
  /** Removes what the test has left. */
  clear(): Promise<void>;
}

/** Every key of these tests begins so; what else lies in a store is its own. */
const PREFIX = 't/';

function key(name: string): string {
  return PREFIX + name;
}

const EVERYTHING = { from: key(''), to: key('~'), maxBytes: Number.MAX_SAFE_INTEGER };

function putBytes(name: string, value: Uint8Array): StoreOperation {
  return { type: 'put', key: key(name), value };
}

function put(name: string, ...bytes: number[]): StoreOperation {
  return putBytes(name, Uint8Array.from(bytes));
}

function remove(name: string): StoreOperation {
  return { type: 'delete', key: key(name) };
}

/** Bytes that differ from place to place, so that a shifted copy is noticed. */
function pattern(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8) + seed) & 0xff);
}

/** The names of the records between two names. */
async function namesOf(store: Store, from = '', to = '~'): Promise<string[]> {
  const entries = await store.read({ ...EVERYTHING, from: key(from), to: key(to) });
  return entries.map((entry) => entry.key.slice(PREFIX.length));
}

/** Holds a store to its port. */
export function describeStore(name: string, makePlace: () => Promise<StorePlace>): void {
  describe(`${name}, as every store,`, () => {
    let place: StorePlace;
    let store: Store;

    beforeEach(async () => {
      place = await makePlace();
      store = await place.factory.open();
    });

    afterEach(async () => {
      await store.close();
      await place.clear();
    });

    it('gives back what was put, and undefined for what was not', async () => {
      await store.commit([put('a', 1, 2, 3), put('empty')]);
      expect([...((await store.get(key('a'))) ?? [])]).toEqual([1, 2, 3]);
      expect((await store.get(key('empty')))?.length).toBe(0);
      expect(await store.get(key('b'))).toBeUndefined();
    });

    it('keeps the last of several operations on one key', async () => {
      await store.commit([put('a', 1), put('a', 2), remove('b'), put('b', 3), put('c', 4), remove('c')]);
      expect([...((await store.get(key('a'))) ?? [])]).toEqual([2]);
      expect(await namesOf(store)).toEqual(['a', 'b']);
    });

    it('takes the deletion of what is not there, and a commit of nothing', async () => {
      await store.commit([remove('never')]);
      await store.commit([]);
      expect(await namesOf(store)).toEqual([]);
    });

    it('reads in the order of the keys, whatever the order of the commits', async () => {
      await store.commit([put('b/2', 2), put('a/9', 9)]);
      await store.commit([put('b/10', 10), put('a/', 0)]);
      await store.commit([put('b', 1)]);
      expect(await namesOf(store)).toEqual(['a/', 'a/9', 'b', 'b/10', 'b/2']);
    });

    it('reads from the first bound, which belongs to the range, up to the second, which does not', async () => {
      await store.commit(['a', 'b', 'ba', 'c', 'd'].map((name) => put(name, 1)));
      expect(await namesOf(store, 'b', 'd')).toEqual(['b', 'ba', 'c']);
      expect(await namesOf(store, 'aa', 'bz')).toEqual(['b', 'ba']);
      expect(await namesOf(store, 'x', 'z')).toEqual([]);
      expect(await namesOf(store, 'b', 'b')).toEqual([]);
    });

    it('stops a read when maxBytes are there, and always reads one record', async () => {
      await store.commit(['a', 'b', 'c', 'd'].map((name) => putBytes(name, pattern(100, 1))));
      const read = async (maxBytes: number) => (await store.read({ ...EVERYTHING, maxBytes })).length;
      expect(await read(0)).toBe(1);
      expect(await read(1)).toBe(1);
      expect(await read(100)).toBe(1);
      expect(await read(101)).toBe(2);
      expect(await read(400)).toBe(4);
      expect(await read(10_000)).toBe(4);
    });

    it('gives out copies: changing them changes nothing in the store', async () => {
      for (const size of [3, 5_000, 100_000]) {
        await store.commit([putBytes('a', pattern(size, 1))]);
        (await store.get(key('a')))?.fill(0);
        (await store.read(EVERYTHING))[0]?.value.fill(0);
        expect(Buffer.compare((await store.get(key('a'))) ?? new Uint8Array(), pattern(size, 1))).toBe(0);
      }
    });

    it('gives out copies: they do not change when the store does', async () => {
      for (const size of [3, 5_000, 100_000]) {
        await store.commit([putBytes('a', pattern(size, 1))]);
        await store.commit([putBytes('b', pattern(size, 2))]);
        const got = (await store.get(key('a'))) ?? new Uint8Array();
        const [a, b] = await store.read(EVERYTHING);
        for (let round = 3; round < 8; round++) {
          await store.commit([putBytes('a', pattern(size, round))]);
          await store.get(key('b'));
        }
        for (const bytes of [got, a?.value ?? new Uint8Array()])
          expect(Buffer.compare(bytes, pattern(size, 1))).toBe(0);
        expect(Buffer.compare(b?.value ?? new Uint8Array(), pattern(size, 2))).toBe(0);
      }
    });

    it('takes a copy: what was handed over may be changed after the commit', async () => {
      const value = pattern(1_000, 1);
      await store.commit([putBytes('a', value)]);
      value.fill(0);
      expect(Buffer.compare((await store.get(key('a'))) ?? new Uint8Array(), pattern(1_000, 1))).toBe(0);
    });

    it('keeps values of a megabyte', async () => {
      const size = 1_048_576;
      await store.commit(['a', 'b', 'c'].map((name, index) => putBytes(name, pattern(size, index))));
      const entries = await store.read(EVERYTHING);
      entries.forEach(({ value }, index) => {
        expect(Buffer.compare(value, pattern(size, index))).toBe(0);
      });
      expect(Buffer.compare((await store.get(key('b'))) ?? new Uint8Array(), pattern(size, 1))).toBe(0);
    });

    it('keeps 10,000 keys in order, and loses those that are deleted', async () => {
      const names = Array.from(
        { length: 10_000 },
        (_, index) => `k/${((index * 7_919) % 10_000).toString().padStart(5, '0')}`,
      );
      await store.commit(names.map((name) => put(name, 1)));
      const sorted = [...names].sort();
      expect(await namesOf(store)).toEqual(sorted);
      await store.commit(sorted.filter((_, index) => index % 10 !== 3).map(remove));
      expect(await namesOf(store)).toEqual(sorted.filter((_, index) => index % 10 === 3));
    });

    it('applies commits that are under way at one time in the order in which they were made', async () => {
      const commits = Array.from({ length: 100 }, (_, index) =>
        store.commit([put('last', index), put(`n/${index}`, 1)]),
      );
      await Promise.all(commits);
      expect([...((await store.get(key('last'))) ?? [])]).toEqual([99]);
      expect(await namesOf(store, 'n/', 'n~')).toHaveLength(100);
    });

    it('shows all of a commit or nothing of it', async () => {
      // Every commit moves the one record to another key: a reader must always see exactly one.
      await store.commit([put('at/0', 0)]);
      let isOver = false;
      const writing = (async () => {
        for (let round = 1; round <= 200; round++)
          await store.commit([remove(`at/${round - 1}`), put(`at/${round}`, 1)]);
        isOver = true;
      })();
      while (!isOver) {
        expect(await namesOf(store, 'at/', 'at~')).toHaveLength(1);
        // A read may settle without a turn of the event loop, and the commits need turns.
        await new Promise((resolve) => setImmediate(resolve));
      }
      await writing;
    });

    it('closes when the commits under way are done, and may be closed again', async () => {
      const commit = store.commit([put('a', 1)]);
      await Promise.all([store.close(), store.close()]);
      await commit;
      await store.close();
      store = await place.factory.open();
      expect(await namesOf(store, 'a', 'b')).toEqual(['a']);
    });

    it('has everything when it is opened again', async () => {
      for (let round = 0; round < 3; round++) {
        await store.commit([put(`round/${round}`, round), putBytes('large', pattern(300_000, round))]);
        await store.close();
        store = await place.factory.open();
        expect(await namesOf(store, 'round/', 'round~')).toHaveLength(round + 1);
        expect(Buffer.compare((await store.get(key('large'))) ?? new Uint8Array(), pattern(300_000, round))).toBe(0);
      }
    });

    it('is not opened twice at one time, and the second try does not disturb the first', async () => {
      await expect(place.factory.open()).rejects.toMatchObject({ code: 'STORE_LOCKED' });
      await store.commit([put('a', 1)]);
      expect([...((await store.get(key('a'))) ?? [])]).toEqual([1]);
      await store.close();
      store = await place.factory.open();
    });
  });
}
