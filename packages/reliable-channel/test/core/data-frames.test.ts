import { DATA_MESSAGES_MAX, decodeEntries, encodeEntry } from '@holdfast/protocol/core';
import { describe, expect, it } from 'vitest';
import { nextDataFrame, Outbox } from '../../src/core/index.js';

const BOUNDS = { maxMessages: 1_000_000, maxBytes: 1_000_000 };

/** An outbox with these messages stored, so many in each batch; the message is its number. */
function outboxOf(count: number, batchMaxMessages: number): Outbox {
  const bounds = { outboxMaxMessages: 1e6, outboxMaxBytes: 1e9, loadedMaxBytes: 1e9, batchMaxBytes: 1e6 };
  const meta = { epoch: '0123456789abcdef', floor: 1, next: 1, bytes: 0 };
  const outbox = new Outbox({ keyPrefix: 'outbox', batchMaxMessages, ...bounds }, meta);
  for (let sequence = 1; sequence <= count; sequence++) outbox.collect(entry(sequence));
  outbox.beginCommit();
  outbox.onCommitted();
  return outbox;
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
    const frame = nextDataFrame(outboxOf(7, 3), 2, BOUNDS);
    expect(frame).toMatchObject({
      first: 2,
      count: 6,
      after: 1,
      floor: 1,
      attempt: 1,
      lane: '',
      epoch: '0123456789abcdef',
    });
    expect(numbersIn(frame)).toEqual([2, 3, 4, 5, 6, 7]);
  });

  it('keeps both bounds, and ends within a batch when it must', () => {
    const outbox = outboxOf(7, 3);
    expect(numbersIn(nextDataFrame(outbox, 1, { ...BOUNDS, maxMessages: 4 }))).toEqual([1, 2, 3, 4]);
    expect(numbersIn(nextDataFrame(outbox, 1, { ...BOUNDS, maxBytes: 50 }))).toEqual([1, 2, 3, 4, 5]);
    expect(numbersIn(nextDataFrame(outbox, 1, { ...BOUNDS, maxBytes: 49 }))).toEqual([1, 2, 3, 4]);
  });

  it('holds its first message even when that alone is too large', () => {
    expect(numbersIn(nextDataFrame(outboxOf(3, 3), 2, { maxMessages: 1, maxBytes: 1 }))).toEqual([2]);
  });

  it('never holds more messages than the protocol allows', () => {
    const outbox = outboxOf(DATA_MESSAGES_MAX + 5, 100);
    expect(nextDataFrame(outbox, 1, BOUNDS).count).toBe(DATA_MESSAGES_MAX);
  });

  it('ends where a message is settled, and the next one says which it follows', () => {
    const outbox = outboxOf(9, 3);
    outbox.settle({ cumulative: 1, ranges: [{ first: 4, last: 6 }] });
    const frame = nextDataFrame(outbox, 2, BOUNDS);
    expect(frame).toMatchObject({ first: 2, count: 2, after: 0, floor: 2 });
    expect(nextDataFrame(outbox, 7, BOUNDS)).toMatchObject({ first: 7, count: 3, after: 3 });
  });

  it('counts the attempts of every message in it and tells that of the first', () => {
    const outbox = outboxOf(4, 2);
    nextDataFrame(outbox, 3, BOUNDS);
    expect(nextDataFrame(outbox, 2, BOUNDS).attempt).toBe(1);
    expect(nextDataFrame(outbox, 2, BOUNDS).attempt).toBe(2);
    expect(nextDataFrame(outbox, 4, BOUNDS).attempt).toBe(4);
  });

  it('takes the bytes as they are: one piece of one batch is not copied', () => {
    const outbox = outboxOf(3, 3);
    const stored = outbox.batchOf(1)?.entries;
    expect(nextDataFrame(outbox, 1, BOUNDS).entries.buffer).toBe(stored?.buffer);
  });
});
