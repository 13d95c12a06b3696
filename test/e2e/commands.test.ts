// Goal: what an agent sends to a device has the guarantees of what a device sends to its agent. Method: commands to a device that
// is away, that has never been there, and whose link is cut again and again, over real TCP, from a durable store.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Agent, createAgent } from '@holdfast/agent';
import { tcpListener } from '@holdfast/agent/tcp';
import { openReliableChannel, type ReliableChannel } from '@holdfast/reliable-channel';
import { lmdbStore } from '@holdfast/reliable-channel/lmdb';
import { pick, seededRandom } from '@holdfast/simulator';
import { type ChaosProxy, startChaosProxy } from '@holdfast/simulator/chaos-proxy';
import { createTransport, type Transport } from '@holdfast/transport';
import { tcp } from '@holdfast/transport/tcp';
import { expect, onTestFinished, test } from 'vitest';

const DEVICE = 'press-7';
const SEED = Number(process.env.HOLDFAST_SEED ?? 1);
const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-commands-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** An agent on a store of its own; whoever closes it may start another one on the same store. */
async function startAgent(folder: string): Promise<{ agent: Agent; port: number }> {
  const agent = createAgent({ listeners: [tcpListener({ port: 0 })], store: lmdbStore(join(folder, 'agent')) });
  onTestFinished(() => agent.close());
  const [listener] = await agent.listen();
  return { agent, port: listener?.port as number };
}

interface Device {
  readonly channel: ReliableChannel;
  readonly transport: Transport;
  /** The data that handlers got, in order. */
  readonly got: unknown[];
}

/** A device whose handler answers with twice the number that it got. */
async function startDevice(folder: string, port: number): Promise<Device> {
  const transport = createTransport({
    deviceId: DEVICE,
    link: tcp({ host: '127.0.0.1', port }),
    reconnectBackoff: { minMs: 10, maxMs: 50 },
  });
  const channel = await openReliableChannel({ transport, store: lmdbStore(join(folder, 'device')) });
  const got: unknown[] = [];
  channel.on('double', (number: number) => {
    got.push(number);
    return 2 * number;
  });
  onTestFinished(async () => {
    await channel.close();
    await transport.disconnect();
  });
  return { channel, transport, got };
}

async function startProxy(port: number): Promise<ChaosProxy> {
  const proxy = await startChaosProxy({ target: { host: '127.0.0.1', port } });
  onTestFinished(() => proxy.close());
  return proxy;
}

test('commands to a device that was never there wait for it, also through a restart of the agent', async () => {
  const folder = temporaryFolder();
  const first = await startAgent(folder);
  for (const number of numbers(100)) {
    const delivery = await first.agent.device(DEVICE).send('double', number);
    if (number === 100) await delivery.stored;
  }
  await first.agent.close();

  const { agent, port } = await startAgent(folder);
  const last = await agent.device(DEVICE).send('double', 101);
  expect(await agent.device(DEVICE).stats()).toMatchObject({ outboxMessages: 101 });
  const { got } = await startDevice(folder, port);
  expect(await last.settled).toEqual({ status: 'acknowledged', reply: 202 });
  expect(got).toEqual(numbers(101));
});

test(`commands through cuts are handled once and in order, and each has its reply (HOLDFAST_SEED=${SEED})`, async () => {
  const folder = temporaryFolder();
  const { agent, port } = await startAgent(folder);
  const proxy = await startProxy(port);
  const { got } = await startDevice(folder, proxy.port);
  const random = seededRandom(SEED);
  const replies: Promise<unknown>[] = [];
  for (const number of numbers(2_000)) {
    const { settled } = await agent.device(DEVICE).send('double', number);
    replies.push(settled);
    if (number % 100 === 0) await settledOrCut(settled, proxy, pick(random, ['cut', 'wait']));
  }
  const outcomes = await Promise.all(replies);
  expect(outcomes).toEqual(numbers(2_000).map((number) => ({ status: 'acknowledged', reply: 2 * number })));
  expect(got).toEqual(numbers(2_000));
  expect(proxy.stats().connectionsAccepted).toBeGreaterThan(5);
});

test('commands that a device has handled are not handled again after it was away', async () => {
  const folder = temporaryFolder();
  const { agent, port } = await startAgent(folder);
  const before = await startDevice(folder, port);
  const first = await agent.device(DEVICE).send('double', 1);
  expect(await first.settled).toEqual({ status: 'acknowledged', reply: 2 });
  await before.channel.close();
  await before.transport.disconnect();

  const second = await agent.device(DEVICE).send('double', 2);
  await second.stored;
  const after = await startDevice(folder, port);
  expect(await second.settled).toEqual({ status: 'acknowledged', reply: 4 });
  expect([before.got, after.got]).toEqual([[1], [2]]);
});

/** Cuts the link while the answer is on its way, or waits for the answer. */
async function settledOrCut(settled: Promise<unknown>, proxy: ChaosProxy, what: 'cut' | 'wait'): Promise<void> {
  if (what === 'cut') proxy.cut();
  else await settled;
}
