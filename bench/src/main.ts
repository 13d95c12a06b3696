// The command line of the benchmarks: `npm run bench -- <name>`. The result goes to standard output, progress to standard
// error.

import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Argument, Command, InvalidArgumentError } from 'commander';
import type { Bench, BenchOptions } from './bench.js';
import { fleetBench } from './fleet/fleet-bench.js';
import { growthBench } from './growth/growth-bench.js';
import { latencyBench } from './latency/latency-bench.js';
import { microBench } from './micro/micro-bench.js';
import { outboxBench } from './outbox/outbox-bench.js';
import { peersBench } from './peers/peers-bench.js';
import { policiesBench } from './policies/policies-bench.js';
import { createProgress } from './progress.js';
import { recoveryBench } from './recovery/recovery-bench.js';
import { readEnvironment } from './report/environment.js';
import { htmlReport } from './report/html-report.js';
import { type Report, reportJson } from './report/report.js';
import { rowsTable, targetLines } from './report/table.js';
import { sizeBench } from './size/size-bench.js';

const BENCHES: readonly Bench[] = [
  policiesBench,
  peersBench,
  latencyBench,
  outboxBench,
  recoveryBench,
  fleetBench,
  growthBench,
  sizeBench,
  microBench,
];

interface Options {
  readonly quick?: true;
  readonly json?: string;
  readonly html?: string;
  readonly charts?: string;
  readonly rounds?: number;
  readonly count?: number;
  readonly only?: readonly string[];
  readonly saveBaseline?: true;
  readonly folder: string;
}

async function main(name: string, options: Options): Promise<void> {
  const bench = BENCHES.find((each) => each.name === name);
  if (bench === undefined) throw new Error(`there is no benchmark ${name}`);
  const report = await runBench(bench, options);
  console.log(reportText(report));
  const charts = bench.charts?.(report.rows) ?? [];
  if (options.json !== undefined) writeFileSync(placeOf(options.json), reportJson(report));
  if (options.html !== undefined) writeFileSync(placeOf(options.html), htmlReport(report, charts));
  if (options.charts !== undefined) {
    const folder = placeOf(options.charts);
    mkdirSync(folder, { recursive: true });
    for (const { name: chart, svg } of charts) writeFileSync(join(folder, `${chart}.svg`), svg);
  }
}

/** npm runs scripts in the root of the repository; a path means what it means where the user typed it. */
function placeOf(path: string): string {
  return resolve(process.env.INIT_CWD ?? '.', path);
}

async function runBench(bench: Bench, options: Options): Promise<Report> {
  const { quick, rounds, count, only, saveBaseline, folder: parent } = options;
  const folder = mkdtempSync(join(parent, 'holdfast-bench-'));
  const environment = readEnvironment(bench.packages);
  const progress = createProgress(bench.name, process.stderr);
  try {
    const isQuick = quick === true;
    const savesBaseline = saveBaseline === true;
    const { update } = progress;
    const request: BenchOptions = { isQuick, rounds, count, only, savesBaseline, folder, progress: update };
    const findings = await bench.run(request);
    const notes = [...findings.notes, ...diskNotes(folder)];
    return { bench: bench.name, isQuick, environment, ...findings, notes };
  } finally {
    progress.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

const TMPFS_MAGIC = 0x01021994;

function diskNotes(folder: string): string[] {
  return statfsSync(folder).type === TMPFS_MAGIC
    ? [
        'The folder for stores is in memory (tmpfs), so that flushing to disk costs nothing: choose another with --folder.',
      ]
    : [];
}

function reportText({ bench, isQuick, environment, rows, targets, notes }: Report): string {
  const { cpu, cores, memoryMiB, platform, node, loadAverage, versions } = environment;
  const installed = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `${bench}${isQuick ? ' (quick: rough figures)' : ''}`,
    `${cpu}, ${cores} cores, ${memoryMiB} MiB, ${platform}, Node ${node}, load average ${loadAverage.toFixed(2)}`,
    installed.join(', '),
    '',
    rowsTable(rows),
    '',
    ...targetLines(targets),
    ...(targets.length > 0 ? [''] : []),
    ...notes,
  ].join('\n');
}

function countOf(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number above 0.');
  return value;
}

const names = BENCHES.map(({ name }) => name);
await new Command('bench')
  .description('Measures Holdfast, and what one would use instead.')
  .addArgument(new Argument('<name>', 'what to measure').choices(names))
  .option('--quick', 'rough figures within a minute')
  .option('--json <file>', 'write the report to this file too')
  .option('--html <file>', 'write it as a page with charts too')
  .option('--charts <folder>', 'write the charts there too, as SVG')
  .option('--rounds <number>', 'measure everybody so often', countOf)
  .option('--count <number>', 'messages of one measurement', countOf)
  .option('--only <rows>', 'measure these rows only, with commas in between', (text: string) => text.split(','))
  .option('--save-baseline', 'micro: later runs are held against this one')
  .option('--folder <folder>', 'where stores lie while they are measured', tmpdir())
  .addHelpText('after', `\n${BENCHES.map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`).join('\n')}`)
  .action(main)
  .parseAsync();
