import { metrics } from '@opentelemetry/api';
import { expect, it } from 'vitest';
import type { ChannelStats } from '../../src/index.js';
import { measureChannel } from '../../src/telemetry/channel-metrics.js';
import { openTelemetryRig } from './open-telemetry-rig.js';

const STATS: ChannelStats = {
  state: 'open',
  nextSequence: 9,
  outboxMessages: 1,
  outboxBytes: 2,
  oldestAgeMs: 3_000,
  lanes: [],
  inFlightMessages: 4,
  roundTripMs: 50,
  deadLetters: 6,
  deadLetterBytes: 7,
  acceptedMessages: 8,
  attempts: 9,
  acknowledgedMessages: 10,
  rejectedMessages: 11,
  expiredMessages: 12,
  cancelledMessages: 13,
  evictedMessages: 35,
  evictedBy: { outboxFull: 1, storeFailed: 2, notSendable: 4, replaced: 8, tooOld: 16, unreadable: 4 },
  droppedDeadLetters: 14,
  quarantinedRecords: 15,
};

it('measures every figure, until it is ended', async () => {
  const rig = openTelemetryRig();
  let stats = STATS;
  const end = measureChannel(metrics.getMeter('test'), { site: 1 }, () => stats);
  const { 'holdfast.messages.ended': ended, ...others } = await rig.collect();
  const values = Object.fromEntries(Object.entries(others).map(([name, points]) => [name, points[0]?.value]));
  expect(values).toEqual({
    'holdfast.outbox.messages': 1,
    'holdfast.outbox.size': 2,
    'holdfast.outbox.oldest_age': 3,
    'holdfast.channel.in_flight': 4,
    'holdfast.channel.round_trip': 0.05,
    'holdfast.dead_letters': 6,
    'holdfast.dead_letters.size': 7,
    'holdfast.messages.accepted': 8,
    'holdfast.attempts': 9,
    'holdfast.dead_letters.dropped': 14,
    'holdfast.store.quarantined': 15,
  });
  const byEnd = (ended ?? []).map(({ value, attributes }) => [
    Object.values(attributes as Record<string, unknown>)
      .slice(1)
      .join(' '),
    value,
  ]);
  expect(Object.fromEntries(byEnd)).toEqual({
    acknowledged: 10,
    rejected: 11,
    expired: 12,
    cancelled: 13,
    'evicted outboxFull': 1,
    'evicted storeFailed': 2,
    'evicted notSendable': 4,
    'evicted replaced': 8,
    'evicted tooOld': 16,
    'evicted unreadable': 4,
  });
  stats = { ...STATS, roundTripMs: undefined, outboxMessages: 0 };
  const later = await rig.collect();
  expect(later['holdfast.outbox.messages']).toEqual([{ value: 0, attributes: { site: 1 } }]);
  end();
  stats = { ...STATS, outboxMessages: 77 };
  // The SDK goes on to say what it knew last.
  expect((await rig.collect())['holdfast.outbox.messages']).toEqual([{ value: 0, attributes: { site: 1 } }]);
});
