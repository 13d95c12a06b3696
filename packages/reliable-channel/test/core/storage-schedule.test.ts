import { beforeEach, describe, expect, it } from 'vitest';
import { Outbox, type OutboxLane, StorageSchedule, type StoreOperation } from '../../src/core/index.js';
import { MESSAGE, OPTIONS, openedWith } from '../support/sender-rig.js';

describe('a storage schedule', () => {
  let outbox: Outbox;
  let storage: StorageSchedule;

  beforeEach(() => {
    begin();
  });

  function begin(opened = openedWith()): void {
    outbox = new Outbox(OPTIONS, opened);
    storage = new StorageSchedule({ deleteDelayMs: 100, storeRetryMs: 1_000, loadedMaxBytes: 200 }, outbox);
  }

  function collect(): void {
    outbox.collect(MESSAGE, 0);
    outbox.routeCollected(() => false, false);
  }

  function settle(upTo: number): void {
    outbox.settle(outbox.lane('') as OutboxLane, { cumulative: upTo, ranges: [] });
  }

  function commit(nowMs: number): StoreOperation[] | undefined {
    return storage.isCommitDue(nowMs) ? storage.beginCommit(nowMs, nowMs) : undefined;
  }

  function committed(): void {
    outbox.onCommitted();
    outbox.routeCollected(() => false, false);
  }

  function store(count: number, nowMs = 0): void {
    for (let index = 0; index < count; index++) outbox.collect(MESSAGE, 0);
    outbox.routeCollected(() => false, false);
    expect(commit(nowMs)).toBeDefined();
    committed();
  }

  it('commits new messages at once, and one commit at a time', () => {
    expect(commit(0)).toBeUndefined();
    collect();
    expect([storage.isIdle, commit(0) === undefined]).toEqual([false, false]);
    collect();
    expect(commit(0)).toBeUndefined();
    committed();
    expect(commit(0)).toBeDefined();
    committed();
    expect([storage.isIdle, storage.nextTimeoutMs()]).toEqual([true, Number.POSITIVE_INFINITY]);
  });

  it('deletes after a while, or with the next messages', () => {
    store(2);
    settle(1);
    storage.planCommit(50);
    expect(storage.nextTimeoutMs()).toBe(Number.POSITIVE_INFINITY);
    settle(2);
    storage.planCommit(50);
    storage.planCommit(90);
    expect([storage.nextTimeoutMs(), storage.isIdle]).toEqual([150, false]);
    expect(commit(149)).toBeUndefined();
    expect(commit(150)?.map(({ type }) => type)).toEqual(['put', 'delete', 'put']);
    committed();
    expect(storage.isIdle).toBe(true);
  });

  it('wants no timeout for a commit while one is under way', () => {
    store(2);
    settle(2);
    collect();
    expect(commit(0)).toBeDefined();
    storage.commitAt(10);
    expect(storage.nextTimeoutMs()).toBe(Number.POSITIVE_INFINITY);
    committed();
    expect(storage.nextTimeoutMs()).toBe(10);
  });

  it('leaves a store alone for a while after it failed', () => {
    store(2);
    settle(2);
    storage.planCommit(0);
    expect(commit(100)).toBeDefined();
    storage.onCommitFailed(100);
    storage.planCommit(110);
    expect([storage.nextTimeoutMs(), commit(1_099)]).toEqual([1_100, undefined]);
    expect(commit(1_100)?.map(({ type }) => type)).toEqual(['put', 'delete', 'put']);
  });

  it('deletes without delay when it is closed, and gives up when that fails', () => {
    store(2);
    settle(2);
    storage.close(50);
    expect([storage.isIdle, storage.nextTimeoutMs()]).toEqual([false, 50]);
    expect(commit(50)).toBeDefined();
    storage.onCommitFailed(50);
    expect([storage.isIdle, storage.nextTimeoutMs(), commit(1e9)]).toEqual([true, Number.POSITIVE_INFINITY, undefined]);
  });

  it('reads what lies in the store alone, one read at a time, half of what memory holds', () => {
    begin(openedWith({ next: 10, bytes: 600 }));
    expect(storage.load(0)).toEqual({ lane: '', from: 1, upTo: 9, maxBytes: 100 });
    expect(storage.load(0)).toBeUndefined();
    storage.onLoaded({ lane: '', batches: [], upTo: 9, isDamaged: false }, 0);
    expect(storage.load(0)).toBeUndefined();
  });

  it('reads again a while after a read failed', () => {
    begin(openedWith({ next: 10, bytes: 600 }));
    storage.load(0);
    storage.onLoadFailed('', 5);
    expect([storage.nextTimeoutMs(), storage.load(1_004)]).toEqual([1_005, undefined]);
    expect(storage.load(1_005)).toBeDefined();
    storage.onLoadFailed('', 1_005);
    storage.close(1_010);
    expect(storage.nextTimeoutMs()).toBe(Number.POSITIVE_INFINITY);
  });
});
