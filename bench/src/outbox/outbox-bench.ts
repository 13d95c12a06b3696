// A million messages wait in an outbox on disk. What does that cost in memory, and how soon does the first of them leave
// when the device starts again?

import { join } from 'node:path';
import type { Bench, BenchOptions } from '../bench.js';
import { type Child, withChildren } from '../processes/child.js';
import { type Findings, type Row, target, throughputRow } from '../report/report.js';
import { summarize } from '../report/statistics.js';
import type { Filled, FillRequest, ReopenRequest } from './outbox-device.js';

const MESSAGE_BYTES = 256;
const COUNT = 1_000_000;
const QUICK_COUNT = 100_000;
const REOPENINGS = 5;
const GROWTH_MAX_MIB = 128;
const FIRST_MAX_MS = 500;

const DEVICE = new URL('./outbox-device.js', import.meta.url);
const AGENT = new URL('./outbox-agent.js', import.meta.url);

/** `npm run bench -- outbox` */
export const outboxBench: Bench = {
  name: 'outbox',
  summary: 'a million messages waiting on disk: memory, and the time until the first leaves after a restart',
  packages: ['@holdfast/reliable-channel', 'lmdb'],
  run,
};

async function run(options: BenchOptions): Promise<Findings> {
  const count = options.count ?? (options.isQuick ? QUICK_COUNT : COUNT);
  const rounds = options.rounds ?? REOPENINGS;
  const folder = join(options.folder, 'outbox');
  options.progress(0, rounds + 2, `filling with ${count} messages`);
  const filled = await withChildren((start) => fill(start(DEVICE), { folder, count, messageBytes: MESSAGE_BYTES }));
  const firstMs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    options.progress(round + 2, rounds + 2, 'opening again');
    firstMs.push(await withChildren((start) => timeToFirst(start(AGENT), start(DEVICE), folder)));
  }
  return { ...findings(count, filled, firstMs), notes: NOTES };
}

const NOTES = [
  'Memory is RssAnon, the own memory of the process, at its highest on the way, less what it was before the first message.',
  'The time to the first message begins before the store is opened, in a fresh process, and ends in the handler of the agent. ' +
    'The file is in the page cache of the system by then.',
];

async function fill(device: Child, request: FillRequest): Promise<Filled> {
  const filled = await device.request<Filled>('fill', request);
  if (filled.waiting !== request.count) throw new Error(`${filled.waiting} of ${request.count} messages are waiting`);
  return filled;
}

async function timeToFirst(agent: Child, device: Child, folder: string): Promise<number> {
  const port = await agent.request<number>('listen');
  const request: ReopenRequest = { folder, port };
  const startMs = await device.request<number>('reopen', request);
  return (await agent.request<number>('firstAtMs')) - startMs;
}

function findings(count: number, filled: Filled, firstMs: readonly number[]): Omit<Findings, 'notes'> {
  const params = { messages: count, messageBytes: MESSAGE_BYTES };
  const perSecond = count / filled.seconds;
  const growthMiB = (filled.peakBytes - filled.beforeBytes) / 2 ** 20;
  const memory: Row = {
    ...{ name: 'memory-growth', params, unit: 'MiB', median: growthMiB },
    ...{ expected: GROWTH_MAX_MIB, ratio: growthMiB / GROWTH_MAX_MIB },
  };
  const first = summarize(firstMs);
  return {
    rows: [
      {
        ...throughputRow('store', params, { median: perSecond, min: perSecond, max: perSecond }),
        bytesPerSecond: perSecond * MESSAGE_BYTES,
      },
      memory,
      {
        ...{ name: 'first-message', params, unit: 'ms', ...first },
        ...{ expected: FIRST_MAX_MS, ratio: first.median / FIRST_MAX_MS },
      },
    ],
    targets: [
      target(`RssAnon growth with ${count} messages waiting`, growthMiB, 'MiB', 'atMost', GROWTH_MAX_MIB),
      target('first message handled after reopening', first.median, 'ms', 'atMost', FIRST_MAX_MS),
    ],
  };
}
