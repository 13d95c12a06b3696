import { ProtocolError } from '@holdfast/protocol/core';
import { describe, expect, it } from 'vitest';
import { batchRunOf, decodeMark, encodeBatch, encodeMark, markKey, markKeys } from '../../src/core/index.js';

const EPOCH = '0123456789abcdef';
const MARK = {
  tab: 'tab-1',
  runs: [
    { first: 1, count: 3, lane: '', sequence: 70_000, epoch: EPOCH },
    { first: 4, count: 1, lane: 'alarms', sequence: 1, epoch: EPOCH },
  ],
};

describe('the record of a mark', () => {
  it('comes back as it was', () => {
    expect(decodeMark(encodeMark(MARK))).toEqual(MARK);
    expect(decodeMark(encodeMark({ tab: 't', runs: [] }))).toEqual({ tab: 't', runs: [] });
  });

  it('that was cut short is a ProtocolError, or has lost whole runs', () => {
    const bytes = encodeMark(MARK);
    const cuts = Array.from(bytes, (_, length) => decodeMark(bytes.subarray(0, length)));
    expect(cuts.filter((mark) => !(mark instanceof ProtocolError))).toEqual([
      { tab: 'tab-1', runs: [] },
      { tab: 'tab-1', runs: MARK.runs.slice(0, 1) },
    ]);
  });

  it('of another version, and one that counts from 0, are ProtocolErrors', () => {
    const bytes = encodeMark(MARK);
    bytes[0] = 99;
    expect(decodeMark(bytes)).toMatchObject({ code: 'VERSION_UNSUPPORTED' });
    const zero = encodeMark({ tab: 't', runs: [{ first: 0, count: 1, lane: '', sequence: 1, epoch: EPOCH }] });
    expect(decodeMark(zero)).toMatchObject({ code: 'FRAME_MALFORMED' });
  });

  it('has a key in the order of its numbers, among those of its outbox', () => {
    const { from, to } = markKeys('outbox');
    const keys = [markKey('outbox', 'a', 1), markKey('outbox', 'a', 300), markKey('outbox', 'b/c', 2)];
    expect(keys).toEqual([...keys].sort());
    for (const key of keys) expect(key >= from && key < to).toBe(true);
  });
});

describe('the messages in the record of a batch', () => {
  it('are found without reading all of it', () => {
    const batch = encodeBatch({
      ...{ lane: 'alarms', first: 300, count: 2, ordinal: 1, acceptedAtMs: 0, importance: 'critical' },
      ...{ traits: [], settled: [], entries: new Uint8Array(8), ends: Uint32Array.of(4, 8) },
    });
    expect(batchRunOf(batch)).toEqual({ lane: 'alarms', first: 300, last: 301 });
    expect(batchRunOf(batch.subarray(0, 5))).toBeUndefined();
  });
});
