// The agent of the outbox benchmark: notes when the first message reached its handler.

import { createAgent } from '@holdfast/agent';
import { tcpListener } from '@holdfast/agent/tcp';
import { memoryStore } from '@holdfast/reliable-channel/memory';
import { answerRequests } from '../processes/child.js';

const agent = createAgent({ listeners: [tcpListener({ port: 0 })], store: memoryStore() });
const first = new Promise<number>((resolve) => {
  agent.on('reading', () => resolve(Date.now()));
});

answerRequests({
  listen: async () => (await agent.listen())[0]?.port,
  /** The wall clock when the first message was handled, in milliseconds since 1970. */
  firstAtMs: () => first,
});
