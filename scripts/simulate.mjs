// Runs simulated trials: `npm run simulate -- --seed N` shows one, event by event; `-- --from A --to B` runs a range and shows what
// it finds. Ends with 1 when a promise was not kept, and with 2 when it was called in another way.

import { parseArgs } from 'node:util';
import { checkSameRun, clockTime, runTrial, traceLine } from '@holdfast/simulator/trial';

const USAGE = 'usage: npm run simulate -- --seed N, or -- --from A --to B';

/** The seeds that were asked for: the first, the last, and whether their traces are shown. */
function readArguments() {
  const option = { type: 'string' };
  const { values } = parseArgs({ options: { seed: option, from: option, to: option } });
  const { seed, from, to } = values;
  if (seed !== undefined && from === undefined && to === undefined) {
    return { first: readSeed('seed', seed), last: readSeed('seed', seed), isShown: true };
  }
  if (seed !== undefined || from === undefined || to === undefined) throw new Error('give --seed, or --from and --to');
  const [first, last] = [readSeed('from', from), readSeed('to', to)];
  if (last < first) throw new Error('--to must not be below --from');
  return { first, last, isShown: false };
}

function readSeed(name, text) {
  const seed = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(seed)) throw new Error(`--${name} must be an integer from 0 to 2^53 - 1, not ${text}`);
  return seed;
}

/** `chip.latencyMs 3`, one line for each parameter, however deep it lies. */
function parameterLines(value, name = '') {
  if (typeof value !== 'object' || value === null) return [`${name.padEnd(34)} ${value}`];
  return Object.entries(value).flatMap(([key, inner]) => parameterLines(inner, name === '' ? key : `${name}.${key}`));
}

function showTrial({ seed, plan, trace, counts }) {
  const { devices, path, limits, sends, faults, faultsOverMs } = plan;
  const what = `${devices.length} devices, ${sends.length} messages, ${faults.length} faults`;
  console.log(`seed ${seed}: ${what} until ${clockTime(faultsOverMs)}\n`);
  for (const line of parameterLines({ ...path, limits })) console.log(`  ${line}`);
  console.log('');
  for (const event of trace) console.log(traceLine(event));
  console.log('');
  for (const line of parameterLines(counts)) console.log(`  ${line}`);
  console.log('');
}

function showVerdict({ seed, violations, traceHash }) {
  for (const { check, atMs, message } of violations) console.log(`${clockTime(atMs)}  BROKEN  ${check}: ${message}`);
  const verdict = violations.length === 0 ? 'every promise kept' : `${violations.length} promises broken`;
  console.log(`seed ${seed}: ${verdict}, trace ${traceHash}`);
  if (violations.length > 0) console.log(`replay: npm run simulate -- --seed ${seed}`);
}

/** A seed that is shown runs twice: whether the second run is the same is one of the promises. */
async function runOnce(seed, isShown) {
  const report = await runTrial(seed);
  if (!isShown) return report;
  const again = await runTrial(seed);
  return { ...report, violations: [...report.violations, ...checkSameRun(report.trace, again.trace)] };
}

/** Returns how many seeds broke a promise. */
async function runSeeds({ first, last, isShown }) {
  let brokenCount = 0;
  for (let seed = first; seed <= last; seed += 1) {
    const report = await runOnce(seed, isShown);
    const isBroken = report.violations.length > 0;
    if (isBroken) brokenCount += 1;
    if (isShown) showTrial(report);
    if (isShown || isBroken) showVerdict(report);
    const done = seed - first + 1;
    if (!isShown && (done % 100 === 0 || seed === last)) {
      console.log(`${done} of ${last - first + 1} seeds, ${brokenCount} broken`);
    }
  }
  return brokenCount;
}

let wanted;
try {
  wanted = readArguments();
} catch (error) {
  console.error(`simulate: ${error.message.split('\n')[0]}; ${USAGE}`);
  process.exitCode = 2;
}
if (wanted !== undefined && (await runSeeds(wanted)) > 0) process.exitCode = 1;
