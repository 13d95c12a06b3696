// The small parts, each alone, held against a stored baseline. With it one sees at once which part a change made slower.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Bench as TinyBench } from 'tinybench';
import type { Bench, BenchOptions } from '../bench.js';
import type { Findings, Row } from '../report/report.js';
import { summarize } from '../report/statistics.js';
import { baselineOf, expectedNs, parseBaseline } from './baseline.js';
import { calibrationTask, type MicroTask, outboxTask, pureTasks } from './micro-tasks.js';

const ROUNDS = 5;
const QUICK_ROUNDS = 2;
/** A task runs for so long in a round, in milliseconds. */
const TASK_MS = 300;
const QUICK_TASK_MS = 100;

const BASELINE_FILE = fileURLToPath(new URL('../../micro-baseline.json', import.meta.url));

/** `npm run bench -- micro` */
export const microBench: Bench = {
  name: 'micro',
  summary: 'send buffer, codec, frames, ack ranges, outbox, each alone, against a stored baseline (--save-baseline)',
  packages: ['@holdfast/protocol', '@holdfast/transport', '@holdfast/reliable-channel', 'tinybench'],
  run,
};

async function run(options: BenchOptions): Promise<Findings> {
  const calibration = calibrationTask();
  const outbox = await outboxTask();
  const wanted = [...pureTasks(), outbox.task].filter(({ name }) => options.only?.includes(name) ?? true);
  const rounds = options.rounds ?? (options.isQuick ? QUICK_ROUNDS : ROUNDS);
  const values = new Map<string, number[]>();
  for (let round = 0; round < rounds; round += 1) {
    options.progress(round, rounds, `round ${round + 1} of ${rounds}`);
    for (const [name, ns] of await measure([calibration, ...wanted], options.isQuick ? QUICK_TASK_MS : TASK_MS)) {
      values.set(name, [...(values.get(name) ?? []), ns]);
    }
  }
  await outbox.close();
  const medians = new Map([...values].map(([name, ns]) => [name, summarize(ns).median]));
  const baseline = existsSync(BASELINE_FILE) ? parseBaseline(readFileSync(BASELINE_FILE, 'utf8')) : {};
  if (options.savesBaseline) {
    const text = `${JSON.stringify({ ...baseline, ...baselineOf(medians, calibration.name) }, undefined, 2)}\n`;
    writeFileSync(BASELINE_FILE, text);
  }
  const calibrationNs = medians.get(calibration.name) ?? 0;
  return {
    rows: [...values].map(([name, ns]) => rowOf(name, ns, expectedNs(baseline, name, calibrationNs))),
    targets: [],
    notes: [
      'Nanoseconds for one message, or one number in the ack ranges; the median of each round, and median, least and largest of those.',
      'Expected: by bench/micro-baseline.json, which holds multiples of the calibration, so that another machine can use it. ' +
        'A ratio of 1.2 is 20 % slower than then; less than 1.1 is noise.',
      ...(options.savesBaseline ? [`These figures are the baseline now: ${BASELINE_FILE}`] : []),
    ],
  };
}

/** @returns nanoseconds of one unit, by task */
async function measure(tasks: readonly MicroTask[], time: number): Promise<[string, number][]> {
  const bench = new TinyBench({ time, warmupTime: time / 3 });
  for (const { name, run: work } of tasks) bench.add(name, work);
  await bench.run();
  return tasks.map(({ name, units }) => {
    const result = bench.getTask(name)?.result;
    if (result === undefined || !('latency' in result)) throw new Error(`${name} has no result: ${result?.state}`);
    return [name, (result.latency.p50 * 1_000_000) / units];
  });
}

function rowOf(name: string, ns: readonly number[], expected: number | undefined): Row {
  const summary = summarize(ns);
  const against = expected === undefined ? {} : { expected, ratio: summary.median / expected };
  return { name, params: {}, unit: 'ns', ...summary, ...against };
}
