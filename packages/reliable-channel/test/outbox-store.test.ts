import { HoldfastError } from '@holdfast/protocol';
import { encodeEntry } from '@holdfast/protocol/core';
import { createVirtualRuntime } from '@holdfast/simulator';
import { beforeEach, describe, expect, it } from 'vitest';
import { CheckedStore } from '../src/checked-store.js';
import { BatchCollector, batchKey, decodeMeta, encodeBatch, encodeMeta, metaKey } from '../src/core/index.js';
import type { Store, StoreOperation } from '../src/index.js';
import { commitOutbox, DELETE_FEW, openOutbox, readBatches } from '../src/outbox-store.js';
import { memoryStore } from '../src/stores/memory.js';

const ALL = Number.MAX_SAFE_INTEGER;
const { randomUint32 } = createVirtualRuntime({ seed: 1 });
let store: CheckedStore;

beforeEach(async () => {
  store = new CheckedStore(await memoryStore().open());
});

describe('opening an outbox', () => {
  it('begins the numbering in a new store, on disk before it is used', async () => {
    const meta = await openOutbox(store, 'outbox', randomUint32);
    expect(meta).toEqual({ epoch: expect.stringMatching(/^[0-9a-f]{16}$/), floor: 1, next: 1, bytes: 0 });
    const bytes = await store.get(metaKey('outbox'));
    expect(decodeMeta(bytes ?? new Uint8Array())).toEqual(meta);
  });

  it('finds the numbering as it was left', async () => {
    const left = { epoch: 'fedcba9876543210', floor: 7, next: 300, bytes: 5_000 };
    await store.commit([{ type: 'put', key: metaKey('outbox'), value: encodeMeta(left) }]);
    await expect(openOutbox(store, 'outbox', randomUint32)).resolves.toEqual(left);
  });

  it('gives every outbox of a store an epoch of its own, and keeps it', async () => {
    const first = await openOutbox(store, 'outbox/a', randomUint32);
    const second = await openOutbox(store, 'outbox/b', randomUint32);
    expect(second.epoch).not.toBe(first.epoch);
    await expect(openOutbox(store, 'outbox/a', randomUint32)).resolves.toEqual(first);
  });

  it.each([
    ['of another version', Uint8Array.of(2, 0, 0)],
    ['cut off', Uint8Array.of(1, 0xfe)],
    ['empty', new Uint8Array()],
  ])('refuses a numbering that is %s, and leaves it alone', async (_, value) => {
    await store.commit([{ type: 'put', key: metaKey('outbox'), value }]);
    const opened = openOutbox(store, 'outbox', randomUint32);
    await expect(opened).rejects.toMatchObject({ code: 'STORE_FORMAT_UNKNOWN' });
    await expect(store.get(metaKey('outbox'))).resolves.toEqual(value);
  });

  it('makes a new numbering that fits the batches when the old one has decayed', async () => {
    const inner = await memoryStore().open();
    store = new CheckedStore(inner);
    const old = await openOutbox(store, 'outbox', randomUint32);
    const entry = encodeEntry('n', new Uint8Array(10));
    for (const first of [5, 7, 9]) {
      const batch = { first, count: 1, lane: '', entries: entry, ends: Uint32Array.of(entry.length) };
      await store.commit([{ type: 'put', key: batchKey('outbox', first), value: encodeBatch(batch) }]);
    }
    for (const key of [metaKey('outbox'), batchKey('outbox', 7)]) {
      await inner.commit([{ type: 'put', key, value: Uint8Array.of(1, 2, 3, 4, 5) }]);
    }
    const opened = await openOutbox(store, 'outbox', randomUint32);
    expect(opened).toEqual({ epoch: expect.any(String), floor: 5, next: 10, bytes: 2 * entry.length });
    expect(opened.epoch).not.toBe(old.epoch);
    expect(store.quarantinedCount).toBe(2);
    // It is on disk.
    await expect(openOutbox(new CheckedStore(inner), 'outbox', randomUint32)).resolves.toEqual(opened);
  });

  it('fails when the store does not take the numbering', async () => {
    const error = new Error('the disk is full');
    const full = new CheckedStore({ ...(await memoryStore().open()), commit: () => Promise.reject(error) });
    await expect(openOutbox(full, 'outbox', randomUint32)).rejects.toBe(error);
  });
});

describe('committing', () => {
  const deletion = (index: number): StoreOperation => ({ type: 'delete', key: batchKey('outbox', index + 1) });
  const meta: StoreOperation = { type: 'put', key: metaKey('outbox'), value: Uint8Array.of(1) };

  /** A store that has room for so many operations in a commit. */
  async function roomFor(count: number): Promise<{ store: CheckedStore; sizes: number[] }> {
    const sizes: number[] = [];
    const inner = await memoryStore().open();
    const narrow: Store = {
      ...inner,
      commit: async (operations) => {
        sizes.push(operations.length);
        if (operations.length > count) throw new HoldfastError('STORE_FAILED', 'the disk is full');
        await inner.commit(operations);
      },
    };
    return { store: new CheckedStore(narrow), sizes };
  }

  const operations = [meta, ...Array.from({ length: 2 * DELETE_FEW + 3 }, (_, index) => deletion(index))];

  it('is one commit when there is room', async () => {
    const { store: wide, sizes } = await roomFor(1_000);
    await commitOutbox(wide, operations);
    expect(sizes).toEqual([2 * DELETE_FEW + 4]);
  });

  it('deletes a few records at a time when there is not, and then puts the rest', async () => {
    const { store: narrow, sizes } = await roomFor(DELETE_FEW);
    await commitOutbox(narrow, operations);
    expect(sizes).toEqual([2 * DELETE_FEW + 4, DELETE_FEW, DELETE_FEW, 3, 1]);
    await expect(narrow.get(metaKey('outbox'))).resolves.toEqual(Uint8Array.of(1));
  });

  it('fails when there is no room at all, without trying on and on', async () => {
    const { store: full, sizes } = await roomFor(0);
    await expect(commitOutbox(full, operations)).rejects.toMatchObject({ code: 'STORE_FAILED' });
    await expect(commitOutbox(full, operations.slice(0, 3))).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect(sizes).toEqual([2 * DELETE_FEW + 4, DELETE_FEW, 3]);
  });
});

describe('reading batches', () => {
  /** Puts batches of two messages of 14 bytes each into the store. */
  async function storeBatches(prefix: string, count: number): Promise<void> {
    const collector = new BatchCollector({ batchMaxBytes: 1e6, batchMaxMessages: 2 });
    for (let sequence = 1; sequence <= 2 * count; sequence++) {
      collector.add(sequence, encodeEntry('n', new Uint8Array(10)));
    }
    for (const batch of collector.take()) {
      await store.commit([{ type: 'put', key: batchKey(prefix, batch.first), value: encodeBatch(batch) }]);
    }
  }

  const firstsOf = async (from: number, maxBytes: number): Promise<number[]> =>
    (await readBatches(store, 'outbox', from, maxBytes)).map(({ first }) => first);

  it('gives them from a number on, in order', async () => {
    await storeBatches('outbox', 20);
    const batches = await readBatches(store, 'outbox', 37, ALL);
    expect(batches).toMatchObject([
      { first: 37, count: 2, lane: '', ends: Uint32Array.of(14, 28) },
      { first: 39, count: 2 },
    ]);
  });

  it('ends when the bytes are reached, but gives one at least', async () => {
    await storeBatches('outbox', 5);
    await expect(firstsOf(1, 1)).resolves.toEqual([1]);
    await expect(firstsOf(3, 60)).resolves.toEqual([3, 5]);
  });

  it('gives nothing of the numbering or of another outbox', async () => {
    await storeBatches('outbox', 2);
    await storeBatches('outbox2', 2);
    await storeBatches('outbox/inner', 2);
    await openOutbox(store, 'outbox', randomUint32);
    await expect(firstsOf(1, ALL)).resolves.toEqual([1, 3]);
    await expect(firstsOf(5, ALL)).resolves.toEqual([]);
  });

  it('sets aside what is no batch, and reads on behind it', async () => {
    await storeBatches('outbox', 3);
    for (const first of [1, 3]) {
      await store.commit([{ type: 'put', key: batchKey('outbox', first), value: Uint8Array.of(1, 3, 2) }]);
    }
    await expect(firstsOf(1, 1)).resolves.toEqual([5]);
    expect(store.quarantinedCount).toBe(2);
    await expect(store.isQuarantined(batchKey('outbox', 3))).resolves.toBe(true);
  });

  it('leaves the record of another version alone, and names it', async () => {
    await storeBatches('outbox', 2);
    const key = batchKey('outbox', 3);
    await store.commit([{ type: 'put', key, value: Uint8Array.of(99, 3, 2) }]);
    const read = readBatches(store, 'outbox', 1, ALL);
    await expect(read).rejects.toMatchObject({ code: 'STORE_FAILED', message: expect.stringContaining(key) });
    await expect(store.get(key)).resolves.toEqual(Uint8Array.of(99, 3, 2));
  });
});
