import { beforeEach, describe, expect, it } from 'vitest';
import { type ReceivedMessage, ReceivingLanes } from '../../src/core/index.js';

function message(lane: string, sequence: number, bytes = 10): ReceivedMessage {
  return { epoch: '00000000000000aa', sequence, lane, name: 'm', data: new Uint8Array(bytes), attempt: 1 };
}

describe('receiving lanes', () => {
  let lanes: ReceivingLanes;

  beforeEach(() => {
    lanes = new ReceivingLanes();
  });

  function counts(): number[] {
    return [lanes.waitingCount, lanes.waitingBytes, lanes.pendingCount, lanes.names.length];
  }

  it('give one message of a lane at a time, in order', () => {
    for (const sequence of [1, 2, 3]) lanes.push(message('a', sequence));
    expect(lanes.begin('a')?.sequence).toBe(1);
    expect(lanes.begin('a')).toBeUndefined();
    expect(lanes.end(1)).toBe('a');
    expect(lanes.begin('a')?.sequence).toBe(2);
    expect(counts()).toEqual([1, 10, 2, 1]);
  });

  it('keep nothing of a lane that holds nothing', () => {
    lanes.push(message('a', 1));
    lanes.begin('a');
    lanes.end(1);
    expect(lanes.begin('a')).toBeUndefined();
    expect([counts(), lanes.begin('b'), lanes.end(1)]).toEqual([[0, 0, 0, 0], undefined, undefined]);
  });

  it('know what a lane holds, what is with the handler included', () => {
    for (const sequence of [4, 5, 7]) lanes.push(message('a', sequence));
    lanes.begin('a');
    expect([3, 4, 5, 7, 8].map((sequence) => lanes.has('a', sequence))).toEqual([false, true, true, true, false]);
    expect([lanes.has('b', 4), lanes.lastOf('a'), lanes.lastOf('b')]).toEqual([false, 7, 0]);
    lanes.dropWaiting('a');
    expect(lanes.lastOf('a')).toBe(4);
  });

  it('drop what waits, and leave what is with the handler', () => {
    for (const sequence of [1, 2, 3]) lanes.push(message('a', sequence));
    lanes.begin('a');
    expect(lanes.dropWaiting('a')).toBe(2);
    expect([counts(), lanes.dropWaiting('a'), lanes.dropWaiting('b')]).toEqual([[0, 0, 1, 1], undefined, undefined]);
    lanes.push(message('b', 9));
    expect(lanes.dropWaiting('b')).toBe(9);
    expect(lanes.names).toEqual(['a']);
  });

  it('drop what waits below a number', () => {
    for (const sequence of [1, 2, 3, 4]) lanes.push(message('a', sequence));
    lanes.begin('a');
    lanes.dropBelow(4);
    expect([counts(), lanes.has('a', 1), lanes.has('a', 3)]).toEqual([[1, 10, 2, 1], true, false]);
  });

  it('forget everything', () => {
    for (const sequence of [1, 2]) lanes.push(message('a', sequence));
    lanes.begin('a');
    lanes.clear();
    expect([counts(), lanes.end(1)]).toEqual([[0, 0, 0, 0], undefined]);
  });
});
