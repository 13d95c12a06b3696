// A model of an outbox for property tests: plain sets and a plain disk. It carries out what the real outbox asks for, and
// holds it to what it promises after every step.

import { expect } from 'vitest';
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
import { entryOf } from './simulated-device.js';
import { Disk } from './virtual-world.js';

export const OPTIONS: OutboxOptions = {
  keyPrefix: 'outbox',
  outboxMaxMessages: 1e6,
  outboxMaxBytes: 1e9,
  batchMaxBytes: 100,
  batchMaxMessages: 4,
  loadedMaxBytes: 200,
};

/** How a commit ends: in what the store says, and in what the disk has. */
export type CommitEnd = 'done' | 'failed' | 'failedButOnDisk' | 'crashBefore' | 'crashAfter';

type MessageState = 'collected' | 'committing' | 'stored' | 'failed' | 'settled';

/** The real outbox, and what it should be like. */
export class OutboxModel {
  outbox: Outbox;
  readonly #disk = new Disk();
  readonly #states = new Map<number, MessageState>();
  readonly #sizes = new Map<number, number>();
  /** Where each stored message lies. */
  readonly #batchOf = new Map<number, BatchRecord>();
  #highestOnDisk = 0;

  constructor() {
    const meta = { epoch: '00000000000000aa', floor: 1, next: 1, bytes: 0 };
    this.#disk.apply([{ type: 'put', key: metaKey(OPTIONS.keyPrefix), value: encodeMeta(meta) }]);
    this.outbox = new Outbox(OPTIONS, meta);
  }

  collect(extraBytes: number): void {
    const entry = entryOf(this.outbox.nextSequence, extraBytes);
    const sequence = this.outbox.collect(entry);
    expect(sequence).toBeGreaterThan(this.#highestOnDisk);
    this.#states.set(sequence, 'collected');
    this.#sizes.set(sequence, entry.length);
  }

  commit(end: CommitEnd): void {
    const taken = this.#in('collected');
    const operations = this.outbox.beginCommit();
    for (const sequence of taken) this.#states.set(sequence, 'committing');
    for (const operation of operations) if (operation.type === 'delete') this.#expectDeletable(operation.key);
    const isOnDisk = end === 'done' || end === 'failedButOnDisk' || end === 'crashAfter';
    if (isOnDisk) {
      this.#disk.apply(operations);
      this.#highestOnDisk = Math.max(this.#highestOnDisk, ...taken);
      for (const { value } of operations.filter(
        (operation) => operation.type === 'put' && operation.key.includes('/batch/'),
      ) as {
        value: Uint8Array;
      }[]) {
        const batch = decodeBatch(value) as BatchRecord;
        for (let sequence = batch.first; sequence <= lastOf(batch); sequence++) this.#batchOf.set(sequence, batch);
      }
    }
    this.#endCommit(end, taken);
    this.#expectReopenable();
  }

  /** Settles some of the messages that could have been sent. */
  settle(picks: readonly boolean[]): void {
    const sendable = this.sendable();
    const picked = sendable.filter((_, index) => picks[index % picks.length]);
    const ranges = picked.map((sequence) => ({ first: sequence, last: sequence }));
    const news = this.outbox.settle({ cumulative: this.outbox.floor - 1, ranges });
    expect(news.flatMap(({ first, last }) => range(first, last))).toEqual(picked);
    for (const sequence of picked) this.#states.set(sequence, 'settled');
  }

  /** Reads what the outbox wants to read; returns whether it wanted anything. */
  load(): boolean {
    const from = this.outbox.wantsLoad();
    if (from === undefined) return false;
    this.outbox.onLoaded(this.#read(from), this.outbox.storedUpTo);
    return true;
  }

  /** What may be sent now, ascending. */
  sendable(): number[] {
    const found: number[] = [];
    let next = this.outbox.nextSendable(1);
    while (next !== undefined) {
      found.push(next);
      next = this.outbox.nextSendable(next + 1);
    }
    return found;
  }

  expectSound(): void {
    for (const sequence of this.sendable()) expect(this.#states.get(sequence)).toBe('stored');
    expect(this.outbox.loadedBytes).toBeLessThanOrEqual(OPTIONS.loadedMaxBytes + OPTIONS.batchMaxBytes + 60);
    const unsettled = [...this.#in('collected'), ...this.#in('committing'), ...this.#in('stored')];
    // Behind a restart, numbers that were never stored count until the store has been read.
    expect(this.outbox.messageCount).toBeGreaterThanOrEqual(unsettled.length);
    if (this.outbox.wantsLoad() === undefined && this.sendable().length === this.#in('stored').length) {
      expect(this.outbox.messageCount).toBe(unsettled.length);
      expect(this.outbox.bytes).toBe(this.#bytesNeeded());
    }
  }

  /** Everything is sent and settled in order: nothing may be missing, and nothing may be left. */
  expectDrains(): void {
    this.commit('done');
    const expected = this.#in('stored');
    const sent: number[] = [];
    for (let isOver = false; !isOver; ) {
      const isLoading = this.load();
      const sendable = this.sendable();
      isOver = !isLoading && sendable.length === 0;
      sent.push(...sendable);
      this.settle([true]);
    }
    expect(sent).toEqual(expected);
    if (this.outbox.hasDeletable) this.commit('done');
    expect([this.outbox.messageCount, this.outbox.bytes]).toEqual([0, 0]);
    expect([...this.#disk.records.keys()]).toEqual([metaKey(OPTIONS.keyPrefix)]);
  }

  #endCommit(end: CommitEnd, taken: readonly number[]): void {
    const run = taken.length === 0 ? undefined : { first: taken[0], last: taken.at(-1) };
    if (end === 'done') {
      expect(this.outbox.onCommitted()).toEqual(run);
      for (const sequence of taken) this.#states.set(sequence, 'stored');
    } else if (end === 'failed' || end === 'failedButOnDisk') {
      expect(this.outbox.onCommitFailed()).toEqual(run);
      for (const sequence of taken) this.#states.set(sequence, 'failed');
    } else {
      for (const sequence of taken) {
        if (end === 'crashAfter') this.#states.set(sequence, 'stored');
        else this.#states.delete(sequence);
      }
      this.#reopen();
    }
  }

  #reopen(): void {
    this.outbox = new Outbox(OPTIONS, this.#meta());
    const onDisk = this.#numbersOnDisk();
    for (const [sequence, state] of this.#states) {
      if (state === 'collected') this.#states.delete(sequence);
      // Settled, but the store does not know: they are sent again. Failed, but on disk: so are they.
      else if (onDisk.has(sequence) && sequence >= this.outbox.floor) this.#states.set(sequence, 'stored');
    }
  }

  /** A process that began here would find everything that is stored and not settled, in order, and give out no number twice. */
  #expectReopenable(): void {
    const meta = this.#meta();
    const reopened = new Outbox(OPTIONS, meta);
    expect(meta.next).toBeGreaterThan(this.#highestOnDisk);
    const found: number[] = [];
    for (let from = reopened.wantsLoad(); from !== undefined; from = reopened.wantsLoad()) {
      reopened.onLoaded(this.#read(from), reopened.storedUpTo);
      for (let next = reopened.nextSendable(1); next !== undefined; next = reopened.nextSendable(1)) {
        found.push(next);
        reopened.settle({ cumulative: next, ranges: [] });
      }
    }
    expect(found).toEqual(expect.arrayContaining(this.#in('stored')));
    expect(found).toEqual([...found].sort((a, b) => a - b));
    expect([reopened.messageCount, reopened.bytes]).toEqual([0, 0]);
  }

  #expectDeletable(key: string): void {
    for (const [sequence, batch] of this.#batchOf) {
      if (batchKey(OPTIONS.keyPrefix, batch.first) !== key) continue;
      expect(['settled', 'failed', undefined]).toContain(this.#states.get(sequence));
    }
  }

  #bytesNeeded(): number {
    const waiting = [...this.#in('collected'), ...this.#in('committing')];
    const batches = new Set(this.#in('stored').map((sequence) => this.#batchOf.get(sequence)));
    const stored = [...batches].reduce((sum, batch) => sum + (batch?.entries.length ?? 0), 0);
    return stored + waiting.reduce((sum, sequence) => sum + (this.#sizes.get(sequence) ?? 0), 0);
  }

  #numbersOnDisk(): Set<number> {
    const values = this.#disk.read(batchKey(OPTIONS.keyPrefix, 1), batchKeyEnd(OPTIONS.keyPrefix), 1e9);
    const batches = values.map((value) => decodeBatch(value) as BatchRecord);
    return new Set(batches.flatMap((batch) => range(batch.first, lastOf(batch))));
  }

  #read(from: number): BatchRecord[] {
    const maxBytes = OPTIONS.loadedMaxBytes / 2;
    const values = this.#disk.read(batchKey(OPTIONS.keyPrefix, from), batchKeyEnd(OPTIONS.keyPrefix), maxBytes);
    return values.map((value) => decodeBatch(value) as BatchRecord);
  }

  #meta(): OutboxMeta {
    return decodeMeta(this.#disk.records.get(metaKey(OPTIONS.keyPrefix)) as Uint8Array) as OutboxMeta;
  }

  #in(state: MessageState): number[] {
    return [...this.#states].filter(([, each]) => each === state).map(([sequence]) => sequence);
  }
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
