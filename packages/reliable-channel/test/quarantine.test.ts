import { beforeEach, describe, expect, it } from 'vitest';
import { QUARANTINE_MAX_RECORDS, Quarantine } from '../src/quarantine.js';
import type { Store } from '../src/store.js';
import { memoryStore } from '../src/stores/memory.js';

let store: Store;

beforeEach(async () => {
  store = await memoryStore().open();
});

async function put(key: string, ...bytes: number[]): Promise<void> {
  await store.commit([{ type: 'put', key, value: Uint8Array.from(bytes) }]);
}

async function keysOf(): Promise<string[]> {
  return (await store.read({ from: '', to: '~', maxBytes: Number.MAX_SAFE_INTEGER })).map(({ key }) => key);
}

describe('a quarantine', () => {
  it('keeps a record under its key, as it was', async () => {
    const quarantine = new Quarantine(store);
    await put('a', 1, 2);
    await quarantine.prepare();
    expect(await quarantine.has('a')).toBe(false);
    expect(await quarantine.move('a', Uint8Array.of(1, 2))).toBe(true);
    expect(await quarantine.has('a')).toBe(true);
    expect(await keysOf()).toEqual(['quarantine/a']);
    expect(await store.get('quarantine/a')).toEqual(Uint8Array.of(1, 2));
    // Another run of the program.
    expect(await new Quarantine(store).has('a')).toBe(true);
  });

  it('counts what earlier runs left, and drops what is too much', async () => {
    // Neighbours of the prefix are not in it.
    await put('quarantin', 1);
    await put('quarantine0', 1);
    for (let number = 1; number < QUARANTINE_MAX_RECORDS; number++) await put(`quarantine/old/${number}`, 1, 2, 3);
    const quarantine = new Quarantine(store);
    await quarantine.prepare();
    for (const key of ['x', 'y']) await put(key, 7);
    expect(await quarantine.move('x', Uint8Array.of(7))).toBe(true);
    expect(await quarantine.move('y', Uint8Array.of(7))).toBe(false);
    expect(await quarantine.has('y')).toBe(false);
    const keys = await keysOf();
    expect(keys.filter((key) => key.startsWith('quarantine/'))).toHaveLength(QUARANTINE_MAX_RECORDS);
    expect(keys).not.toContain('y');
    // A key that has its place keeps it.
    await put('x', 8);
    expect(await quarantine.move('x', Uint8Array.of(8))).toBe(true);
    expect(await store.get('quarantine/x')).toEqual(Uint8Array.of(8));
  });

  it('moves with one commit, and believes nothing that failed', async () => {
    const commits: number[] = [];
    let error: Error | undefined;
    const quarantine = new Quarantine({
      ...store,
      commit: async (operations) => {
        commits.push(operations.length);
        if (error !== undefined) throw error;
        await store.commit(operations);
      },
    });
    await put('a', 1);
    await quarantine.prepare();
    error = new Error('the disk is full');
    await expect(quarantine.move('a', Uint8Array.of(1))).rejects.toBe(error);
    expect(await quarantine.has('a')).toBe(false);
    error = undefined;
    await quarantine.move('a', Uint8Array.of(1));
    expect(commits).toEqual([2, 2]);
  });
});
