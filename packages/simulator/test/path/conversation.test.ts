// The real transport, channel and agent over the simulated path.

import { createAgent } from '@holdfast/agent';
import { memoryListener } from '@holdfast/agent/memory';
import { type Delivery, openReliableChannel } from '@holdfast/reliable-channel';
import { memoryStore } from '@holdfast/reliable-channel/memory';
import { createTransport, SEND_OK, type SendCode } from '@holdfast/transport';
import { describe, expect, it } from 'vitest';
import type { PathParameterChoices } from '../../src/path/parameters.js';
import { createSimulatedNetwork } from '../../src/path/simulated-network.js';
import { createVirtualRuntime } from '../../src/virtual-runtime.js';

async function converse(seed: number, parameters: PathParameterChoices = {}) {
  const runtime = createVirtualRuntime({ seed });
  const network = createSimulatedNetwork({ runtime, seed, parameters });
  const agent = createAgent({ listeners: [memoryListener(network)], store: memoryStore(), runtime });
  const handled: unknown[] = [];
  agent.on('reading', (data) => {
    handled.push(data);
  });
  await agent.listen();
  const transport = createTransport({ deviceId: 'press-7', link: network.device('press-7').link(), runtime });
  const channel = await openReliableChannel({ transport, store: memoryStore() });
  const isConnected = await runtime.runUntil(() => agent.stats().devices === 1, { limitMs: 60_000 });
  expect(isConnected, `seed ${seed}`).toBe(true);
  return { runtime, network, agent, handled, transport, channel };
}

describe('a conversation', () => {
  it('settles everything through a tenth of loss, resets and a restarted server', async () => {
    const lossy: PathParameterChoices = { router: { loss: { probability: 0.1 }, reorderProbability: 0.05 } };
    for (const seed of [1, 2, 3]) {
      const { runtime, network, handled, channel } = await converse(seed, lossy);
      const deliveries: Delivery[] = [];
      for (let minute = 0; minute < 10; minute += 1) {
        for (let i = 0; i < 20; i += 1) deliveries.push(channel.send('reading', deliveries.length + 1));
        await runtime.advance(60_000);
        if (minute === 3) network.server.reset();
        if (minute === 5) network.server.powerOff(5_000);
        if (minute === 7) network.device('press-7').chip.powerOff(5_000);
      }
      await runtime.runUntil(() => channel.stats().outboxMessages === 0, { limitMs: 300_000 });
      expect(
        deliveries.map(({ outcome }) => outcome?.status),
        `seed ${seed}`,
      ).toEqual(deliveries.map(() => 'acknowledged'));
      expect(handled, `seed ${seed}`).toEqual(deliveries.map((_, index) => index + 1));
    }
  });

  it('S7 a full chip fills the send buffer, and senders wait until there is room', async () => {
    const { runtime, network, transport, handled } = await converse(1);
    await runtime.advance(5_000);
    network.router.stick(15_000);
    const codes: (SendCode | undefined)[] = [];
    for (let i = 0; i < 16; i += 1) {
      codes.push(undefined);
      void transport.send('reading', 'x'.repeat(1_000)).then((code) => {
        codes[i] = code;
      });
    }
    await runtime.advance(14_000);
    const held = network.heldBytes('chip', 'press-7');
    expect(held).toBeGreaterThan(5_840 - 576);
    // The chip's 5,760 and the send buffer's 3,456 bytes have room for nine messages; the other seven wait.
    expect(codes).toEqual(codes.map((_, index) => (index < 9 ? SEND_OK : undefined)));
    expect(handled).toEqual([]);
    await runtime.advance(20_000);
    expect(codes).toEqual(codes.map(() => SEND_OK));
    expect(handled).toHaveLength(16);
  });

  it('notices a silent access point by its keepalive, within 105 seconds', async () => {
    const { runtime, network, transport } = await converse(1);
    await runtime.advance(5_000);
    const startMs = runtime.nowMs();
    network.accessPoint.powerOff(3_600_000);
    const ended: { atMs: number; type: string }[] = [];
    transport.observe(({ type }) => {
      if (type === 'disconnected') ended.push({ atMs: runtime.nowMs() - startMs, type });
    });
    await runtime.advance(200_000);
    expect(ended).toHaveLength(1);
    expect(ended[0]?.atMs).toBeLessThanOrEqual(105_000);
    expect(ended[0]?.atMs).toBeGreaterThan(90_000);
  });
});
