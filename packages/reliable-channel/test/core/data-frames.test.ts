import { DATA_MESSAGES_MAX, type DataFrame, decodeEntries, encodeEntry } from '@holdfast/protocol/core';
import { describe, expect, it } from 'vitest';
import { NO_DEAD_LETTERS, NO_TRAITS, nextDataFrame, Outbox, type OutboxLane } from '../../src/core/index.js';
import { SMALL_SENDER } from '../support/sending-world.js';

const BOUNDS = { maxMessages: 1_000_000, maxBytes: 1_000_000 };

const EPOCH = '0123456789abcdef';

/** A lane with these messages stored, so many in each batch; the message is its number. */
function laneOf(count: number, batchMaxMessages: number): { outbox: Outbox; lane: OutboxLane } {
  const sizes = {
    batchMaxMessages,
    batchMaxBytes: 1e6,
    outboxMaxMessages: 1e6,
    outboxMaxBytes: 1e9,
    loadedMaxBytes: 1e9,
  };
  const meta = { epoch: EPOCH, ordinal: 1, bytes: 0, ageMs: 0, wallMs: 0 };
  const outbox = new Outbox({ ...SMALL_SENDER, ...sizes }, { meta, lanes: [], deadLetters: NO_DEAD_LETTERS });
  const rest = { lane: 'alarms', importance: 'critical', traits: NO_TRAITS } as const;
  for (let sequence = 1; sequence <= count; sequence++) outbox.collect({ ...rest, entry: entry(sequence) }, 0);
  outbox.routeCollected(() => false, false);
  outbox.beginCommit(0, 0);
  outbox.onCommitted();
  return { outbox, lane: outbox.lane('alarms') as OutboxLane };
}

function frameOf(lane: OutboxLane, first: number, bounds = BOUNDS): DataFrame {
  return nextDataFrame(lane, EPOCH, first, bounds);
}

/** Ten bytes for numbers below 2^32. */
function entry(number: number): Uint8Array {
  const data = new Uint8Array(5);
  new DataView(data.buffer).setUint32(1, number);
  return encodeEntry('mm', data);
}

function numbersIn(frame: { readonly entries: Uint8Array; readonly count: number }): number[] {
  return decodeEntries(frame.entries, frame.count).map(({ data }) =>
    new DataView(data.buffer, data.byteOffset).getUint32(1),
  );
}

describe('a data frame', () => {
  it('holds everything from its first message on, across batches', () => {
    const frame = frameOf(laneOf(7, 3).lane, 2);
    expect(frame).toMatchObject({
      first: 2,
      count: 6,
      after: 1,
      floor: 1,
      attempt: 1,
      lane: 'alarms',
      epoch: '0123456789abcdef',
    });
    expect(numbersIn(frame)).toEqual([2, 3, 4, 5, 6, 7]);
  });

  it('keeps both bounds, and ends within a batch when it must', () => {
    const { lane } = laneOf(7, 3);
    expect(numbersIn(frameOf(lane, 1, { ...BOUNDS, maxMessages: 4 }))).toEqual([1, 2, 3, 4]);
    expect(numbersIn(frameOf(lane, 1, { ...BOUNDS, maxBytes: 50 }))).toEqual([1, 2, 3, 4, 5]);
    expect(numbersIn(frameOf(lane, 1, { ...BOUNDS, maxBytes: 49 }))).toEqual([1, 2, 3, 4]);
  });

  it('holds its first message even when that alone is too large', () => {
    expect(numbersIn(frameOf(laneOf(3, 3).lane, 2, { maxMessages: 1, maxBytes: 1 }))).toEqual([2]);
  });

  it('never holds more messages than the protocol allows', () => {
    const { lane } = laneOf(DATA_MESSAGES_MAX + 5, 100);
    expect(frameOf(lane, 1).count).toBe(DATA_MESSAGES_MAX);
  });

  it('ends where a message is settled, and the next one says which it follows', () => {
    const { outbox, lane } = laneOf(9, 3);
    outbox.settle(lane, { cumulative: 1, ranges: [{ first: 4, last: 6 }] });
    // What is settled is certain when the store knows it.
    expect(frameOf(lane, 2)).toMatchObject({ first: 2, count: 2, after: 0, floor: 1 });
    outbox.beginCommit(0, 0);
    outbox.onCommitted();
    expect(frameOf(lane, 7)).toMatchObject({ first: 7, count: 3, after: 3, floor: 2 });
  });

  it('counts the attempts of every message in it and tells that of the first', () => {
    const { lane } = laneOf(4, 2);
    frameOf(lane, 3);
    expect(frameOf(lane, 2).attempt).toBe(1);
    expect(frameOf(lane, 2).attempt).toBe(2);
    expect(frameOf(lane, 4).attempt).toBe(4);
  });

  it('takes the bytes as they are: one piece of one batch is not copied', () => {
    const { lane } = laneOf(3, 3);
    const stored = lane.batchOf(1)?.entries;
    expect(frameOf(lane, 1).entries.buffer).toBe(stored?.buffer);
  });
});
