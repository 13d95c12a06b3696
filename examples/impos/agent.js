#!/usr/bin/env node
// @ts-check
// The agent of the example programs: says what arrives.
//   node examples/impos/agent.js --port 7400

import { parseArgs } from 'node:util';
import { createAgent } from '@holdfast/agent';
import { imposDevice } from '@holdfast/agent/impos';
import { tcpListener } from '@holdfast/agent/tcp';
import { memoryStore } from '@holdfast/reliable-channel/memory';

const { values } = parseArgs({
  options: { port: { type: 'string', default: '7400' }, device: { type: 'string', default: 'imp' } },
});
const agent = createAgent({ listeners: [tcpListener({ port: Number(values.port) })], store: memoryStore() });
const device = imposDevice(agent, values.device);
device.onconnect(() => console.log('device connected'));
device.ondisconnect(() => console.log('device disconnected'));
device.on('data', (data) => console.log(`data: ${describe(data)}`));
device.on('blob', (blob) => console.log(`blob: ${describe(blob)}`));
device.on('message', (text) => console.log(`message: ${describe(text)}`));
for (const listener of await agent.listen()) console.log(`listening on ${listener.address}`);
process.once('SIGINT', () => void agent.close());

/** A blob by its size and first byte, anything else as it is. @param {unknown} data */
function describe(data) {
  return data instanceof Uint8Array ? `${data.length} bytes, each ${data[0]}` : data;
}
