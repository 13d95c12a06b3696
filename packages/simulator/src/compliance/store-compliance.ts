// What every store must do, whatever it is made of: the port of @holdfast/reliable-channel as a suite of tests. What only
// some stores can do, such as surviving kill -9, is for their own tests.

import type { Store, StoreFactory } from '@holdfast/reliable-channel';
import {
  assertBytes,
  assertEqual,
  assertRejects,
  assertTrue,
  ComplianceError,
  hasCode,
  nextTurn,
  pattern,
} from './assertions.js';
import { EVERYTHING, key, namesOf, ORDERED_NAMES, put, putBytes, remove, STRANGE_NAMES } from './store-records.js';
import type { TestRunner } from './test-runner.js';

/** Where the records of one test lie. */
export interface StorePlace {
  /** Opens the store in this place; always the same one, with what was committed. It is empty in the beginning. */
  readonly factory: StoreFactory;
  /** Removes what the test has left; the store is closed by then. */
  clear?(): Promise<void> | void;
}

/** What `describeStoreCompliance` needs. */
export interface StoreComplianceOptions {
  /** The name of the store in the names of tests: `the LMDB store`. */
  readonly name: string;
  readonly runner: TestRunner;
  /** Makes an empty place for one test. */
  makeStore(): Promise<StorePlace> | StorePlace;
}

/** Holds a store to its port: registers about twenty-five tests with the runner. */
export function describeStoreCompliance({ name, runner, makeStore }: StoreComplianceOptions): void {
  const { describe, test, beforeEach, afterEach } = runner;
  describe(`${name}, as every store,`, () => {
    let place: StorePlace;
    let store: Store;

    const reopen = async (): Promise<void> => {
      await store.close();
      store = await place.factory.open();
    };

    beforeEach(async () => {
      place = await makeStore();
      store = await place.factory.open();
    });

    afterEach(async () => {
      await store.close();
      await place.clear?.();
    });

    test('has a name for people, and says whether it is durable', async () => {
      assertTrue(place.factory.name.trim() !== '', 'the name is not empty');
      assertTrue(typeof store.isDurable === 'boolean', 'isDurable is true or false');
    });

    test('gives back what was put, and undefined for what was not', async () => {
      await store.commit([put('a', 1, 2, 3), put('empty')]);
      assertBytes(await store.get(key('a')), Uint8Array.of(1, 2, 3), 'a');
      assertBytes(await store.get(key('empty')), new Uint8Array(), 'an empty value');
      for (const name of ['b', 'a/', 'A', '']) {
        assertTrue((await store.get(key(name))) === undefined, `nothing was put under ${name}`);
      }
    });

    test('keeps the last of several operations on one key', async () => {
      await store.commit([put('a', 1), put('a', 2), remove('b'), put('b', 3), put('c', 4), remove('c')]);
      assertBytes(await store.get(key('a')), Uint8Array.of(2), 'a');
      assertEqual(await namesOf(store), ['a', 'b'], 'what is left');
    });

    test('replaces a value by a longer, a shorter and an empty one', async () => {
      for (const size of [10, 10_000, 1, 0, 5_000]) {
        await store.commit([putBytes('a', pattern(size, size))]);
        assertBytes(await store.get(key('a')), pattern(size, size), `${size} bytes`);
      }
      assertEqual(await namesOf(store), ['a'], 'keys');
    });

    test('takes the deletion of what is not there, and a commit of nothing', async () => {
      await store.commit([remove('never')]);
      await store.commit([]);
      assertEqual(await namesOf(store), [], 'what is there');
    });

    test('forgets what was deleted, and takes it again', async () => {
      await store.commit([put('a', 1), put('b', 2)]);
      await store.commit([remove('a')]);
      assertTrue((await store.get(key('a'))) === undefined, 'a is deleted');
      await reopen();
      assertEqual(await namesOf(store), ['b'], 'after it was opened again');
      await store.commit([put('a', 3)]);
      assertBytes(await store.get(key('a')), Uint8Array.of(3), 'a');
    });

    test('reads in the order of the keys, whatever the order of the commits', async () => {
      await store.commit([put('b/2', 2), put('a/9', 9)]);
      await store.commit([put('b/10', 10), put('a/', 0)]);
      await store.commit([put('b', 1)]);
      assertEqual(await namesOf(store), ['a/', 'a/9', 'b', 'b/10', 'b/2'], 'order');
    });

    test('orders keys by their characters, not as a dictionary would', async () => {
      await store.commit([...ORDERED_NAMES].reverse().map((name) => put(name, 1)));
      assertEqual(await namesOf(store, '', '\ud7ff'), ORDERED_NAMES, 'order');
    });

    test('keeps keys of every script apart, also those that look alike', async () => {
      await store.commit(STRANGE_NAMES.map((name, index) => put(name, index)));
      await reopen();
      for (const [index, name] of STRANGE_NAMES.entries()) {
        assertBytes(await store.get(key(name)), Uint8Array.of(index), JSON.stringify(name));
      }
      assertEqual((await store.read({ ...EVERYTHING, to: 'u' })).length, STRANGE_NAMES.length, 'number of keys');
    });

    test('takes keys of a thousand characters', async () => {
      const long = 'k'.repeat(1_000);
      await store.commit([put(`${long}2`, 2), put(`${long}1`, 1)]);
      assertBytes(await store.get(key(`${long}2`)), Uint8Array.of(2), 'the second');
      assertEqual(await namesOf(store, long), [`${long}1`, `${long}2`], 'order');
    });

    test('reads from the first bound, which belongs to the range, up to the second, which does not', async () => {
      await store.commit(['a', 'b', 'ba', 'c', 'd'].map((name) => put(name, 1)));
      assertEqual(await namesOf(store, 'b', 'd'), ['b', 'ba', 'c'], 'bounds that are there');
      assertEqual(await namesOf(store, 'aa', 'bz'), ['b', 'ba'], 'bounds that are not there');
      assertEqual(await namesOf(store, 'b\0', 'd'), ['ba', 'c'], 'from behind a key');
      assertEqual(await namesOf(store, 'x', 'z'), [], 'where nothing is');
      assertEqual(await namesOf(store, 'b', 'b'), [], 'between a key and itself');
      assertEqual(await namesOf(store, 'd', 'a'), [], 'from a higher bound to a lower one');
    });

    test('stops a read when maxBytes are there, and always reads one record', async () => {
      await store.commit(['a', 'b', 'c', 'd'].map((name) => putBytes(name, pattern(100, 1))));
      const read = async (maxBytes: number) => (await store.read({ ...EVERYTHING, maxBytes })).length;
      for (const [maxBytes, count] of [
        [0, 1],
        [1, 1],
        [100, 1],
        [101, 2],
        [200, 2],
        [400, 4],
        [10_000, 4],
      ] as const) {
        assertEqual(await read(maxBytes), count, `records within ${maxBytes} bytes`);
      }
    });

    test('can be read to its end piece by piece', async () => {
      const names = Array.from({ length: 257 }, (_, index) => `${1_000 + index}`);
      await store.commit(names.map((name, index) => putBytes(name, pattern(index % 50, index))));
      const seen: string[] = [];
      for (let from = EVERYTHING.from; ; from = `${seen.at(-1)}\0`) {
        const entries = await store.read({ ...EVERYTHING, from, maxBytes: 120 });
        if (entries.length === 0) break;
        for (const entry of entries) seen.push(entry.key);
      }
      assertEqual(seen, names.map(key), 'keys');
    });

    test('gives out copies: changing them changes nothing in the store', async () => {
      for (const size of [3, 5_000, 100_000]) {
        await store.commit([putBytes('a', pattern(size, 1))]);
        (await store.get(key('a')))?.fill(0);
        (await store.read(EVERYTHING))[0]?.value.fill(0);
        assertBytes(await store.get(key('a')), pattern(size, 1), `${size} bytes`);
      }
    });

    test('gives out copies: they do not change when the store does', async () => {
      for (const size of [3, 5_000, 100_000]) {
        await store.commit([putBytes('a', pattern(size, 1))]);
        await store.commit([putBytes('b', pattern(size, 2))]);
        const got = await store.get(key('a'));
        const [a, b] = await store.read(EVERYTHING);
        for (let round = 3; round < 8; round++) {
          await store.commit([putBytes('a', pattern(size, round))]);
          await store.get(key('b'));
        }
        assertBytes(got, pattern(size, 1), `${size} bytes of a get`);
        assertBytes(a?.value, pattern(size, 1), `${size} bytes of a read`);
        assertBytes(b?.value, pattern(size, 2), `${size} bytes behind them`);
      }
    });

    test('takes a copy: what was handed over may be changed after the commit', async () => {
      const value = pattern(1_000, 1);
      await store.commit([putBytes('a', value)]);
      value.fill(0);
      assertBytes(await store.get(key('a')), pattern(1_000, 1), 'a');
    });

    test('takes views into something larger, and nothing around them', async () => {
      const large = pattern(1_000, 1);
      await store.commit([putBytes('a', large.subarray(100, 110)), putBytes('b', large.subarray(500, 500))]);
      assertBytes(await store.get(key('a')), large.slice(100, 110), 'a');
      assertBytes(await store.get(key('b')), new Uint8Array(), 'b');
    });

    test('keeps values of a megabyte', async () => {
      const size = 1_048_576;
      await store.commit(['a', 'b', 'c'].map((name, index) => putBytes(name, pattern(size, index))));
      const entries = await store.read(EVERYTHING);
      for (const [index, entry] of entries.entries()) assertBytes(entry.value, pattern(size, index), entry.key);
      assertBytes(await store.get(key('b')), pattern(size, 1), 'b');
    });

    test('keeps 10,000 keys in order, and loses those that are deleted', async () => {
      const numbers = Array.from({ length: 10_000 }, (_, index) => (index * 7_919) % 10_000);
      const names = numbers.map((number) => `k/${number.toString().padStart(5, '0')}`);
      await store.commit(names.map((name) => put(name, 1)));
      const sorted = [...names].sort();
      assertEqual(await namesOf(store), sorted, 'keys');
      const isKept = (_: string, index: number): boolean => index % 10 === 3;
      await store.commit(sorted.filter((name, index) => !isKept(name, index)).map(remove));
      assertEqual(await namesOf(store), sorted.filter(isKept), 'what is left');
    });

    test('applies commits that are under way at one time in the order in which they were made', async () => {
      const commits = Array.from({ length: 100 }, (_, index) =>
        store.commit([put('last', index), put(`n/${index}`, 1)]),
      );
      await Promise.all(commits);
      assertBytes(await store.get(key('last')), Uint8Array.of(99), 'last');
      assertEqual((await namesOf(store, 'n/', 'n0')).length, 100, 'number of records');
    });

    test('answers a get behind a commit with what that has put', async () => {
      for (let round = 0; round < 50; round++) {
        await store.commit([put('a', round)]);
        assertBytes(await store.get(key('a')), Uint8Array.of(round), 'get');
        assertBytes((await store.read(EVERYTHING))[0]?.value, Uint8Array.of(round), 'read');
      }
    });

    test('shows all of a commit or nothing of it', async () => {
      // Every commit moves the one record to another key: a reader must always see exactly one.
      await store.commit([put('at/0', 0)]);
      let isOver = false;
      const writing = (async () => {
        for (let round = 1; round <= 200; round++) {
          await store.commit([remove(`at/${round - 1}`), put(`at/${round}`, 1)]);
        }
      })().finally(() => {
        isOver = true;
      });
      const seen = new Set<number>();
      while (!isOver) {
        seen.add((await namesOf(store, 'at/', 'at0')).length);
        // A read may settle without a turn of the event loop, and the commits need turns.
        await nextTurn();
      }
      await writing;
      assertEqual([...seen], [1], 'numbers of records seen');
    });

    test('closes when the commits under way are done, and may be closed again', async () => {
      const commit = store.commit([put('a', 1)]);
      await Promise.all([store.close(), store.close()]);
      await commit;
      await store.close();
      store = await place.factory.open();
      assertEqual(await namesOf(store), ['a'], 'what is there');
    });

    test('refuses everything once it is closed, and leaves the one that was opened since alone', async () => {
      const old = store;
      await reopen();
      await assertRejects(old.commit([put('a', 1)]), hasCode('STORE_FAILED'), 'commit');
      await assertRejects(old.get(key('a')), hasCode('STORE_FAILED'), 'get');
      await assertRejects(old.read(EVERYTHING), hasCode('STORE_FAILED'), 'read');
      await old.close();
      await assertRejects(place.factory.open(), hasCode('STORE_LOCKED'), 'a second open');
      await store.commit([put('b', 2)]);
      assertEqual(await namesOf(store), ['b'], 'what is there');
    });

    test('has everything when it is opened again', async () => {
      for (let round = 0; round < 3; round++) {
        await store.commit([put(`round/${round}`, round), putBytes('large', pattern(300_000, round))]);
        await reopen();
        assertEqual((await namesOf(store, 'round/', 'round0')).length, round + 1, 'number of records');
        assertBytes(await store.get(key('large')), pattern(300_000, round), 'a large one');
      }
    });

    test('is not opened twice at one time, and the second try does not disturb the first', async () => {
      await assertRejects(place.factory.open(), hasCode('STORE_LOCKED'), 'a second open');
      await store.commit([put('a', 1)]);
      assertBytes(await store.get(key('a')), Uint8Array.of(1), 'a');
      await reopen();
    });

    test('is opened by one of several who try at once', async () => {
      await store.close();
      const tries = await Promise.allSettled([1, 2, 3].map(() => place.factory.open()));
      const opened = tries.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
      const failures = tries.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
      const [first] = opened;
      if (first === undefined) throw new ComplianceError('nobody could open the store');
      store = first;
      assertEqual([opened.length, failures.filter(hasCode('STORE_LOCKED')).length], [1, 2], 'opened and locked out');
    });
  });
}
