import { createAgent } from '@holdfast/agent';
import { memoryListener } from '@holdfast/agent/memory';
import { memoryStore } from '@holdfast/reliable-channel/memory';
import { createTransport, systemRuntime } from '@holdfast/transport';
import { createMemoryNetwork } from '@holdfast/transport/memory';
import { expect, it } from 'vitest';
import { PlainTransmitter } from '../../src/demo/plain-transmitter.js';

it.each([
  ['WAIT_TIL_SENT', false],
  ['WAIT_FOR_ACK', true],
])('keeps a reading until send answers 0, across a cut (%s)', async (_, waitForAck) => {
  const network = createMemoryNetwork({ runtime: systemRuntime(), latencyMs: 1 });
  const agent = createAgent({ listeners: [memoryListener(network)], store: memoryStore() });
  const got = new Set<unknown>();
  agent.on('reading', (data) => got.add(data));
  await agent.listen();
  const transport = createTransport({ deviceId: 'press-7', link: network.link() });
  const transmitter = new PlainTransmitter(transport, waitForAck, (index) => ['reading', index]);
  for (let index = 0; index < 100; index++) transmitter.add(index);
  await expect.poll(() => got.size).toBeGreaterThan(20);
  network.cut();
  for (let index = 100; index < 200; index++) transmitter.add(index);
  await transmitter.finished();
  expect(transmitter.accepted).toBe(200);
  // What the cut took with it may be lost; what came behind it is not.
  await expect.poll(() => [...got].filter((index) => Number(index) >= 100).length).toBe(100);
  await transport.disconnect();
  await agent.close();
});
