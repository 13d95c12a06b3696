import { type MessageResult, REPLY_MAX_BYTES, RESULTS_MAX } from '@holdfast/protocol/core';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  decodeResults,
  KeptResults,
  RESULTS_KEPT_MAX,
  resultFrames,
  type StoreOperation,
} from '../../src/core/index.js';

const EPOCH = '00000000000000aa';
let results: KeptResults;

beforeEach(() => {
  results = new KeptResults('press-7', EPOCH, []);
});

function rejected(sequence: number): MessageResult {
  return { sequence, kind: 'rejected', reason: 'no' };
}

function replied(sequence: number, bytes = 1): MessageResult {
  return { sequence, kind: 'reply', value: new Uint8Array(bytes) };
}

/** What a commit does, as `put 1` and `delete 1`. */
function shortOf(operations: readonly StoreOperation[]): string[] {
  return operations.map(({ type, key }) => `${type} ${Number.parseInt(key.slice(-14), 16)}`);
}

function record(): string[] {
  const said = shortOf(results.beginRecord(EPOCH, undefined));
  results.onRecorded(false);
  return said;
}

describe('kept results', () => {
  it('ask nothing of a commit when there is nothing to keep', () => {
    expect(results.beginRecord(EPOCH, undefined)).toEqual([]);
    expect(results.onRecorded(false)).toEqual([]);
  });

  it('go into one record for each commit, and may be said when it is on disk', () => {
    results.add('a', replied(1));
    results.add('b', rejected(1));
    results.add('a', replied(2));
    const [operation] = results.beginRecord(EPOCH, undefined);
    const written = operation?.type === 'put' ? decodeResults(operation.value) : undefined;
    const lanes = [
      { lane: 'a', results: [replied(1), replied(2)] },
      { lane: 'b', results: [rejected(1)] },
    ];
    expect(written).toEqual({ epoch: EPOCH, lanes });
    expect(results.recorded('a').results).toEqual([]);
    expect(results.onRecorded(false)).toEqual(lanes);
    expect(results.recorded('a').results).toEqual([replied(1), replied(2)]);
    expect(results.recorded('a', 2, 9).results).toEqual([replied(2)]);
    expect([results.count, results.bytes, results.lanes]).toEqual([3, 4, ['a', 'b']]);
  });

  it('are taken along by the next commit when one failed, into the same record', () => {
    results.add('a', replied(1));
    expect(shortOf(results.beginRecord(EPOCH, undefined))).toEqual(['put 1']);
    results.add('a', replied(2));
    results.onRecordFailed(false);
    expect(shortOf(results.beginRecord(EPOCH, undefined))).toEqual(['put 1']);
    expect(results.onRecorded(false)).toEqual([{ lane: 'a', results: [replied(1), replied(2)] }]);
  });

  it('let a record go when the floors are above everything in it', () => {
    results.add('a', replied(1));
    results.add('b', replied(1));
    record();
    results.raiseFloor('a', 2);
    expect(record()).toEqual([]);
    results.raiseFloor('b', 9);
    expect([record(), results.count, results.bytes]).toEqual([['delete 1'], 0, 0]);
  });

  it('are not written when the floor is above them before that', () => {
    results.add('a', replied(1));
    results.raiseFloor('a', 2);
    expect(record()).toEqual([]);
  });

  it('let their record go at once when the floor rose while it was written', () => {
    results.add('a', replied(1));
    results.beginRecord(EPOCH, undefined);
    results.raiseFloor('a', 2);
    expect(results.onRecorded(false)).toEqual([]);
    expect(record()).toEqual(['delete 1']);
  });

  it('keep an extra one only if its commit succeeds', () => {
    results.beginRecord(EPOCH, { lane: 'a', result: replied(1) });
    results.onRecordFailed(true);
    expect([results.count, record()]).toEqual([0, []]);
    results.beginRecord(EPOCH, { lane: 'a', result: replied(1) });
    expect(results.onRecorded(true)).toEqual([{ lane: 'a', results: [replied(1)] }]);
    expect(results.count).toBe(1);
  });

  it('come back from the disk, those of this epoch', () => {
    const lanes = [{ lane: 'a', results: [replied(1), replied(2)] }];
    results = new KeptResults('press-7', EPOCH, [
      { number: 3, epoch: '00000000000000bb', lanes },
      { number: 4, epoch: EPOCH, lanes },
    ]);
    expect(results.recorded('a').results).toHaveLength(2);
    results.add('a', replied(3));
    expect(record()).toEqual(['delete 3', 'put 5']);
    results.raiseFloor('a', 3);
    expect(record()).toEqual(['delete 4']);
  });

  it('ascend, also when a lower number comes later', () => {
    for (const sequence of [5, 2, 7]) results.add('a', replied(sequence));
    results.beginRecord(EPOCH, undefined);
    const numbers = [results.onRecorded(false)[0]?.results, results.recorded('a').results].map((list) =>
      list?.map(({ sequence }) => sequence),
    );
    expect(numbers).toEqual([
      [2, 5, 7],
      [2, 5, 7],
    ]);
    results.raiseFloor('a', 5);
    expect(results.count).toBe(2);
  });

  it('are full at their limit, and not one before', () => {
    for (let sequence = 1; sequence < RESULTS_KEPT_MAX; sequence++) results.add('a', rejected(sequence));
    expect(results.isFull).toBe(false);
    results.add('a', rejected(RESULTS_KEPT_MAX));
    expect(results.isFull).toBe(true);
    results.clear();
    expect([results.isFull, results.count, results.bytes]).toEqual([false, 0, 0]);
  });
});

describe('the frames of results', () => {
  it('hold a limited number each', () => {
    const list = Array.from({ length: RESULTS_MAX + 1 }, (_, index) => rejected(index + 1));
    expect(resultFrames({ lane: 'a', results: list }).map((frame) => frame.results.length)).toEqual([RESULTS_MAX, 1]);
    expect(resultFrames({ lane: 'a', results: [] })).toEqual([]);
  });

  it('hold not more bytes of replies than one may have', () => {
    const list = [replied(1, REPLY_MAX_BYTES), replied(2, 1), replied(3, REPLY_MAX_BYTES - 1), replied(4, 1)];
    expect(resultFrames({ lane: 'a', results: list }).map((frame) => frame.results.length)).toEqual([1, 2, 1]);
  });
});
