// The same work for everybody: a device's process delivers messages to an agent's process over loopback, and a message
// counts when the acknowledgement of the application is back.

import type { Bench, BenchOptions } from '../bench.js';
import { withChildren } from '../processes/child.js';
import { type Findings, type Row, type Target, target, throughputRow } from '../report/report.js';
import { pairedRatio, summarize } from '../report/statistics.js';
import { interleave } from '../rounds.js';
import { ALL_PEERS } from './all-peers.js';
import { Contender, type ContenderOptions } from './contender.js';
import type { Start } from './peer-pair.js';

const MESSAGE_BYTES = 256;
const OUTSTANDING_MAX = 4_096;
const ROUNDS = 9;
const QUICK_ROUNDS = 3;
/** Each measurement is made to take about this long, in milliseconds. */
const MEASURE_MS = 1_000;
const QUICK_MEASURE_MS = 400;

/** `npm run bench -- peers` */
export const peersBench: Bench = {
  name: 'peers',
  summary: 'messages acknowledged by the application, per second: Holdfast and what one would use instead',
  packages: [...new Set(ALL_PEERS.flatMap(({ packages }) => packages))],
  run: (options) => withChildren((start) => run(options, start)),
};

async function run(options: BenchOptions, start: Start): Promise<Findings> {
  const wanted = ALL_PEERS.filter(({ name }) => options.only?.includes(name) ?? true);
  const absent = wanted.flatMap(({ name, absence }) => {
    const reason = absence?.();
    return reason === undefined ? [] : [{ name, reason }];
  });
  const present = wanted.filter(({ name }) => !absent.some((each) => each.name === name));
  const rounds = options.rounds ?? (options.isQuick ? QUICK_ROUNDS : ROUNDS);
  const steps = present.length * (rounds + 2);
  let done = 0;
  const step = (note: string): void => {
    done += 1;
    options.progress(done, steps, note);
  };
  const contenders: Contender[] = [];
  for (const { name } of present) {
    contenders.push(await Contender.start(name, contenderOptions(options), start));
    step(`${name} is warm`);
  }
  const values = await interleave(contenders, rounds, (name, round) => step(`${name}, round ${round} of ${rounds}`));
  return {
    rows: contenders.map((contender) => peerRow(contender, values)),
    targets: targetsOf(values),
    notes: [
      'A message counts when the acknowledgement of the application is back. Median, least and largest of the rounds.',
      'Ratio: to ws-ack, the median over the rounds of the ratio within a round.',
      'Cpu: what each process spends on a message, in microseconds; all its threads, and the system for it.',
      ...absent.map(({ name, reason }) => `${name} is left out: ${reason}.`),
    ],
  };
}

function contenderOptions({ folder, count, isQuick }: BenchOptions): ContenderOptions {
  const measureMs = isQuick ? QUICK_MEASURE_MS : MEASURE_MS;
  return { messageBytes: MESSAGE_BYTES, outstandingMax: OUTSTANDING_MAX, folder, count, measureMs };
}

type Values = ReadonlyMap<string, readonly number[]>;

function ratioOf(values: Values, name: string, reference: string): number | undefined {
  const [ours, theirs] = [values.get(name), values.get(reference)];
  return ours === undefined || theirs === undefined ? undefined : pairedRatio(ours, theirs);
}

function peerRow({ name, count, cpuMicros }: Contender, values: Values): Row {
  const params = { messages: count, messageBytes: MESSAGE_BYTES, outstandingMax: OUTSTANDING_MAX };
  const row = throughputRow(name, params, summarize(values.get(name) ?? []));
  const ratio = ratioOf(values, name, 'ws-ack');
  const bytesPerSecond = (row.median ?? 0) * MESSAGE_BYTES;
  return { ...row, bytesPerSecond, cpuMicros, ...(ratio !== undefined && { ratio }) };
}

const TARGETS = [
  { name: 'holdfast-lmdb', reference: 'ws-ack', limit: 4 },
  { name: 'holdfast-lmdb', reference: 'mqtt-qos1-level', limit: 50 },
  { name: 'holdfast-memory', reference: 'ws-ack', limit: 6 },
] as const;

function targetsOf(values: Values): Target[] {
  return TARGETS.flatMap(({ name, reference, limit }) => {
    const ratio = ratioOf(values, name, reference);
    return ratio === undefined ? [] : [target(`${name} over ${reference}`, ratio, 'ratio', 'atLeast', limit)];
  });
}
