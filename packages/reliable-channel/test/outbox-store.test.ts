import { encodeEntry } from '@holdfast/protocol/core';
import { createVirtualRuntime } from '@holdfast/simulator';
import { beforeEach, describe, expect, it } from 'vitest';
import { CheckedStore } from '../src/checked-store.js';
import {
  BatchCollector,
  batchKey,
  deadLetterIndexKey,
  decodeMeta,
  encodeBatch,
  encodeDeadLetterIndex,
  encodeLane,
  encodeMeta,
  laneKey,
  metaKey,
  NO_TRAITS,
  type StoreOperation,
} from '../src/core/index.js';
import { GroupCommit } from '../src/group-commit.js';
import type { OutboxMarks } from '../src/marks-contract.js';
import { commitOutbox, DELETE_FEW, lastRead, openOutbox, readBatches } from '../src/outbox-store.js';
import { memoryStore } from '../src/stores/memory.js';

const ALL = Number.MAX_SAFE_INTEGER;
const { randomUint32: random } = createVirtualRuntime({ seed: 1 });
const WALL_MS = 1_800_000_000_000;
const sources = { random, wallClockMs: () => WALL_MS };
let store: CheckedStore;

beforeEach(async () => {
  store = new CheckedStore(await memoryStore().open());
});

/** Puts batches of two messages of 14 bytes each into the store. */
async function storeBatches(prefix: string, count: number, lane = ''): Promise<void> {
  const collector = new BatchCollector({ batchMaxBytes: 1e6, batchMaxMessages: 2 });
  for (let sequence = 1; sequence <= 2 * count; sequence++) {
    const entry = encodeEntry('n', new Uint8Array(10));
    const message = { lane, entry, importance: 'critical', traits: NO_TRAITS } as const;
    collector.add(message, { sequence, ordinal: sequence, ageMs: 0 });
  }
  for (const batch of collector.take(() => true)) {
    await store.commit([{ type: 'put', key: batchKey(prefix, lane, batch.first), value: encodeBatch(batch) }]);
  }
}

describe('opening an outbox', () => {
  it('begins the numbering in a new store, on disk before it is used', async () => {
    const { meta, lanes, deadLetters } = await openOutbox(store, 'outbox', sources);
    const epoch = expect.stringMatching(/^[0-9a-f]{16}$/);
    expect(meta).toEqual({ epoch, ordinal: 1, bytes: 0, ageMs: 0, wallMs: WALL_MS });
    expect([lanes, deadLetters]).toEqual([[], { next: 1, places: [] }]);
    const bytes = await store.get(metaKey('outbox'));
    expect(decodeMeta(bytes ?? new Uint8Array())).toEqual(meta);
  });

  it('finds the numbering as it was left', async () => {
    const meta = { epoch: 'fedcba9876543210', ordinal: 301, bytes: 5_000, ageMs: 60_000, wallMs: WALL_MS - 1_000 };
    const lanes = ['', 'alarms/x'].map((lane) => ({
      lane,
      floor: 7,
      next: 300,
      reserved: 20,
      failedSequence: 7,
      failures: 2,
    }));
    const deadLetters = { next: 5, places: [{ id: 3, bytes: 100 }] };
    await store.commit([
      { type: 'put', key: metaKey('outbox'), value: encodeMeta(meta) },
      ...lanes.map((lane) => ({ type: 'put', key: laneKey('outbox', lane.lane), value: encodeLane(lane) }) as const),
      { type: 'put', key: deadLetterIndexKey('outbox'), value: encodeDeadLetterIndex(deadLetters) },
    ]);
    await expect(openOutbox(store, 'outbox', sources)).resolves.toEqual({ meta, lanes, deadLetters });
  });

  it('gives every outbox of a store an epoch of its own, and keeps it', async () => {
    const first = await openOutbox(store, 'outbox/a', sources);
    const second = await openOutbox(store, 'outbox/b', sources);
    expect(second.meta.epoch).not.toBe(first.meta.epoch);
    await expect(openOutbox(store, 'outbox/a', sources)).resolves.toEqual(first);
  });

  it.each([
    ['of another version', Uint8Array.of(99, 0, 0)],
    ['cut off', Uint8Array.of(2, 0xfe)],
    ['empty', new Uint8Array()],
  ])('refuses a numbering that is %s, and leaves it alone', async (_, value) => {
    await store.commit([{ type: 'put', key: metaKey('outbox'), value }]);
    const opened = openOutbox(store, 'outbox', sources);
    await expect(opened).rejects.toMatchObject({ code: 'STORE_FORMAT_UNKNOWN' });
    await expect(store.get(metaKey('outbox'))).resolves.toEqual(value);
  });

  it('makes a new numbering that fits the batches when the old one has decayed', async () => {
    const inner = await memoryStore().open();
    store = new CheckedStore(inner);
    const old = await openOutbox(store, 'outbox', sources);
    await storeBatches('outbox', 5, 'alarms');
    for (const key of [1, 3].map((first) => batchKey('outbox', 'alarms', first)))
      await store.commit([{ type: 'delete', key }]);
    for (const key of [metaKey('outbox'), batchKey('outbox', 'alarms', 7)]) {
      await inner.commit([{ type: 'put', key, value: Uint8Array.of(1, 2, 3, 4, 5) }]);
    }
    const opened = await openOutbox(store, 'outbox', sources);
    expect(opened.lanes).toEqual([{ lane: 'alarms', floor: 5, next: 11, reserved: 0, failedSequence: 0, failures: 0 }]);
    expect(opened.meta.bytes).toBe(4 * 14);
    expect(opened.meta.epoch).not.toBe(old.meta.epoch);
    expect(store.quarantinedCount).toBe(2);
    // It is on disk.
    await expect(openOutbox(new CheckedStore(inner), 'outbox', sources)).resolves.toMatchObject({ meta: opened.meta });
  });

  it('fails when the store does not take the numbering', async () => {
    const error = new Error('the disk is full');
    const full = new CheckedStore({ ...(await memoryStore().open()), commit: () => Promise.reject(error) });
    await expect(openOutbox(full, 'outbox', sources)).rejects.toBe(error);
  });
});

describe('reading batches', () => {
  const firstsOf = async (from: number, maxBytes: number): Promise<number[]> =>
    (await readBatches(store, 'outbox', { lane: '', from, maxBytes })).map(({ first }) => first);

  it('gives them from a number on, in order', async () => {
    await storeBatches('outbox', 20);
    const batches = await readBatches(store, 'outbox', { lane: '', from: 37, maxBytes: ALL });
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
    await storeBatches('outbox', 2, 'alarms');
    await openOutbox(store, 'outbox', sources);
    await expect(firstsOf(1, ALL)).resolves.toEqual([1, 3]);
    await expect(firstsOf(5, ALL)).resolves.toEqual([]);
  });

  it('sets aside what is no batch, and reads on behind it', async () => {
    await storeBatches('outbox', 3);
    for (const first of [1, 3]) {
      await store.commit([{ type: 'put', key: batchKey('outbox', '', first), value: Uint8Array.of(2, 3, 2) }]);
    }
    await expect(firstsOf(1, 1)).resolves.toEqual([5]);
    expect(store.quarantinedCount).toBe(2);
    await expect(store.isQuarantined(batchKey('outbox', '', 3))).resolves.toBe(true);
  });

  it('leaves the record of another version alone, and names it', async () => {
    await storeBatches('outbox', 2);
    const key = batchKey('outbox', '', 3);
    await store.commit([{ type: 'put', key, value: Uint8Array.of(99, 3, 2) }]);
    const read = readBatches(store, 'outbox', { lane: '', from: 1, maxBytes: ALL });
    await expect(read).rejects.toMatchObject({ code: 'STORE_FAILED', message: expect.stringContaining(key) });
    await expect(store.get(key)).resolves.toEqual(Uint8Array.of(99, 3, 2));
  });
});

describe('a commit with the marks of tabs', () => {
  const put = (key: string): StoreOperation => ({ type: 'put', key, value: Uint8Array.of(1) });
  const remove = (key: string): StoreOperation => ({ type: 'delete', key });
  const batch = put(batchKey('outbox', '', 1));
  const lane = put(laneKey('outbox', ''));
  let givenBack: readonly StoreOperation[];
  let commits: string[][];
  let refused: number;

  function marksWith(deletions: readonly StoreOperation[]): OutboxMarks {
    return {
      take: () => {},
      marksFor: () => [put('outbox/mark/a/1')],
      takeDeletions: () => [...deletions],
      giveBack: (operations) => {
        givenBack = operations;
      },
      onNews: () => {},
      onLoaded: () => {},
      close: () => {},
    };
  }

  function commit(operations: readonly StoreOperation[], deletions: readonly StoreOperation[]): Promise<void> {
    const runtime = createVirtualRuntime({ seed: 1 });
    const full = {
      commit: async (asked: readonly StoreOperation[]) => {
        if (refused-- > 0) throw new Error('the disk is full');
        commits.push(asked.map(({ key }) => key));
      },
    };
    return commitOutbox(new GroupCommit(full as never, runtime), operations, 'outbox', marksWith(deletions));
  }

  beforeEach(() => {
    givenBack = [];
    commits = [];
    refused = 0;
  });

  it('takes them and the deletions of others along', async () => {
    await commit([batch, lane], [remove('outbox/mark/b/1')]);
    expect(commits).toEqual([[batch.key, lane.key, 'outbox/mark/b/1', 'outbox/mark/a/1']]);
    expect(givenBack).toEqual([]);
  });

  it('that is refused goes in pieces, with the marks in that of their batches', async () => {
    refused = 1;
    const deletions = Array.from({ length: DELETE_FEW + 1 }, (_, n) => remove(`outbox/mark/b/${n}`));
    await commit([batch, lane], deletions);
    expect(commits).toHaveLength(3);
    expect(commits[0]).toEqual([lane.key, ...deletions.slice(0, DELETE_FEW).map(({ key }) => key)]);
    expect(commits[2]).toEqual([batch.key, 'outbox/mark/a/1']);
    expect(givenBack).toEqual(deletions);
  });

  it('that is refused and frees nothing fails', async () => {
    refused = 1;
    await expect(commit([batch, lane], [])).rejects.toThrow('the disk is full');
    expect(commits).toEqual([]);
  });
});

it('knows how far a lane has been read', async () => {
  await storeBatches('outbox', 2);
  const batches = await readBatches(store, 'outbox', { lane: '', from: 1, maxBytes: ALL });
  expect([lastRead(batches, 99), lastRead([], 99)]).toEqual([4, 99]);
});
