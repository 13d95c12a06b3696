import { encodeEntry } from '@holdfast/protocol/core';
import { createVirtualRuntime } from '@holdfast/simulator';
import { beforeEach, describe, expect, it } from 'vitest';
import { BatchCollector, batchKey, decodeMeta, encodeBatch, encodeMeta, metaKey } from '../src/core/index.js';
import type { Store } from '../src/index.js';
import { openOutbox, readBatches } from '../src/outbox-store.js';
import { memoryStore } from '../src/stores/memory.js';

const ALL = Number.MAX_SAFE_INTEGER;
const { randomUint32 } = createVirtualRuntime({ seed: 1 });
let store: Store;

beforeEach(async () => {
  store = await memoryStore().open();
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

  it('fails when the store does not take the numbering', async () => {
    const error = new Error('the disk is full');
    const full: Store = { ...store, commit: () => Promise.reject(error) };
    await expect(openOutbox(full, 'outbox', randomUint32)).rejects.toBe(error);
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

  it('names the record that can not be read', async () => {
    await storeBatches('outbox', 2);
    const key = batchKey('outbox', 3);
    await store.commit([{ type: 'put', key, value: Uint8Array.of(1, 3, 2) }]);
    const read = readBatches(store, 'outbox', 1, ALL);
    await expect(read).rejects.toMatchObject({ code: 'STORE_FAILED', message: expect.stringContaining(key) });
  });
});
