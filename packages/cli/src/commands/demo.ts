// `holdfast demo`: real readings through a storm, three ways, and the ledger that shows which way lost what.

import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Command, InvalidArgumentError } from 'commander';
import pc from 'picocolors';
import { CommandError } from '../command-error.js';
import { isFlawless, ledgerJson, ledgerRows, ledgerTable } from '../demo/ledger.js';
import { readReadings } from '../demo/readings.js';
import { reportHtml } from '../demo/report.js';
import { type DemoResult, runDemo } from '../demo/run-demo.js';
import { WAY_TITLE } from '../demo/way.js';
import { watchInterruption } from '../interruption.js';

interface DemoCommandOptions {
  readonly csv?: string;
  readonly seed: number;
  readonly json?: string;
  readonly report: string;
}

/** The readings that the demo sends unless told otherwise, from the root of the repository. */
const DEFAULT_CSV = 'examples/data/machine_temperature_system_failure.csv';
const DEFAULT_REPORT = 'holdfast-demo-report.html';

/** Adds the command. */
export function demoCommand(program: Command): void {
  program
    .command('demo')
    .description('send real sensor readings through a storm, three ways, and show what was lost')
    .option('--csv <file>', 'readings to send: a header, then rows of timestamp,value')
    .option('--seed <number>', 'which storm to draw; the same seed is the same storm', parseSeed, 1)
    .option('--json <file>', 'write the ledger as JSON')
    .option('--report <file>', 'write the report with the timeline', DEFAULT_REPORT)
    .action(runDemoCommand);
}

async function runDemoCommand(options: DemoCommandOptions): Promise<void> {
  const csv = resolve(options.csv ?? findDefaultCsv());
  const readings = readReadings(csv);
  const out = process.stdout;
  out.write(`${readings.length.toLocaleString('en-US')} readings, three ways, one storm (seed ${options.seed}).\n`);
  out.write('Device, network and agent of each way are processes of their own. This takes about half a minute.\n\n');
  const interruption = watchInterruption();
  const result = await runDemo({ csv, readings, seed: options.seed, stream: out, signal: interruption.signal })
    .catch((error: unknown) => {
      if (!interruption.signal.aborted) throw error;
      throw new CommandError('the demo was ended early; nothing of it is left running', interruption);
    })
    .finally(() => interruption.release());
  out.write(`\n${ledgerTable(ledgerRows(result.ways, (way) => WAY_TITLE[way]))}\n\n`);
  if (options.json !== undefined) writeFileSync(options.json, ledgerJson(result.seed, result.readings, result.ways));
  writeFileSync(options.report, reportHtml(result));
  out.write(`The timeline is in ${options.report}\n`);
  sayVerdict(result, out);
}

function sayVerdict(result: DemoResult, out: NodeJS.WritableStream): void {
  const reliable = result.ways.find(({ way }) => way === 'reliableChannel');
  if (reliable !== undefined && isFlawless(reliable, result.readings)) {
    out.write(pc.green('The reliable channel lost nothing, repeated nothing and kept the order.\n'));
    return;
  }
  process.exitCode = 1;
  out.write(pc.red(`The reliable channel failed. This is a bug; please report it with --seed ${result.seed}.\n`));
}

function findDefaultCsv(): string {
  // The package lies in the repository, which has the readings; installed elsewhere, it needs --csv.
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, DEFAULT_CSV))) return join(folder, DEFAULT_CSV);
  }
  throw new Error('the readings that come with the repository are not here; give a file with --csv FILE');
}

function parseSeed(text: string): number {
  const seed = Number(text);
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
    throw new InvalidArgumentError('a seed is a whole number from 0 to 4294967295.');
  }
  return seed;
}
