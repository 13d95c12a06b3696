import { encodeEntry } from '@holdfast/protocol/core';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  type BatchRecord,
  batchKey,
  batchKeyEnd,
  decodeBatch,
  decodeMeta,
  metaKey,
  Outbox,
  type OutboxMeta,
  type OutboxOptions,
} from '../../src/core/index.js';
import { Disk } from '../support/virtual-world.js';

const OPTIONS: OutboxOptions = {
  keyPrefix: 'outbox',
  outboxMaxMessages: 1e6,
  outboxMaxBytes: 1e9,
  batchMaxBytes: 65_536,
  batchMaxMessages: 100,
  loadedMaxBytes: 200_000,
};
const NEW = { epoch: '00000000000000aa', floor: 1, next: 1, bytes: 0 };
const ENTRY = encodeEntry('m', new Uint8Array(96));

describe('an outbox', () => {
  let disk: Disk;
  let outbox: Outbox;

  beforeEach(() => {
    disk = new Disk();
    outbox = new Outbox(OPTIONS, NEW);
  });

  function collect(count: number): void {
    for (let index = 0; index < count; index++) outbox.collect(ENTRY);
  }

  function commit(): void {
    disk.apply(outbox.beginCommit());
    outbox.onCommitted();
  }

  function meta(): OutboxMeta {
    return decodeMeta(disk.records.get(metaKey('outbox')) as Uint8Array) as OutboxMeta;
  }

  function load(): boolean {
    const from = outbox.wantsLoad();
    if (from === undefined) return false;
    const values = disk.read(batchKey('outbox', from), batchKeyEnd('outbox'), OPTIONS.loadedMaxBytes / 2);
    outbox.onLoaded(
      values.map((value) => decodeBatch(value) as BatchRecord),
      outbox.storedUpTo,
    );
    return true;
  }

  it('asks for one record per batch and one for the numbering', () => {
    collect(250);
    const operations = outbox.beginCommit();
    expect(operations.map(({ type, key }) => `${type} ${key}`)).toEqual([
      'put outbox/batch/00000000000001',
      'put outbox/batch/00000000000065',
      'put outbox/batch/000000000000c9',
      'put outbox/meta',
    ]);
  });

  it('says how many messages and bytes wait, and takes one less than would be too many', () => {
    outbox = new Outbox({ ...OPTIONS, outboxMaxMessages: 3, outboxMaxBytes: 3 * ENTRY.length }, NEW);
    collect(2);
    expect([outbox.messageCount, outbox.bytes]).toEqual([2, 2 * ENTRY.length]);
    expect([outbox.accepts(ENTRY.length), outbox.accepts(ENTRY.length + 1)]).toEqual([true, false]);
    collect(1);
    expect(outbox.accepts(0)).toBe(false);
  });

  it('holds little memory while 100,000 messages wait, and reads them back in order later', () => {
    let mostBytes = 0;
    for (let turn = 0; turn < 1_000; turn++) {
      collect(100);
      commit();
      mostBytes = Math.max(mostBytes, outbox.loadedBytes);
    }
    expect(outbox.messageCount).toBe(100_000);
    const sent: number[] = [];
    while (outbox.messageCount > 0) {
      load();
      mostBytes = Math.max(mostBytes, outbox.loadedBytes);
      const first = outbox.nextSendable(1) as number;
      const last = first + (outbox.batchOf(first) as BatchRecord).count - 1;
      for (let sequence = first; sequence <= last; sequence++) sent.push(sequence);
      outbox.settle({ cumulative: last, ranges: [] });
    }
    expect(sent).toHaveLength(100_000);
    expect(sent.every((sequence, index) => sequence === index + 1)).toBe(true);
    expect(mostBytes).toBeLessThanOrEqual(OPTIONS.loadedMaxBytes + OPTIONS.batchMaxBytes);
    commit();
    expect([...disk.records.keys()]).toEqual(['outbox/meta']);
    expect(meta()).toMatchObject({ floor: 100_001, next: 100_001, bytes: 0 });
  });

  it('keeps the record of a batch of which a part is settled, and sends the rest after a restart', () => {
    collect(10);
    commit();
    outbox.settle({ cumulative: 4, ranges: [{ first: 8, last: 9 }] });
    expect(outbox.hasDeletable).toBe(false);
    collect(1);
    commit();
    expect(meta()).toMatchObject({ floor: 5, next: 12, bytes: 11 * ENTRY.length });
    outbox = new Outbox(OPTIONS, meta());
    expect(outbox.nextSendable(1)).toBeUndefined();
    while (load());
    expect(outbox.nextSendable(1)).toBe(5);
    outbox.settle({ cumulative: 11, ranges: [] });
    expect([outbox.messageCount, outbox.bytes]).toEqual([0, 0]);
    commit();
    expect([...disk.records.keys()]).toEqual(['outbox/meta']);
  });

  it('gives up what a failed commit held, keeps what comes after, and skips the gap', () => {
    collect(2);
    commit();
    collect(3);
    outbox.beginCommit();
    expect(outbox.onCommitFailed()).toEqual({ first: 3, last: 5 });
    collect(2);
    commit();
    expect([outbox.messageCount, outbox.bytes]).toEqual([4, 4 * ENTRY.length]);
    expect([outbox.nextSendable(3), outbox.unsettledBelow(6)]).toEqual([6, 2]);
    outbox.settle({ cumulative: 2, ranges: [] });
    expect(outbox.floor).toBe(6);
  });

  it('does not tell a floor that a crash could take back', () => {
    collect(2);
    commit();
    outbox.settle({ cumulative: 2, ranges: [] });
    collect(3);
    outbox.beginCommit();
    outbox.onCommitFailed();
    // After a crash the numbers 3 to 5 would be given out again; a receiver must not take them for settled.
    expect([outbox.floor, outbox.certainFloor]).toEqual([6, 3]);
    collect(1);
    commit();
    expect(outbox.certainFloor).toBe(6);
  });

  it('deletes what a commit that was called failed may have left behind', () => {
    collect(2);
    disk.apply(outbox.beginCommit());
    outbox.onCommitFailed();
    expect(outbox.hasDeletable).toBe(true);
    commit();
    expect([...disk.records.keys()]).toEqual(['outbox/meta']);
  });

  it('remembers few of the batches that a store refuses on and on', () => {
    for (let turn = 0; turn < 1_000; turn++) {
      collect(1);
      outbox.beginCommit();
      outbox.onCommitFailed();
    }
    expect(outbox.beginCommit().length).toBeLessThan(300);
  });

  it('leaves batches of a commit that is not done to that commit, even when a read has seen them', () => {
    collect(3_000);
    commit();
    collect(5);
    const operations = outbox.beginCommit();
    disk.apply(operations);
    outbox.settle({ cumulative: 2_900, ranges: [] });
    while (load());
    expect(outbox.nextSendable(3_001)).toBeUndefined();
    outbox.onCommitted();
    expect(outbox.nextSendable(3_001)).toBe(3_001);
  });

  it('knows its epoch as stored when the commit that carries it is done', () => {
    collect(1);
    const operations = outbox.beginCommit();
    outbox.renew('00000000000000bb');
    disk.apply(operations);
    outbox.onCommitted();
    expect([outbox.isEpochStored, meta().epoch]).toEqual([false, '00000000000000aa']);
    commit();
    expect([outbox.isEpochStored, meta().epoch]).toEqual([true, '00000000000000bb']);
  });
});
