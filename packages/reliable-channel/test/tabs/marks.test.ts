// What marks decide by themselves. What they are for, through every crash, is shown by shared-channel.test.ts.

import { createVirtualRuntime, type VirtualRuntime } from '@holdfast/simulator';
import { beforeEach, describe, expect, it } from 'vitest';
import { batchKey, encodeBatch, encodeMark, type MarkedRun, markKey, type Run } from '../../src/core/index.js';
import { CheckedStore, GroupCommit, type StoreOperation } from '../../src/index.js';
import type { MarkedEnd } from '../../src/marks-contract.js';
import { memoryStore } from '../../src/stores/memory.js';
import { Marks, readMarks } from '../../src/tabs/marks.js';

const EPOCH = '0123456789abcdef';
const ACKNOWLEDGED = { outcome: { status: 'acknowledged' } };
const FORGOTTEN = { outcome: { status: 'forgotten' } };

let runtime: VirtualRuntime;
let store: CheckedStore;
let commits: GroupCommit;
let stored: (MarkedRun & { readonly tab: string })[];
let over: (Run & { readonly tab: string; readonly end: MarkedEnd })[];
/** Numbers of every lane that are over. */
let isOver: (sequence: number) => boolean;

beforeEach(async () => {
  runtime = createVirtualRuntime({ seed: 1 });
  store = new CheckedStore(await memoryStore().open());
  commits = new GroupCommit(store, runtime);
  stored = [];
  over = [];
  isOver = () => false;
});

async function openMarks(): Promise<Marks> {
  const observer = {
    onStored: (tab: string, { first, count, lane, sequence, epoch }: MarkedRun) =>
      void stored.push({ tab, first, count, lane, sequence, epoch }),
    onOver: (tab: string, run: Run, end: MarkedEnd) => void over.push({ tab, ...run, end }),
  };
  const options = { runtime, commits, prefix: 'outbox', observer, isOver: (_: string, n: number) => isOver(n) };
  return new Marks(options, await readMarks(store, 'outbox'));
}

function batch(lane: string, first: number, count: number): StoreOperation {
  const ends = Uint32Array.from({ length: count }, (_, index) => (index + 1) * 4);
  const value = encodeBatch({
    ...{ lane, first, count, ordinal: 1, acceptedAtMs: 0, importance: 'critical', traits: [], settled: [] },
    ...{ entries: new Uint8Array(count * 4), ends },
  });
  return { type: 'put', key: batchKey('outbox', lane, first), value };
}

function takeRun(marks: Marks, tab: string, { first, count, lane, sequence }: Omit<MarkedRun, 'epoch'>): void {
  for (let index = 0; index < count; index++) {
    marks.take({ tab, n: first + index }, { lane, sequence: sequence + index, epoch: EPOCH });
  }
}

function keysOf(operations: readonly StoreOperation[]): string[] {
  return operations.map(({ type, key }) => `${type} ${key}`);
}

describe('marks', () => {
  it('go with the batches of their messages, one record for each tab, and no earlier', async () => {
    const marks = await openMarks();
    takeRun(marks, 'a', { first: 1, count: 3, lane: '', sequence: 11 });
    takeRun(marks, 'b', { first: 1, count: 1, lane: '', sequence: 14 });
    takeRun(marks, 'a', { first: 4, count: 2, lane: '', sequence: 15 });
    takeRun(marks, 'a', { first: 6, count: 1, lane: 'x', sequence: 1 });
    expect(marks.marksFor([batch('', 1, 10), { type: 'delete', key: 'outbox/batch/x' }])).toEqual([]);
    const first = marks.marksFor([batch('', 11, 5), batch('x', 1, 1)]);
    expect(keysOf(first)).toEqual([`put ${markKey('outbox', 'a', 1)}`, `put ${markKey('outbox', 'b', 1)}`]);
    expect(keysOf(marks.marksFor([batch('', 16, 1)]))).toEqual([`put ${markKey('outbox', 'a', 5)}`]);
    await store.commit(first);
    const [mark] = (await readMarks(store, 'outbox')).values();
    expect(mark).toEqual({
      tab: 'a',
      runs: [
        { first: 1, count: 3, lane: '', sequence: 11, epoch: EPOCH },
        { first: 4, count: 1, lane: '', sequence: 15, epoch: EPOCH },
        { first: 6, count: 1, lane: 'x', sequence: 1, epoch: EPOCH },
      ],
    });
  });

  it('tell each tab of its own messages, in its own numbers', async () => {
    const marks = await openMarks();
    takeRun(marks, 'a', { first: 1, count: 3, lane: '', sequence: 11 });
    takeRun(marks, 'b', { first: 7, count: 3, lane: '', sequence: 14 });
    marks.marksFor([batch('', 11, 6)]);
    marks.onNews({ type: 'stored', lane: '', first: 11, last: 16 });
    expect(stored).toEqual([
      { tab: 'a', first: 1, count: 3, lane: '', sequence: 11, epoch: EPOCH },
      { tab: 'b', first: 7, count: 3, lane: '', sequence: 14, epoch: EPOCH },
    ]);
    marks.onNews({ type: 'acknowledged', lane: '', first: 1, last: 11 });
    marks.onNews({ type: 'acknowledged', lane: 'x', first: 1, last: 99 });
    marks.onNews({ type: 'acknowledged', lane: '', first: 13, last: 14 });
    marks.onNews({ type: 'replied', lane: '', sequence: 15, value: Uint8Array.of(1) });
    const outcome = { status: 'rejected', reason: 'no' } as const;
    marks.onNews({ type: 'givenUp', lane: '', first: 12, last: 12, outcome, attempts: 2 });
    expect(over).toEqual([
      { tab: 'a', first: 1, last: 1, end: ACKNOWLEDGED },
      { tab: 'a', first: 3, last: 3, end: ACKNOWLEDGED },
      { tab: 'b', first: 7, last: 7, end: ACKNOWLEDGED },
      { tab: 'b', first: 8, last: 8, end: { ...ACKNOWLEDGED, reply: Uint8Array.of(1) } },
      { tab: 'a', first: 2, last: 2, end: { outcome: { ...outcome, attempts: 2 } } },
    ]);
  });

  it('stay until their tab knows of all their messages, and go with the next commit, or a second later', async () => {
    const marks = await openMarks();
    takeRun(marks, 'a', { first: 1, count: 4, lane: '', sequence: 1 });
    await store.commit(marks.marksFor([batch('', 1, 4)]));
    marks.onNews({ type: 'acknowledged', lane: '', first: 1, last: 2 });
    marks.onKnown('a', { first: 1, last: 2 });
    marks.onKnown('a', { first: 1, last: 2 });
    expect(marks.has({ tab: 'a', n: 4 })).toBe(true);
    marks.onKnown('nobody', { first: 1, last: 2 });
    expect(marks.takeDeletions()).toEqual([]);
    marks.onKnown('a', { first: 3, last: 9 });
    expect(marks.has({ tab: 'a', n: 4 })).toBe(false);
    const deletions = marks.takeDeletions();
    expect(keysOf(deletions)).toEqual([`delete ${markKey('outbox', 'a', 1)}`]);
    marks.giveBack(deletions);
    takeRun(marks, 'a', { first: 10, count: 1, lane: '', sequence: 5 });
    await store.commit(marks.marksFor([batch('', 5, 1)]));
    marks.onKnown('a', { first: 10, last: 10 });
    await runtime.advance(1_000);
    expect((await readMarks(store, 'outbox')).size).toBe(0);
  });

  it('are none of a message that was given up before it was stored', async () => {
    const marks = await openMarks();
    takeRun(marks, 'a', { first: 1, count: 3, lane: '', sequence: 1 });
    const outcome = { status: 'cancelled', reason: 'called back' } as const;
    marks.onNews({ type: 'givenUp', lane: '', first: 2, last: 2, outcome, attempts: 0 });
    expect(over).toEqual([{ tab: 'a', first: 2, last: 2, end: { outcome: { ...outcome, attempts: 0 } } }]);
    const [mark] = marks.marksFor([batch('', 1, 3)]);
    await store.commit([mark as StoreOperation]);
    const [found] = (await readMarks(store, 'outbox')).values();
    expect(found?.runs.map(({ first, count }) => [first, count])).toEqual([
      [1, 1],
      [3, 1],
    ]);
  });

  it('of an earlier process say what the outbox has, and what of it is over', async () => {
    const runs = [{ first: 5, count: 3, lane: 'x', sequence: 1, epoch: EPOCH }];
    await store.commit([{ type: 'put', key: markKey('outbox', 'a', 5), value: encodeMark({ tab: 'a', runs }) }]);
    const marks = await openMarks();
    expect([...marks.tabs]).toEqual(['a']);
    expect(marks.has({ tab: 'a', n: 7 })).toBe(true);
    expect(marks.has({ tab: 'a', n: 8 })).toBe(false);
    expect(marks.hasLater({ tab: 'a', n: 4 }, 'x')).toBe(true);
    expect(marks.hasLater({ tab: 'a', n: 4 }, '')).toBe(false);
    expect(marks.hasLater({ tab: 'a', n: 7 }, 'x')).toBe(false);
    isOver = (sequence) => sequence === 2;
    marks.tell('a');
    expect(stored).toEqual([{ tab: 'a', ...runs[0] }]);
    expect(over).toEqual([{ tab: 'a', first: 6, last: 6, end: FORGOTTEN }]);
    // A batch that is read back says that this one is over, too.
    isOver = (sequence) => sequence >= 2;
    marks.onLoaded('x', { first: 3, last: 9 });
    expect(over.slice(1)).toEqual([{ tab: 'a', first: 7, last: 7, end: FORGOTTEN }]);
  });

  it('that make no sense are set aside', async () => {
    await store.commit([{ type: 'put', key: markKey('outbox', 'a', 1), value: Uint8Array.of(2, 1) }]);
    expect((await readMarks(store, 'outbox')).size).toBe(0);
    expect(store.quarantinedCount).toBe(1);
  });

  it('of a tab that is gone are forgotten', async () => {
    const marks = await openMarks();
    takeRun(marks, 'a', { first: 1, count: 2, lane: '', sequence: 1 });
    await store.commit(marks.marksFor([batch('', 1, 2)]));
    takeRun(marks, 'a', { first: 3, count: 1, lane: '', sequence: 3 });
    marks.forget('a');
    marks.forget('a');
    expect(marks.marksFor([batch('', 3, 1)])).toEqual([]);
    marks.onNews({ type: 'acknowledged', lane: '', first: 1, last: 3 });
    expect(over).toEqual([]);
    expect(keysOf(marks.takeDeletions())).toEqual([`delete ${markKey('outbox', 'a', 1)}`]);
    marks.close();
  });
});
