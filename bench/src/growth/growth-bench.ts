// Whether a message costs the same in a short run and in a long one: a thousand times the messages is to be a thousand times
// the work, and no more.

import type { Bench, BenchOptions } from '../bench.js';
import { peerNamed } from '../peers/all-peers.js';
import { PeerPair, type Start } from '../peers/peer-pair.js';
import { withChildren } from '../processes/child.js';
import { type Findings, target, throughputRow } from '../report/report.js';
import { pairedRatio, summarize } from '../report/statistics.js';
import { interleave } from '../rounds.js';

const NAME = 'holdfast-lmdb';
const MESSAGE_BYTES = 256;
const OUTSTANDING_MAX = 4_096;
const SHORT_COUNT = 1_000;
const LONG_COUNT = 1_000_000;
const QUICK_LONG_COUNT = 100_000;
/** Short runs whose times are added up to one measurement. */
const SHORT_RUNS = 100;
const ROUNDS = 3;
const RATIO_MIN = 0.8;

/** `npm run bench -- growth` */
export const growthBench: Bench = {
  name: 'growth',
  summary: 'throughput with 1,000 and with 1,000,000 messages: whether cost grows linearly',
  packages: peerNamed(NAME).packages,
  run: (options) => withChildren((start) => run(options, start)),
};

async function run(options: BenchOptions, start: Start): Promise<Findings> {
  const count = options.count ?? (options.isQuick ? QUICK_LONG_COUNT : LONG_COUNT);
  const rounds = options.rounds ?? ROUNDS;
  options.progress(0, 1, 'starting');
  const peerOptions = { messageBytes: MESSAGE_BYTES, outstandingMax: OUTSTANDING_MAX, folder: options.folder };
  const pair = await PeerPair.start(NAME, peerOptions, start);
  const contestants = [
    { name: 'short', measure: () => repeated(pair) },
    { name: 'long', measure: async () => (await pair.deliver(count)).perSecond },
  ];
  let done = 0;
  const values = await interleave(contestants, rounds, (name, round) => {
    done += 1;
    options.progress(done, 2 * (rounds + 1), `${name}, round ${round} of ${rounds}`);
  });
  const [short = [], long = []] = [values.get('short'), values.get('long')];
  const ratio = pairedRatio(long, short);
  return {
    rows: [
      throughputRow('short', { messages: SHORT_COUNT, messageBytes: MESSAGE_BYTES }, summarize(short)),
      { ...throughputRow('long', { messages: count, messageBytes: MESSAGE_BYTES }, summarize(long)), ratio },
    ],
    targets: [target(`throughput with ${count} messages over ${SHORT_COUNT}`, ratio, 'ratio', 'atLeast', RATIO_MIN)],
    notes: [
      `${NAME}, as in the benchmark of the peers. Short: ${SHORT_RUNS} runs one after another, their times added up.`,
    ],
  };
}

async function repeated(pair: PeerPair): Promise<number> {
  let seconds = 0;
  for (let run = 0; run < SHORT_RUNS; run += 1) seconds += SHORT_COUNT / (await pair.deliver(SHORT_COUNT)).perSecond;
  return (SHORT_COUNT * SHORT_RUNS) / seconds;
}
