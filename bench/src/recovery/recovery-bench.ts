// The link comes back and a backlog waits: how long until the agent has handled and acknowledged all of it?

import { join } from 'node:path';
import { createAgent } from '@holdfast/agent';
import { tcpListener } from '@holdfast/agent/tcp';
import { openReliableChannel, type StoreFactory } from '@holdfast/reliable-channel';
import { lmdbStore } from '@holdfast/reliable-channel/lmdb';
import { memoryStore } from '@holdfast/reliable-channel/memory';
import { startChaosProxy } from '@holdfast/simulator/chaos-proxy';
import { createTransport } from '@holdfast/transport';
import { tcp } from '@holdfast/transport/tcp';
import type { Bench, BenchOptions } from '../bench.js';
import type { Findings, Params, Row } from '../report/report.js';
import { summarize } from '../report/statistics.js';

const BACKLOG = 10_000;
const MESSAGE_BYTES = 256;
const ROUNDS = 7;
const QUICK_ROUNDS = 3;
/** A gateway's. */
const SEND_BUFFER_BYTES = 65_536;

/** `npm run bench -- recovery` */
export const recoveryBench: Bench = {
  name: 'recovery',
  summary: 'the link is back: how long until a backlog of 10,000 messages is acknowledged',
  packages: ['@holdfast/reliable-channel', '@holdfast/agent', 'lmdb'],
  run,
};

/** What one recovery took, in milliseconds. */
interface Recovery {
  readonly connectMs: number;
  readonly drainMs: number;
}

async function run(options: BenchOptions): Promise<Findings> {
  const count = options.count ?? BACKLOG;
  const rounds = options.rounds ?? (options.isQuick ? QUICK_ROUNDS : ROUNDS);
  const lines = ['holdfast-memory', 'holdfast-lmdb'].filter((name) => options.only?.includes(name) ?? true);
  const found = new Map<string, Recovery[]>(lines.map((name) => [name, []]));
  // The first round warms up.
  for (let round = 0; round <= rounds; round += 1) {
    for (const [index, name] of lines.entries()) {
      options.progress(
        round * lines.length + index,
        (rounds + 1) * lines.length,
        `${name}, round ${round} of ${rounds}`,
      );
      const folder = join(options.folder, `${name}-${round}`);
      const storeIn = (end: string): StoreFactory =>
        name === 'holdfast-lmdb' ? lmdbStore(join(folder, end)) : memoryStore();
      const recovery = await recover(count, storeIn);
      if (round > 0) found.get(name)?.push(recovery);
    }
  }
  const params = { messages: count, messageBytes: MESSAGE_BYTES };
  return {
    rows: [...found].flatMap(([name, recoveries]) => rowsOf(name, params, recoveries)),
    targets: [],
    notes: [
      'Connect: from the link being back until the device has dialed, which waits at random by its backoff. Drain: from there ' +
        'until the last acknowledgement. Device, proxy and agent share one process here.',
    ],
  };
}

function rowsOf(name: string, params: Params, recoveries: readonly Recovery[]): Row[] {
  const drain = summarize(recoveries.map(({ drainMs }) => drainMs));
  return [
    { name: `${name}-connect`, params, unit: 'ms', ...summarize(recoveries.map(({ connectMs }) => connectMs)) },
    {
      ...{ name: `${name}-drain`, params, unit: 'ms', ...drain },
      messagesPerSecond: (Number(params.messages) / drain.median) * 1_000,
    },
  ];
}

async function recover(count: number, storeIn: (end: string) => StoreFactory): Promise<Recovery> {
  const agent = createAgent({ listeners: [tcpListener({ port: 0 })], store: storeIn('inbox') });
  let handled = 0;
  agent.on('reading', () => {
    handled += 1;
  });
  const [listener] = await agent.listen();
  const proxy = await startChaosProxy({ target: { host: '127.0.0.1', port: listener?.port ?? 0 } });
  const link = tcp({ host: proxy.host, port: proxy.port });
  const transport = createTransport({ deviceId: 'bench', link, sendBufferBytes: SEND_BUFFER_BYTES });
  const channel = await openReliableChannel({ transport, store: storeIn('outbox') });
  try {
    await channel.send('reading', 'before the cut').settled;
    await proxy.refuse(true);
    proxy.cut();
    const data = new Uint8Array(MESSAGE_BYTES).fill(7);
    let last = channel.send('reading', data);
    for (let sent = 1; sent < count; sent += 1) last = channel.send('reading', data);
    await last.stored;
    const connected = new Promise<void>((resolve) => {
      transport.observe(({ type }) => {
        if (type === 'connected') resolve();
      });
    });
    const backMs = performance.now();
    await proxy.refuse(false);
    await connected;
    const connectedMs = performance.now();
    await channel.drain();
    const drainMs = performance.now() - connectedMs;
    if (handled !== count + 1) throw new Error(`${handled} messages were handled, not ${count + 1}`);
    return { connectMs: connectedMs - backMs, drainMs };
  } finally {
    await channel.close();
    transport.powerOff();
    await proxy.close();
    await agent.close();
  }
}
