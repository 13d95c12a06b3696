// The agent of these tests. It writes a line for every call of its handler, and one for everything that the handler did.

import { openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createAgent } from '@holdfast/agent';
import { tcpListener } from '@holdfast/agent/tcp';
import { systemRuntime } from '@holdfast/protocol';
import { lmdbStore } from '@holdfast/reliable-channel/lmdb';

const { folder, workMs = 0, isHeld = false, clockAheadMs = 0, agent: agentOptions } = JSON.parse(process.argv[2]);
const log = openSync(join(folder, 'agent-log'), 'a');
const write = (what, { number }, { id }) => writeSync(log, `${what} ${number} ${id}\n`);

let letGo = () => {};
/** While this is pending, handlers work and do not come to an end. */
let hold = isHeld ? new Promise((resolve) => (letGo = resolve)) : undefined;

const runtime = systemRuntime();
const agent = createAgent({
  listeners: [tcpListener({ port: 0 })],
  store: lmdbStore(join(folder, 'inbox')),
  runtime: {
    ...runtime,
    nowMs: () => runtime.nowMs() + clockAheadMs,
    wallClockMs: () => runtime.wallClockMs() + clockAheadMs,
  },
  ...agentOptions,
});
agent.on('reading', (data, message) => {
  write('called', data, message);
  if (workMs === 0 && hold === undefined) return write('done', data, message);
  process.send({ type: 'called', number: data.number });
  return Promise.all([pause(workMs), hold]).then(() => write('done', data, message));
});

const commands = {
  release: async () => {
    hold = undefined;
    letGo();
  },
  close: async () => {
    await agent.close();
    process.disconnect();
  },
};
process.on('message', ({ type }) => commands[type]());
const [listener] = await agent.listen();
process.send({ type: 'listening', port: listener.port });
