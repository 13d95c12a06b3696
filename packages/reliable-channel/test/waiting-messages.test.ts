import { encodeEntry } from '@holdfast/protocol/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { CheckedStore } from '../src/checked-store.js';
import { BatchCollector, batchKey, encodeBatch, encodeLane, laneKey, NO_TRAITS, type Run } from '../src/core/index.js';
import { memoryStore } from '../src/stores/memory.js';
import { countWaiting, readWaiting } from '../src/waiting-messages.js';

const EPOCH = 'fedcba9876543210';
let store: CheckedStore;

beforeEach(async () => {
  store = new CheckedStore(await memoryStore().open());
});

/** Puts messages of 20 bytes into the store, four a batch, named after their numbers. */
async function put(lane: string, count: number, settled: readonly Run[] = []): Promise<void> {
  const collector = new BatchCollector({ batchMaxBytes: 1e6, batchMaxMessages: 4 });
  for (let sequence = 1; sequence <= count; sequence++) {
    const entry = encodeEntry(`n${sequence % 10}`, new Uint8Array(15));
    collector.add(
      { lane, entry, importance: 'critical', traits: NO_TRAITS },
      { sequence, ordinal: sequence, ageMs: sequence },
    );
  }
  for (const batch of collector.take(() => true)) {
    const inside = settled.filter(({ first }) => first >= batch.first && first < batch.first + batch.count);
    const value = encodeBatch({ ...batch, settled: inside });
    await store.commit([{ type: 'put', key: batchKey('outbox', lane, batch.first), value }]);
  }
}

async function floor(lane: string, at: number, next: number): Promise<void> {
  const value = encodeLane({ lane, floor: at, next, reserved: 0, failedSequence: 0, failures: 0 });
  await store.commit([{ type: 'put', key: laneKey('outbox', lane), value }]);
}

async function numbers(lane: string): Promise<number[]> {
  const found: number[] = [];
  for await (const piece of readWaiting(store, 'outbox', { epoch: EPOCH, lane })) {
    expect(piece.length).toBeLessThanOrEqual(4);
    for (const { sequence, name, id } of piece) {
      expect([name, id]).toEqual([`n${sequence % 10}`, `${EPOCH}-${lane}-${sequence}`]);
      found.push(sequence);
    }
  }
  return found;
}

describe('what waits in an outbox', () => {
  it('is nothing in an empty store', async () => {
    expect(await countWaiting(store, 'outbox')).toEqual([]);
    expect(await numbers('')).toEqual([]);
  });

  it('is what is neither below the floor nor settled in the midst of a batch', async () => {
    const settled = [
      { first: 5, last: 5 },
      { first: 7, last: 8 },
      { first: 12, last: 12 },
    ];
    await put('a/b', 13, settled);
    await floor('a/b', 3, 14);
    expect(await numbers('a/b')).toEqual([3, 4, 6, 9, 10, 11, 13]);
    expect(await countWaiting(store, 'outbox')).toEqual([
      { lane: 'a/b', messages: 7, bytes: 7 * 20, oldestAcceptedAtMs: 4 },
    ]);
  });

  it('is counted for each lane alone, and lanes without any are left out', async () => {
    await put('', 5);
    await put('alarms', 4);
    await put('done', 4);
    await floor('done', 5, 5);
    const lanes = (await countWaiting(store, 'outbox')).map(({ lane, messages }) => [lane, messages]);
    expect(lanes).toEqual([
      ['', 5],
      ['alarms', 4],
    ]);
    expect(await numbers('')).toEqual([1, 2, 3, 4, 5]);
  });

  it('goes on behind a record that makes no sense, and leaves it alone', async () => {
    await put('', 12);
    const key = batchKey('outbox', '', 5);
    await store.commit([{ type: 'put', key, value: new Uint8Array([99]) }]);
    expect(await numbers('')).toEqual([1, 2, 3, 4, 9, 10, 11, 12]);
    expect(await store.get(key)).toEqual(new Uint8Array([99]));
  });

  it('is read a piece at a time, however much it is', async () => {
    const collector = new BatchCollector({ batchMaxBytes: 65_536, batchMaxMessages: 1_024 });
    for (let sequence = 1; sequence <= 20_000; sequence++) {
      const entry = encodeEntry('n', new Uint8Array(60));
      collector.add(
        { lane: '', entry, importance: 'high', traits: NO_TRAITS },
        { sequence, ordinal: sequence, ageMs: 0 },
      );
    }
    for (const batch of collector.take(() => true)) {
      await store.commit([{ type: 'put', key: batchKey('outbox', '', batch.first), value: encodeBatch(batch) }]);
    }
    let read = 0;
    const counting = {
      read: async (range: Parameters<CheckedStore['read']>[0]) => {
        const entries = await store.read(range);
        for (const { value } of entries) read += value.length;
        return entries;
      },
      get: (key: string) => store.get(key),
    } as CheckedStore;
    const pieces = readWaiting(counting, 'outbox', { epoch: EPOCH, lane: '' });
    expect((await pieces.next()).value?.[0]).toMatchObject({ sequence: 1, importance: 'high' });
    expect(read).toBeLessThan(600_000);
    let count = 0;
    for await (const piece of pieces) count += piece.length;
    expect(read).toBeGreaterThan(1_200_000);
    expect(count).toBeGreaterThan(18_000);
  });
});
