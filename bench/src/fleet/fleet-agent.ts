// The agent of the fleet benchmark: counts what it has handled of each device.

import { createAgent } from '@holdfast/agent';
import { tcpListener } from '@holdfast/agent/tcp';
import { memoryStore } from '@holdfast/reliable-channel/memory';
import { answerRequests } from '../processes/child.js';
import { rssAnonBytes } from '../processes/memory.js';

/** For a fleet of thousands: each device's share of the queue is what it may have in flight. */
const AGENT_QUEUE_MAX_MESSAGES = 262_144;

const agent = createAgent({
  listeners: [tcpListener({ port: 0 })],
  store: memoryStore(),
  agentQueueMaxMessages: AGENT_QUEUE_MAX_MESSAGES,
});
const handled = new Map<string, number>();
agent.on('reading', (_data, { device }) => {
  handled.set(device, (handled.get(device) ?? 0) + 1);
});

answerRequests({
  listen: async () => (await agent.listen())[0]?.port,
  rssAnonBytes: () => {
    // Only with --expose-gc: what is garbage already is no memory of a device.
    globalThis.gc?.();
    return rssAnonBytes('self');
  },
  /** Messages handled since the last call, of each device that sent any. */
  takeHandled: () => {
    const counts = [...handled.values()];
    handled.clear();
    return counts;
  },
});
