import { LANES_MAX } from '@holdfast/protocol/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { type ReceivedMessage, ReceivingLanes } from '../../src/core/index.js';

function message(lane: string, sequence: number, bytes = 10): ReceivedMessage {
  const data = new Uint8Array(bytes);
  return { epoch: '00000000000000aa', lane, sequence, name: 'm', headers: undefined, data, attempt: 1 };
}

let lanes: ReceivingLanes;

beforeEach(() => {
  lanes = new ReceivingLanes([]);
});

function push(name: string, ...sequences: readonly number[]): void {
  for (const sequence of sequences) lanes.open(name)?.push(message(name, sequence), 100 + sequence);
}

describe('receiving lanes', () => {
  it('count what all of them hold', () => {
    push('a', 1, 2, 3);
    push('b', 1);
    lanes.get('a')?.begin();
    lanes.get('b')?.begin();
    expect([lanes.waitingCount, lanes.waitingBytes, lanes.pendingCount]).toEqual([2, 20, 4]);
    lanes.get('b')?.end(1);
    expect(lanes.pendingCount).toBe(3);
    lanes.clear();
    expect([lanes.waitingCount, lanes.waitingBytes, lanes.pendingCount, [...lanes].length]).toEqual([0, 0, 0, 0]);
  });

  it('know how long something has waited in any of them', () => {
    expect(lanes.waitingSinceMs).toBeUndefined();
    push('a', 7, 8);
    push('b', 5);
    expect(lanes.waitingSinceMs).toBe(105);
    lanes.get('b')?.begin();
    expect(lanes.waitingSinceMs).toBe(107);
  });

  it('begin with what is on disk', () => {
    const handled = { cumulative: 4, ranges: [{ first: 6, last: 7 }] };
    lanes = new ReceivingLanes([{ lane: 'a', handled }]);
    expect([...lanes].map(({ name, recorded }) => [name, recorded])).toEqual([['a', handled]]);
    expect([lanes.gapCount, lanes.isUnrecorded]).toEqual([1, false]);
  });

  it('are as many as there may be, and those that are known stay open', () => {
    for (let index = 0; index < LANES_MAX; index++) expect(lanes.open(`${index}`)).toBeDefined();
    expect([lanes.open('one more'), lanes.get('one more')]).toEqual([undefined, undefined]);
    expect(lanes.open('7')?.name).toBe('7');
  });

  it('count the gaps in what was handled, and those that will be when all is', () => {
    lanes.open('a')?.add(2);
    push('a', 4);
    push('b', 1, 2, 9);
    expect(lanes.gapCount).toBe(3);
    lanes.get('b')?.dropWaiting();
    lanes.get('a')?.begin();
    expect(lanes.gapCount).toBe(2);
    lanes.get('a')?.end(4);
    lanes.get('a')?.add(4);
    expect(lanes.gapCount).toBe(2);
    lanes.get('a')?.raiseFloor(4);
    expect(lanes.gapCount).toBe(0);
  });

  it('know whether something is not recorded', () => {
    lanes.open('a')?.add(1);
    expect(lanes.isUnrecorded).toBe(true);
  });
});
