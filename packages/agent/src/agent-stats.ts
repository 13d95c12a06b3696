// Where an agent stands: what its parts have counted, and what every device in memory has to be asked for.

import type { Backpressure } from './backpressure.js';
import type { DeviceEntry } from './device-entry.js';
import type { AgentStats } from './events.js';
import type { PlainMessages } from './plain-messages.js';
import type { ReliableMessages } from './reliable-messages.js';

/** The parts of an agent that count. */
export interface CountingParts {
  readonly plain: PlainMessages;
  readonly reliable: ReliableMessages;
  readonly backpressure: Backpressure;
  readonly devices: Iterable<DeviceEntry>;
  readonly connectionCount: number;
}

/** The stats of an agent at `nowMs`. It looks at every device in memory. */
export function agentStats(
  nowMs: number,
  { plain, reliable, backpressure, devices, connectionCount }: CountingParts,
): AgentStats {
  let oldestSinceMs = plain.waitingSinceMs ?? Number.POSITIVE_INFINITY;
  let waitingBytes = 0;
  const sums = { keptResults: 0, outboxMessages: 0, outboxBytes: 0, deadLetters: 0 };
  for (const { receiving, sending } of devices) {
    oldestSinceMs = Math.min(oldestSinceMs, receiving.waitingSinceMs ?? oldestSinceMs);
    waitingBytes += receiving.waitingBytes;
    sums.keptResults += receiving.keptResults;
    const outbox = sending?.stats();
    sums.outboxMessages += outbox?.outboxMessages ?? 0;
    sums.outboxBytes += outbox?.outboxBytes ?? 0;
    sums.deadLetters += outbox?.deadLetters ?? 0;
  }
  return {
    connections: connectionCount,
    devices: backpressure.connectedCount,
    queuedMessages: plain.waitingCount + reliable.waitingCount,
    queuedBytes: plain.waitingBytes + waitingBytes,
    oldestWaitMs: Math.max(0, nowMs - oldestSinceMs),
    runningHandlers: plain.runningCount + reliable.runningCount,
    creditMessages: backpressure.creditMessages,
    ...sums,
    isOverloaded: backpressure.isOverloaded,
    isRestarting: backpressure.isRestarting,
    receivedMessages: plain.receivedCount,
    handledMessages: plain.handledCount + reliable.handledCount,
    repliedMessages: reliable.repliedCount,
    rejectedMessages: reliable.rejectedCount,
    retriedMessages: reliable.retried,
    droppedMessages: plain.dropped,
  };
}
