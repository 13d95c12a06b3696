import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import { beforeEach, describe, expect, it } from 'vitest';
import { CheckedStore, type QuarantinedRecord } from '../src/checked-store.js';
import { QUARANTINE_MAX_RECORDS } from '../src/quarantine.js';
import type { Store } from '../src/store.js';
import { lmdbStore } from '../src/stores/lmdb.js';
import { memoryStore } from '../src/stores/memory.js';

const ALL = Number.MAX_SAFE_INTEGER;
const EVERYTHING = { from: 't/', to: 't0', maxBytes: ALL };

let inner: Store;
let store: CheckedStore;
let told: QuarantinedRecord[];

function check(unchecked: Store): CheckedStore {
  told = [];
  const checked = new CheckedStore(unchecked);
  checked.observe((record) => told.push(record));
  return checked;
}

beforeEach(async () => {
  inner = await memoryStore().open();
  store = check(inner);
});

async function put(name: string, ...bytes: number[]): Promise<void> {
  await store.commit([{ type: 'put', key: `t/${name}`, value: Uint8Array.from(bytes) }]);
}

/** Changes the stored bytes of a record behind the back of the checked store. */
async function damage(name: string, change: (bytes: Uint8Array) => Uint8Array = flipFirst): Promise<Uint8Array> {
  const bytes = change((await inner.get(`t/${name}`)) ?? new Uint8Array());
  await inner.commit([{ type: 'put', key: `t/${name}`, value: bytes }]);
  return bytes;
}

function flipFirst(bytes: Uint8Array): Uint8Array {
  bytes[0] = (bytes[0] as number) ^ 1;
  return bytes;
}

async function namesOf(range = EVERYTHING): Promise<string[]> {
  return (await store.read(range)).map(({ key }) => key.slice(2));
}

describe('a damaged record', () => {
  it('is left out, told and set aside with one commit, and the rest is used', async () => {
    for (const name of ['a', 'b', 'c']) await put(name, 1, 2, 3);
    const found = await damage('b');
    expect(await namesOf()).toEqual(['a', 'c']);
    expect(told).toEqual([{ key: 't/b', detail: 'the checksum does not fit (7 bytes); it is kept as quarantine/t/b' }]);
    expect(store.quarantinedCount).toBe(1);
    expect(await inner.get('quarantine/t/b')).toEqual(found);
    expect(await inner.get('t/b')).toBeUndefined();
    // Once is enough.
    expect(await namesOf()).toEqual(['a', 'c']);
    expect(told).toHaveLength(1);
  });

  it('is told apart from one that was never there, in this run and the next', async () => {
    await put('a', 1);
    await damage('a');
    for (const key of ['t/a', 't/b']) expect(await store.get(key)).toBeUndefined();
    expect([await store.isQuarantined('t/a'), await store.isQuarantined('t/b')]).toEqual([true, false]);
    store = check(inner);
    expect(await store.get('t/a')).toBeUndefined();
    expect([await store.isQuarantined('t/a'), told]).toEqual([true, []]);
  });

  it('is told of to those who come later, within limits', async () => {
    store = new CheckedStore(inner);
    const count = QUARANTINE_MAX_RECORDS + 20;
    for (let number = 0; number < count; number++) await put(`${1000 + number}`, number);
    for (let number = 0; number < count; number++) await damage(`${1000 + number}`);
    await namesOf();
    store.observe((record) => told.push(record));
    expect(told.map(({ key }) => key)).toEqual(Array.from({ length: 100 }, (_, number) => `t/${1000 + number}`));
    store.observe((record) => told.push(record));
    expect([told.length, store.quarantinedCount]).toEqual([100, count]);
  });

  it('can be written anew', async () => {
    await put('a', 1);
    await damage('a');
    expect(await store.get('t/a')).toBeUndefined();
    await put('a', 2);
    expect(await store.get('t/a')).toEqual(Uint8Array.of(2));
  });

  it.each([
    ['cut off inside the value', (bytes: Uint8Array) => bytes.slice(0, 3)],
    ['cut off inside the checksum', (bytes: Uint8Array) => bytes.slice(0, -1)],
    ['empty', () => new Uint8Array()],
    ['of zeros', (bytes: Uint8Array) => bytes.fill(0)],
    ['torn in the middle', (bytes: Uint8Array) => bytes.fill(0, bytes.length / 2)],
    ['followed by more', (bytes: Uint8Array) => Uint8Array.of(...bytes, 0)],
  ])('is noticed when it is %s', async (_, change) => {
    await put('a', 1, 2, 3, 4, 5, 6, 7, 8);
    await put('b', 1);
    await damage('a', change);
    expect(await namesOf()).toEqual(['b']);
    expect(told.map(({ key }) => key)).toEqual(['t/a']);
  });

  it('is noticed under the key of another one', async () => {
    await put('a', 1, 2);
    const value = (await inner.get('t/a')) ?? new Uint8Array();
    await inner.commit([{ type: 'put', key: 't/b', value }]);
    expect(await namesOf()).toEqual(['a']);
    expect(told[0]?.key).toBe('t/b');
  });

  it('does not end a read before there is a record that can be read', async () => {
    for (let number = 0; number < 300; number++) await put(`${1000 + number}`, number);
    for (let number = 0; number < 250; number++) await damage(`${1000 + number}`);
    expect(await namesOf({ ...EVERYTHING, maxBytes: 1 })).toEqual(['1250']);
    expect(await namesOf({ ...EVERYTHING, maxBytes: 3 })).toEqual(['1250', '1251', '1252']);
  });

  it('is dropped and counted when the quarantine is full', async () => {
    const count = QUARANTINE_MAX_RECORDS + 20;
    for (let number = 0; number < count; number++) await put(`${1000 + number}`, number);
    for (let number = 0; number < count; number++) await damage(`${1000 + number}`);
    expect(await namesOf()).toEqual([]);
    expect(store.quarantinedCount).toBe(count);
    expect(told.at(-1)?.detail).toBe('the checksum does not fit (5 bytes); the quarantine is full, so it was dropped');
    const kept = await inner.read({ from: '', to: '~', maxBytes: ALL });
    expect(kept).toHaveLength(QUARANTINE_MAX_RECORDS);
  });

  it('is left out and stays when it can not be set aside, but a get says so', async () => {
    await put('a', 1);
    await put('b', 2);
    await damage('a');
    const full: Store = { ...inner, commit: () => Promise.reject(new Error('the disk is full')) };
    store = check(full);
    expect(await namesOf()).toEqual(['b']);
    expect(told[0]?.detail).toContain('it could not be set aside: the disk is full');
    expect(store.quarantinedCount).toBe(1);
    await expect(store.get('t/a')).rejects.toThrow('the disk is full');
    store = check(inner);
    expect(await store.get('t/a')).toBeUndefined();
    expect(await store.isQuarantined('t/a')).toBe(true);
  });
});

describe('a record that is written while it is found damaged', () => {
  /** Writes a good value at the moment of the `at`-th get of the inner store, before or after its answer is on its way. */
  function writeDuringGet(at: number, when: 'before' | 'after'): { readonly written: () => Promise<void> } {
    let gets = 0;
    let written: Promise<void> | undefined;
    const write = (): void => {
      written = store.commit([{ type: 'put', key: 't/a', value: Uint8Array.of(9) }]);
    };
    store = check({
      ...inner,
      get: async (key) => {
        if (!key.startsWith('t/')) return inner.get(key);
        gets += 1;
        if (gets === at && when === 'before') write();
        const answer = await inner.get(key);
        if (gets === at && when === 'after') write();
        return answer;
      },
    });
    return { written: async () => written };
  }

  it.each([
    [1, 'after'],
    [2, 'before'],
    [2, 'after'],
  ] as const)('is the new one (get %i, %s)', async (at, when) => {
    await put('a', 1);
    await damage('a');
    const writing = writeDuringGet(at, when);
    expect(await store.get('t/a')).toEqual(Uint8Array.of(9));
    await writing.written();
    expect([told, await inner.get('quarantine/t/a')]).toEqual([[], undefined]);
    expect(await store.get('t/a')).toEqual(Uint8Array.of(9));
  });

  it('waits for a commit that is on its way', async () => {
    await put('a', 1);
    await damage('a');
    let letGo = (): void => {};
    const gate = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    store = check({
      ...inner,
      commit: async (operations) => {
        await gate;
        await inner.commit(operations);
      },
    });
    const written = put('a', 9);
    const got = store.get('t/a');
    const read = store.read(EVERYTHING);
    // Whoever does not wait has removed the record by now.
    await new Promise((resolve) => setImmediate(resolve));
    letGo();
    expect(await got).toEqual(Uint8Array.of(9));
    expect((await read).map(({ value }) => [...value])).toEqual([[9]]);
    await written;
    expect(told).toEqual([]);
  });

  it('is reported once, whoever finds it', async () => {
    await put('a', 1);
    await put('b', 2);
    await damage('a');
    await Promise.all([store.get('t/a'), store.get('t/a'), namesOf(), namesOf()]);
    expect(told).toHaveLength(1);
    expect(store.quarantinedCount).toBe(1);
  });
});

describe('a record that its reader can not make sense of', () => {
  it('is set aside', async () => {
    await put('a', 1, 2);
    const [entry] = await store.read(EVERYTHING);
    await store.quarantine(entry as { key: string; value: Uint8Array }, 'the version is unknown');
    expect(told).toEqual([{ key: 't/a', detail: 'the version is unknown (6 bytes); it is kept as quarantine/t/a' }]);
    expect(await namesOf()).toEqual([]);
  });

  it('is left alone when it has been written anew or deleted since', async () => {
    await put('a', 1, 2);
    const [entry] = await store.read(EVERYTHING);
    const old = entry as { key: string; value: Uint8Array };
    await put('a', 1, 3);
    await store.quarantine(old, 'it makes no sense');
    expect(await store.get('t/a')).toEqual(Uint8Array.of(1, 3));
    await store.commit([{ type: 'delete', key: 't/a' }]);
    await store.quarantine(old, 'it makes no sense');
    expect(told).toEqual([]);
  });
});

describe('what lies on a real disk', () => {
  it.each(['a byte in the file', 'a byte in the database'])('is noticed when %s changes', async (where) => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-checked-'));
    try {
      const letters = (text: string): Uint8Array => new TextEncoder().encode(text.repeat(500));
      store = check(await lmdbStore(folder).open());
      await store.commit([
        { type: 'put', key: 't/a', value: letters('first record ') },
        { type: 'put', key: 't/b', value: letters('second record ') },
      ]);
      await store.close();

      if (where === 'a byte in the file') {
        const file = join(folder, 'data.mdb');
        const bytes = readFileSync(file);
        const at = bytes.indexOf('second record') + 3_000;
        bytes[at] = (bytes[at] as number) ^ 0x20;
        writeFileSync(file, bytes);
      } else {
        const database = open<Buffer, string>({ path: folder, noSubdir: false, encoding: 'binary' });
        const bytes = Buffer.from(database.getBinary('t/b') ?? '');
        bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 0x80;
        await database.put('t/b', bytes);
        await database.close();
      }

      store = check(await lmdbStore(folder).open());
      expect(await store.read(EVERYTHING)).toEqual([{ key: 't/a', value: Buffer.from(letters('first record ')) }]);
      expect(told.map(({ key }) => key)).toEqual(['t/b']);
      await store.close();
      store = check(await lmdbStore(folder).open());
      expect([await store.get('t/b'), await store.isQuarantined('t/b')]).toEqual([undefined, true]);
      await store.close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
