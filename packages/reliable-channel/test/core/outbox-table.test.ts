import { encodeEntry } from '@holdfast/protocol/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type BatchRecord,
  batchKey,
  batchKeyEnd,
  decodeBatch,
  decodeMeta,
  encodeMeta,
  lastOf,
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
  batchMaxBytes: 100,
  batchMaxMessages: 4,
  loadedMaxBytes: 120,
};
const NEW: OutboxMeta = { epoch: '00000000000000aa', floor: 1, next: 1, bytes: 0 };
const ENTRY = encodeEntry('m', new Uint8Array(6));
const META_KEY = metaKey(OPTIONS.keyPrefix);

/** A disk, and the outboxes that one process after the other has on it. */
class Life {
  readonly disk: Disk;
  outbox: Outbox;

  constructor(disk = new Disk()) {
    this.disk = disk;
    if (!disk.records.has(META_KEY)) disk.apply([{ type: 'put', key: META_KEY, value: encodeMeta(NEW) }]);
    this.outbox = new Outbox(OPTIONS, this.meta());
  }

  restart(): void {
    this.outbox = new Outbox(OPTIONS, this.meta());
  }

  collect(count: number): void {
    for (let index = 0; index < count; index++) this.outbox.collect(ENTRY);
  }

  commit(): void {
    this.disk.apply(this.outbox.beginCommit());
    this.outbox.onCommitted();
  }

  settleUpTo(cumulative: number): void {
    this.outbox.settle({ cumulative, ranges: [] });
  }

  load(): boolean {
    const from = this.outbox.wantsLoad();
    if (from !== undefined)
      this.outbox.onLoaded(this.#batches(from, OPTIONS.loadedMaxBytes / 2), this.outbox.storedUpTo);
    return from !== undefined;
  }

  /** Sends and settles everything there is, in order; returns the numbers. */
  drain(): number[] {
    const sent: number[] = [];
    do {
      for (let next = this.outbox.nextSendable(1); next !== undefined; next = this.outbox.nextSendable(1)) {
        sent.push(next);
        this.settleUpTo(next);
      }
    } while (this.load());
    if (this.outbox.hasDeletable) this.commit();
    return sent;
  }

  meta(): OutboxMeta {
    return decodeMeta(this.disk.records.get(META_KEY) as Uint8Array) as OutboxMeta;
  }

  numbersOnDisk(): number[] {
    return this.#batches(1, 1e9).flatMap(({ first, count }) => Array.from({ length: count }, (_, at) => first + at));
  }

  /** A disk that a crash at this moment would leave. */
  copyOfDisk(): Disk {
    const copy = new Disk();
    for (const [key, value] of this.disk.records) copy.apply([{ type: 'put', key, value }]);
    return copy;
  }

  expectEmpty(): void {
    expect([...this.disk.records.keys()]).toEqual([META_KEY]);
    expect(this.meta()).toMatchObject({ floor: this.outbox.nextSequence, bytes: 0 });
    expect([this.outbox.messageCount, this.outbox.bytes, this.outbox.loadedBytes]).toEqual([0, 0, 0]);
  }

  #batches(from: number, maxBytes: number): BatchRecord[] {
    const values = this.disk.read(batchKey(OPTIONS.keyPrefix, from), batchKeyEnd(OPTIONS.keyPrefix), maxBytes);
    return values.map((value) => decodeBatch(value) as BatchRecord);
  }
}

describe('an outbox', () => {
  it('never offers a message before its commit is done', () => {
    const life = new Life();
    life.collect(3);
    expect(life.outbox.nextSendable(1)).toBeUndefined();
    life.outbox.beginCommit();
    life.collect(2);
    expect(life.outbox.nextSendable(1)).toBeUndefined();
    expect(life.outbox.onCommitted()).toEqual({ first: 1, last: 3 });
    expect([life.outbox.nextSendable(3), life.outbox.nextSendable(4)]).toEqual([3, undefined]);
  });

  it('finds its floor in the middle of a batch after a restart', () => {
    const life = new Life();
    life.collect(8);
    life.commit();
    life.settleUpTo(6);
    life.collect(1);
    life.commit();
    life.restart();
    expect([life.outbox.floor, life.outbox.messageCount]).toEqual([7, 3]);
    expect(life.drain()).toEqual([7, 8, 9]);
    life.expectEmpty();
  });

  it('deletes a record only when every message in it is settled', () => {
    const life = new Life();
    life.collect(4);
    life.commit();
    for (const sequence of [4, 2, 1]) {
      life.outbox.settle({ cumulative: 0, ranges: [{ first: sequence, last: sequence }] });
      expect(life.outbox.hasDeletable).toBe(false);
    }
    life.settleUpTo(3);
    expect(life.outbox.hasDeletable).toBe(true);
    life.commit();
    life.expectEmpty();
  });

  it('deletes records that were settled before they were read, also when it ends in between', () => {
    const life = new Life();
    life.collect(40);
    life.commit();
    life.restart();
    life.load();
    // The receiver has handled all of it, and some of it is still to be read.
    life.settleUpTo(40);
    life.commit();
    expect(life.numbersOnDisk().length).toBeGreaterThan(0);
    life.restart();
    expect(life.drain()).toEqual([]);
    life.expectEmpty();
  });

  it('keeps numbers, bytes and order over failed commits between good ones', () => {
    const life = new Life();
    for (let turn = 0; turn < 30; turn++) {
      life.collect(5);
      if (turn % 3 !== 1) life.commit();
      else {
        life.outbox.beginCommit();
        expect(life.outbox.onCommitFailed()).toEqual({ first: turn * 5 + 1, last: turn * 5 + 5 });
      }
    }
    expect([life.outbox.messageCount, life.outbox.bytes]).toEqual([100, 100 * ENTRY.length]);
    const sent = life.drain();
    expect(sent).toEqual(
      Array.from({ length: 150 }, (_, index) => index + 1).filter((number) => Math.floor((number - 1) / 5) % 3 !== 1),
    );
    life.expectEmpty();
  });

  it('keeps little in memory of 20,000 messages that wait, and gives them back in order', () => {
    const life = new Life();
    let mostBytes = 0;
    const look = (): void => {
      mostBytes = Math.max(mostBytes, life.outbox.loadedBytes);
    };
    for (let turn = 0; turn < 40; turn++) {
      life.collect(500);
      life.commit();
      look();
    }
    let expected = 1;
    while (life.outbox.messageCount > 0) {
      // One record at a time, as a store with little to give would.
      const from = life.outbox.wantsLoad();
      const value = from === undefined ? undefined : life.disk.records.get(batchKey('outbox', from));
      if (value !== undefined) life.outbox.onLoaded([decodeBatch(value) as BatchRecord], life.outbox.storedUpTo);
      look();
      expect(life.outbox.nextSendable(1)).toBe(expected);
      expected = lastOf(life.outbox.batchOf(expected) as BatchRecord) + 1;
      life.settleUpTo(expected - 1);
    }
    expect(expected).toBe(20_001);
    expect(mostBytes).toBeLessThanOrEqual(OPTIONS.loadedMaxBytes + OPTIONS.batchMaxBytes);
  });

  const step = fc.oneof(
    fc.record({ kind: fc.constant('collect' as const), count: fc.integer({ min: 1, max: 12 }) }),
    fc.record({ kind: fc.constant('commit' as const), fails: fc.constantFrom(false, false, true) }),
    // Settles what was stored, in memory or not, as the first answer of a receiver does.
    fc.record({ kind: fc.constant('settle' as const), share: fc.constantFrom(0.3, 0.7, 1) }),
    fc.record({ kind: fc.constant('load' as const) }),
    fc.record({ kind: fc.constant('restart' as const) }),
  );

  it('can be cut off behind every commit, and then has what was stored and not settled, and nothing for ever', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const life = new Life();
        const stored = new Set<number>();
        const crashes: { disk: Disk; unsettled: number[] }[] = [];
        let settledUpTo = 0;
        for (const each of steps) {
          if (each.kind === 'collect') {
            life.collect(each.count);
            expect(life.outbox.nextSequence - each.count).toBeGreaterThan(Math.max(0, ...life.numbersOnDisk()));
          } else if (each.kind === 'commit' && each.fails) {
            life.outbox.beginCommit();
            life.outbox.onCommitFailed();
          } else if (each.kind === 'commit') {
            life.commit();
            for (const sequence of life.numbersOnDisk()) stored.add(sequence);
            const unsettled = [...stored].filter((sequence) => sequence > settledUpTo);
            crashes.push({ disk: life.copyOfDisk(), unsettled });
          } else if (each.kind === 'settle') {
            settledUpTo = Math.max(settledUpTo, Math.floor(each.share * Math.max(0, ...stored)));
            life.settleUpTo(settledUpTo);
          } else if (each.kind === 'load') life.load();
          else {
            life.restart();
            // What was settled since the last commit is known to nobody any more.
            settledUpTo = life.outbox.floor - 1;
          }
        }
        for (const { disk, unsettled } of crashes) {
          const next = new Life(disk);
          expect(next.drain()).toEqual(unsettled);
          next.expectEmpty();
        }
      }),
      { numRuns: 300 },
    );
  });
});
