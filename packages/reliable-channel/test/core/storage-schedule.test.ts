import { encodeEntry } from '@holdfast/protocol/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { Outbox, StorageSchedule } from '../../src/core/index.js';
import { OPTIONS } from '../support/outbox-model.js';

const NEW = { epoch: '00000000000000aa', floor: 1, next: 1, bytes: 0 };
const ENTRY = encodeEntry('m', new Uint8Array(20));

describe('a storage schedule', () => {
  let outbox: Outbox;
  let storage: StorageSchedule;

  beforeEach(() => {
    outbox = new Outbox(OPTIONS, NEW);
    storage = new StorageSchedule({ deleteDelayMs: 100, storeRetryMs: 1_000, loadedMaxBytes: 200 }, outbox);
  });

  function store(count: number, nowMs = 0): void {
    for (let index = 0; index < count; index++) outbox.collect(ENTRY);
    expect(storage.commit(nowMs)).toBeDefined();
    outbox.onCommitted();
  }

  it('commits new messages at once, and one commit at a time', () => {
    expect(storage.commit(0)).toBeUndefined();
    outbox.collect(ENTRY);
    expect([storage.isIdle, storage.commit(0) === undefined]).toEqual([false, false]);
    outbox.collect(ENTRY);
    expect(storage.commit(0)).toBeUndefined();
    outbox.onCommitted();
    expect(storage.commit(0)).toBeDefined();
    outbox.onCommitted();
    expect([storage.isIdle, storage.nextTimeoutMs()]).toEqual([true, Number.POSITIVE_INFINITY]);
  });

  it('deletes after a while, or with the next messages', () => {
    store(2);
    outbox.settle({ cumulative: 1, ranges: [] });
    storage.planDeletion(50);
    expect(storage.nextTimeoutMs()).toBe(Number.POSITIVE_INFINITY);
    outbox.settle({ cumulative: 2, ranges: [] });
    storage.planDeletion(50);
    storage.planDeletion(90);
    expect([storage.nextTimeoutMs(), storage.isIdle]).toEqual([150, false]);
    expect(storage.commit(149)).toBeUndefined();
    expect(storage.commit(150)?.map(({ type }) => type)).toEqual(['delete', 'put']);
    outbox.onCommitted();
    expect(storage.isIdle).toBe(true);
  });

  it('wants no timeout for a commit while one is under way', () => {
    store(2);
    outbox.settle({ cumulative: 2, ranges: [] });
    outbox.collect(ENTRY);
    expect(storage.commit(0)).toBeDefined();
    storage.commitAt(10);
    expect(storage.nextTimeoutMs()).toBe(Number.POSITIVE_INFINITY);
    outbox.onCommitted();
    expect(storage.nextTimeoutMs()).toBe(10);
  });

  it('leaves a store alone for a while after it failed', () => {
    store(2);
    outbox.settle({ cumulative: 2, ranges: [] });
    storage.planDeletion(0);
    expect(storage.commit(100)).toBeDefined();
    storage.onCommitFailed(100);
    storage.planDeletion(110);
    expect([storage.nextTimeoutMs(), storage.commit(1_099)]).toEqual([1_100, undefined]);
    expect(storage.commit(1_100)?.map(({ type }) => type)).toEqual(['delete', 'put']);
  });

  it('deletes without delay when it is closed, and gives up when that fails', () => {
    store(2);
    outbox.settle({ cumulative: 2, ranges: [] });
    storage.close(50);
    expect([storage.isIdle, storage.nextTimeoutMs()]).toEqual([false, 50]);
    expect(storage.commit(50)).toBeDefined();
    storage.onCommitFailed(50);
    expect([storage.isIdle, storage.nextTimeoutMs(), storage.commit(1e9)]).toEqual([
      true,
      Number.POSITIVE_INFINITY,
      undefined,
    ]);
  });

  it('reads what lies in the store alone, one read at a time, half of what memory holds', () => {
    outbox = new Outbox(OPTIONS, { ...NEW, next: 10, bytes: 600 });
    storage = new StorageSchedule({ deleteDelayMs: 100, storeRetryMs: 1_000, loadedMaxBytes: 200 }, outbox);
    expect(storage.load(0)).toEqual({ from: 1, upTo: 9, maxBytes: 100 });
    expect(storage.load(0)).toBeUndefined();
    storage.onLoaded([], 9, 0);
    expect(storage.load(0)).toBeUndefined();
  });

  it('reads again a while after a read failed', () => {
    outbox = new Outbox(OPTIONS, { ...NEW, next: 10, bytes: 600 });
    storage = new StorageSchedule({ deleteDelayMs: 100, storeRetryMs: 1_000, loadedMaxBytes: 200 }, outbox);
    storage.load(0);
    storage.onLoadFailed(5);
    expect([storage.nextTimeoutMs(), storage.load(1_004)]).toEqual([1_005, undefined]);
    expect(storage.load(1_005)).toBeDefined();
    storage.onLoadFailed(1_005);
    storage.close(1_010);
    expect(storage.nextTimeoutMs()).toBe(Number.POSITIVE_INFINITY);
  });
});
