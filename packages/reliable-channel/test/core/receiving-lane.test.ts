import { beforeEach, describe, expect, it } from 'vitest';
import { type LaneTotals, type ReceivedMessage, ReceivingLane } from '../../src/core/index.js';

let totals: LaneTotals;
let lane: ReceivingLane;

beforeEach(() => {
  totals = { waiting: 0, waitingBytes: 0, running: 0, gaps: 0 };
  lane = new ReceivingLane('a', totals);
});

function push(...sequences: readonly number[]): void {
  for (const sequence of sequences) lane.push(message(sequence), 100 + sequence);
}

function message(sequence: number): ReceivedMessage {
  const data = new Uint8Array(10);
  return { epoch: '00000000000000aa', lane: 'a', sequence, name: 'm', headers: undefined, data, attempt: 1 };
}

describe('a receiving lane', () => {
  it('gives one message at a time, in order', () => {
    push(1, 2, 3);
    expect([lane.begin()?.sequence, lane.isRunning, lane.end(2), lane.end(1)]).toEqual([1, true, false, true]);
    expect([lane.begin()?.sequence, totals.waiting, totals.running]).toEqual([2, 1, 1]);
  });

  it('is empty when it holds nothing', () => {
    expect([lane.isEmpty, lane.begin(), lane.end(1)]).toEqual([true, undefined, false]);
    push(1);
    lane.begin();
    expect(lane.isEmpty).toBe(false);
    lane.end(1);
    expect(lane.isEmpty).toBe(true);
  });

  it('knows what it holds, what is with the handler included', () => {
    push(4, 5, 7);
    lane.begin();
    expect([3, 4, 5, 7, 8].map((sequence) => lane.holds(sequence))).toEqual([false, true, true, true, false]);
  });

  it('takes a message that nothing comes before, or what comes before is handled or the last it holds', () => {
    lane.add(1);
    push(2, 3);
    lane.begin();
    expect([lane.isNext(4, 3), lane.isNext(4, 1), lane.isNext(4, 0), lane.isNext(4, 2)]).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect([lane.isNext(3, 0), lane.isNext(2, 1)]).toEqual([false, false]);
  });

  it('knows where a gap opens: behind what it holds, or what was handled', () => {
    expect([lane.opensGap(1), lane.opensGap(2)]).toEqual([false, true]);
    lane.add(5);
    expect([lane.opensGap(1), lane.opensGap(6), lane.opensGap(7)]).toEqual([false, false, true]);
    push(7);
    expect([lane.opensGap(8), lane.opensGap(9), totals.gaps]).toEqual([false, true, 1]);
  });

  it('drops what waits, and leaves what is with the handler', () => {
    push(1, 2, 3);
    lane.begin();
    expect([lane.dropWaiting(), lane.dropWaiting(), lane.isRunning]).toEqual([2, undefined, true]);
    expect(totals).toEqual({ waiting: 0, waitingBytes: 0, running: 1, gaps: 0 });
  });

  it('counts everything below the floor as handled and recorded, and drops what waits there', () => {
    push(1, 2, 3, 4);
    lane.begin();
    lane.raiseFloor(4);
    expect([lane.holds(1), lane.holds(3), lane.holds(4)]).toEqual([true, false, true]);
    expect([lane.recorded.cumulative, lane.handled.cumulative, lane.isUnrecorded]).toEqual([3, 3, false]);
    lane.raiseFloor(2);
    expect(lane.recorded.cumulative).toBe(3);
  });

  it('says what is recorded, with the floor of by then', () => {
    lane.add(1);
    lane.add(2);
    expect([lane.recorded.cumulative, lane.isUnrecorded]).toEqual([0, true]);
    const snapshot = lane.handled.snapshot(10);
    lane.raiseFloor(6);
    lane.onRecorded(snapshot);
    expect(lane.recorded.cumulative).toBe(5);
  });

  it('has nothing new to record when a number was handled before', () => {
    lane.add(1);
    lane.isUnrecorded = false;
    lane.add(1);
    expect(lane.isUnrecorded).toBe(false);
  });
});
