// The agent of one way, in a process of its own. What its handler does lies in reading-recorder.ts.

import { createAgent } from '@holdfast/agent';
import { tcpListener } from '@holdfast/agent/tcp';
import { lmdbStore } from '@holdfast/reliable-channel/lmdb';
import { DEMO_CONNECTION, READING_NAME } from '../demo-settings.js';
import {
  type AgentSettings,
  endWithConductor,
  processSettings,
  type ToAgent,
  tellConductor,
} from '../process-messages.js';
import { ReadingRecorder } from '../reading-recorder.js';

/** Small, so that an overload is one. */
const QUEUE_MAX_MESSAGES = 200;
const PROGRESS_MS = 100;

const { file, inbox } = processSettings<AgentSettings>();
const recorder = new ReadingRecorder(file);
const agent = createAgent({
  listeners: [tcpListener({ port: 0 })],
  store: lmdbStore(inbox),
  agentQueueMaxMessages: QUEUE_MAX_MESSAGES,
  connection: DEMO_CONNECTION,
});
agent.on(READING_NAME, (data, { id }) => recorder.handle(data, id));

const [listener] = await agent.listen();
const timer = setInterval(() => {
  tellConductor({ type: 'progress', delivered: recorder.count, queued: agent.stats().queuedMessages });
}, PROGRESS_MS);
process.on('message', async (message: ToAgent) => {
  if (message.type === 'slow') recorder.slowDown(message.handlerMs);
  else {
    clearInterval(timer);
    await agent.close();
    recorder.close();
    process.exit();
  }
});
endWithConductor();
tellConductor({ type: 'listening', port: listener?.port as number });
