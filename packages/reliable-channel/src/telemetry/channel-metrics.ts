// The metrics of a channel: its stats, read when the SDK collects, so they cost nothing in between.

import type { Attributes, Meter } from '@opentelemetry/api';
import type { ChannelStats } from '../channel-events.js';

const SECOND_MS = 1_000;

/** Measures a channel. Returns what ends it. @param stats - the channel's figures now */
export function measureChannel(meter: Meter, attributes: Attributes, stats: () => ChannelStats): () => void {
  const message = '{message}';
  const messages = meter.createObservableGauge('holdfast.outbox.messages', {
    unit: message,
    description: 'Messages that are not settled',
  });
  const bytes = meter.createObservableGauge('holdfast.outbox.size', {
    unit: 'By',
    description: 'Bytes of messages that are not settled',
  });
  const oldest = meter.createObservableGauge('holdfast.outbox.oldest_age', {
    unit: 's',
    description: 'How long the oldest message in memory has waited',
  });
  const inFlight = meter.createObservableGauge('holdfast.channel.in_flight', {
    unit: message,
    description: 'Messages sent and not acknowledged',
  });
  const roundTrip = meter.createObservableGauge('holdfast.channel.round_trip', {
    unit: 's',
    description: 'Smoothed time from sending to the agent ack',
  });
  const dead = meter.createObservableGauge('holdfast.dead_letters', {
    unit: message,
    description: 'Messages given up and kept',
  });
  const deadBytes = meter.createObservableGauge('holdfast.dead_letters.size', {
    unit: 'By',
    description: 'Bytes of messages given up and kept',
  });
  const accepted = meter.createObservableCounter('holdfast.messages.accepted', {
    unit: message,
    description: 'Messages that send has taken',
  });
  const attempts = meter.createObservableCounter('holdfast.attempts', {
    unit: '{attempt}',
    description: 'Messages sent, those sent again included',
  });
  const ended = meter.createObservableCounter('holdfast.messages.ended', {
    unit: message,
    description: 'Messages that ended, by holdfast.status and holdfast.cause',
  });
  const dropped = meter.createObservableCounter('holdfast.dead_letters.dropped', {
    unit: message,
    description: 'Dead letters that made room for others',
  });
  const quarantined = meter.createObservableCounter('holdfast.store.quarantined', {
    unit: '{record}',
    description: 'Records that could not be read',
  });
  const instruments = [
    messages,
    bytes,
    oldest,
    inFlight,
    roundTrip,
    dead,
    deadBytes,
    accepted,
    attempts,
    ended,
    dropped,
    quarantined,
  ];
  const observe: Parameters<Meter['addBatchObservableCallback']>[0] = (result) => {
    const now = stats();
    result.observe(messages, now.outboxMessages, attributes);
    result.observe(bytes, now.outboxBytes, attributes);
    result.observe(oldest, now.oldestAgeMs / SECOND_MS, attributes);
    result.observe(inFlight, now.inFlightMessages, attributes);
    if (now.roundTripMs !== undefined) result.observe(roundTrip, now.roundTripMs / SECOND_MS, attributes);
    result.observe(dead, now.deadLetters, attributes);
    result.observe(deadBytes, now.deadLetterBytes, attributes);
    result.observe(accepted, now.acceptedMessages, attributes);
    result.observe(attempts, now.attempts, attributes);
    result.observe(dropped, now.droppedDeadLetters, attributes);
    result.observe(quarantined, now.quarantinedRecords, attributes);
    const observeEnded = (status: string, count: number, cause?: string): void => {
      const which = {
        ...attributes,
        'holdfast.status': status,
        ...(cause !== undefined && { 'holdfast.cause': cause }),
      };
      result.observe(ended, count, which);
    };
    observeEnded('acknowledged', now.acknowledgedMessages);
    observeEnded('rejected', now.rejectedMessages);
    observeEnded('expired', now.expiredMessages);
    observeEnded('cancelled', now.cancelledMessages);
    for (const [cause, count] of Object.entries(now.evictedBy)) observeEnded('evicted', count, cause);
  };
  meter.addBatchObservableCallback(observe, instruments);
  return () => meter.removeBatchObservableCallback(observe, instruments);
}
