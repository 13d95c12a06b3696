import { expect, it } from 'vitest';
import { OutboxLane } from '../../src/core/outbox-lane.js';

const reopened = (record: { floor: number; next: number; reserved: number }, hasRecords = true): OutboxLane => {
  const totals = { messages: 0, loadedBytes: 0, bytes: 0 };
  const rest = { lane: '', failedSequence: 0, failures: 0 };
  return new OutboxLane({ ...record, ...rest }, { hasRecords, maxAgeMs: Number.POSITIVE_INFINITY, totals });
};

it('counts no numbers that were only reserved: an outbox that is opened again is not full of nothing', () => {
  const lane = reopened({ floor: 3, next: 1_034, reserved: 1_024 });
  expect([lane.messageCount, lane.nextSequence, lane.floor]).toEqual([7, 1_034, 3]);
  expect(lane.isSettled(9)).toBe(false);
  expect(lane.isSettled(10)).toBe(true);
});

it('has nothing waiting when the store has no batches', () => {
  const lane = reopened({ floor: 3, next: 1_034, reserved: 1_024 }, false);
  expect([lane.messageCount, lane.nextSequence, lane.floor]).toEqual([0, 1_034, 1_034]);
});

it('says in its record which numbers no batch has, also when it is opened again and again', () => {
  const lane = reopened({ floor: 1, next: 1, reserved: 0 });
  lane.takeNumber();
  lane.numbers.reserve();
  expect(lane.takeRecord()).toMatchObject({ floor: 1, next: 1_026, reserved: 1_025 });
  const again = reopened({ floor: 1, next: 1_026, reserved: 1_025 });
  expect(again.takeRecord()).toMatchObject({ floor: 1_026, next: 1_026, reserved: 1_025 });
});

it('writes its record with a batch that is stored late, under a number that was reserved', () => {
  const lane = reopened({ floor: 1, next: 1, reserved: 0 });
  lane.takeNumber();
  lane.numbers.reserve();
  lane.numbers.onRecorded(lane.takeRecord());
  expect(lane.numbers.isDirty).toBe(false);
  const batch = { lane: '', first: 1, count: 1, ordinal: 1, acceptedAtMs: 0, traits: [], settled: [] };
  lane.numbers.onWritten(batch.first);
  expect(lane.numbers.isDirty).toBe(true);
  expect(lane.takeRecord()).toMatchObject({ next: 1_026, reserved: 1_024 });
});
