// The metrics of an agent: its stats, read when the SDK collects, so they cost nothing in between.

import type { Attributes, Meter } from '@opentelemetry/api';
import type { AgentStats } from '../events.js';

type Figure = readonly [name: string, unit: string, description: string, of: (stats: AgentStats) => number];

/** What can go up and down. */
const GAUGES: readonly Figure[] = [
  [
    'holdfast.agent.connections',
    '{connection}',
    'Connections, those that are not let in yet included',
    (now) => now.connections,
  ],
  ['holdfast.agent.devices', '{device}', 'Devices that are connected', (now) => now.devices],
  ['holdfast.agent.queue.messages', '{message}', 'Messages that wait for handlers', (now) => now.queuedMessages],
  ['holdfast.agent.queue.size', 'By', 'Bytes of their data', (now) => now.queuedBytes],
  ['holdfast.agent.queue.oldest_age', 's', 'How long the oldest of them has waited', (now) => now.oldestWaitMs / 1_000],
  ['holdfast.agent.handlers.running', '{handler}', 'Handlers that have not ended', (now) => now.runningHandlers],
  ['holdfast.agent.overloaded', '1', '1 while the agent asks devices to come again', (now) => Number(now.isOverloaded)],
  [
    'holdfast.agent.outbox.messages',
    '{message}',
    'Messages to devices that are not settled',
    (now) => now.outboxMessages,
  ],
  ['holdfast.agent.outbox.size', 'By', 'Bytes of messages to devices that are not settled', (now) => now.outboxBytes],
  ['holdfast.agent.dead_letters', '{message}', 'Messages to devices given up and kept', (now) => now.deadLetters],
];

/** What only goes up. */
const COUNTERS: readonly Figure[] = [
  ['holdfast.agent.messages.received', '{message}', 'Plain messages received', (now) => now.receivedMessages],
  ['holdfast.agent.messages.handled', '{message}', 'Messages whose handler is done', (now) => now.handledMessages],
  ['holdfast.agent.messages.replied', '{message}', 'Messages whose handler answered', (now) => now.repliedMessages],
  ['holdfast.agent.messages.rejected', '{message}', 'Messages refused for good', (now) => now.rejectedMessages],
];

/** Measures an agent. Returns what ends it. @param stats - the agent's figures now */
export function measureAgent(meter: Meter, attributes: Attributes, stats: () => AgentStats): () => void {
  const gauges = GAUGES.map(([name, unit, description]) => meter.createObservableGauge(name, { unit, description }));
  const counters = COUNTERS.map(([name, unit, description]) =>
    meter.createObservableCounter(name, { unit, description }),
  );
  const unit = '{message}';
  const retried = meter.createObservableCounter('holdfast.agent.messages.retried', {
    unit,
    description: 'Messages that had to come again, by holdfast.reason',
  });
  const dropped = meter.createObservableCounter('holdfast.agent.messages.dropped', {
    unit,
    description: 'Plain messages that were lost here, by holdfast.reason',
  });
  const observe: Parameters<Meter['addBatchObservableCallback']>[0] = (result) => {
    const now = stats();
    for (const [index, gauge] of gauges.entries()) result.observe(gauge, GAUGES[index]?.[3](now) ?? 0, attributes);
    for (const [index, counter] of counters.entries()) {
      result.observe(counter, COUNTERS[index]?.[3](now) ?? 0, attributes);
    }
    for (const [reason, count] of Object.entries(now.retriedMessages)) {
      result.observe(retried, count, { ...attributes, 'holdfast.reason': reason });
    }
    for (const [reason, count] of Object.entries(now.droppedMessages)) {
      result.observe(dropped, count, { ...attributes, 'holdfast.reason': reason });
    }
  };
  const instruments = [...gauges, ...counters, retried, dropped];
  meter.addBatchObservableCallback(observe, instruments);
  return () => meter.removeBatchObservableCallback(observe, instruments);
}
