// The round trip of a lone message: sent when nothing else is on the way, until the acknowledgement of the application is
// back. Nothing can be gathered into a batch here, so every hop of every layer shows.

import type { Bench, BenchOptions } from '../bench.js';
import { peerNamed } from '../peers/all-peers.js';
import { PeerPair, type Start } from '../peers/peer-pair.js';
import { withChildren } from '../processes/child.js';
import { type Findings, type Row, target } from '../report/report.js';
import { median, pairedRatio, percentile, summarize } from '../report/statistics.js';
import { type Contestant, interleave } from '../rounds.js';

const NAMES = ['tcp', 'ws-ack', 'socketio-ack', 'holdfast-memory', 'holdfast-lmdb'];
const MESSAGE_BYTES = 256;
const COUNT = 2_000;
const QUICK_COUNT = 500;
const ROUNDS = 9;
const QUICK_ROUNDS = 5;
const RATIO_MAX = 1.5;

/** `npm run bench -- latency` */
export const latencyBench: Bench = {
  name: 'latency',
  summary: 'the round trip of a lone message until the acknowledgement of the application',
  packages: [...new Set(NAMES.flatMap((name) => peerNamed(name).packages))],
  run: (options) => withChildren((start) => run(options, start)),
};

async function run(options: BenchOptions, start: Start): Promise<Findings> {
  const count = options.count ?? (options.isQuick ? QUICK_COUNT : COUNT);
  const rounds = options.rounds ?? (options.isQuick ? QUICK_ROUNDS : ROUNDS);
  const names = NAMES.filter((name) => options.only?.includes(name) ?? true);
  const lines: LatencyLine[] = [];
  for (const name of names) {
    options.progress(0, 1, `starting ${name}`);
    const peerOptions = { messageBytes: MESSAGE_BYTES, outstandingMax: 1, folder: options.folder };
    lines.push(new LatencyLine(await PeerPair.start(name, peerOptions, start), count));
  }
  let done = 0;
  const values = await interleave(lines, rounds, (name, round) => {
    done += 1;
    options.progress(done, names.length * (rounds + 1), `${name}, round ${round} of ${rounds}`);
  });
  const reference = values.get('ws-ack');
  const ratioOf = (name: string): number | undefined => {
    const own = values.get(name);
    return own === undefined || reference === undefined ? undefined : pairedRatio(own, reference);
  };
  const ours = ratioOf('holdfast-memory');
  return {
    rows: lines.map((line) => line.row(values.get(line.name) ?? [], ratioOf(line.name))),
    targets:
      ours === undefined
        ? []
        : [target('round trip of holdfast-memory over ws-ack, p50', ours, 'ratio', 'atMost', RATIO_MAX)],
    notes: [
      'Median, least and largest are those of the p50 of each round; percentiles are medians over the rounds.',
      'ws-ack answers with four bytes, which is a little quicker than an echo of the whole message.',
      'Ratio: to ws-ack, the median over the rounds of the ratio within a round.',
    ],
  };
}

/** One line of the table. */
class LatencyLine implements Contestant {
  readonly #pair: PeerPair;
  readonly #count: number;
  readonly #percentiles: { p50: number; p90: number; p99: number }[] = [];

  constructor(pair: PeerPair, count: number) {
    this.#pair = pair;
    this.#count = count;
  }

  get name(): string {
    return this.#pair.name;
  }

  /** The p50 of one round, in milliseconds. */
  async measure(): Promise<number> {
    const tookMs = await this.#pair.deliverLone(this.#count);
    const p50 = percentile(tookMs, 0.5);
    this.#percentiles.push({ p50, p90: percentile(tookMs, 0.9), p99: percentile(tookMs, 0.99) });
    return p50;
  }

  row(p50s: readonly number[], ratio: number | undefined): Row {
    const params = { messages: this.#count, messageBytes: MESSAGE_BYTES };
    const counted = this.#percentiles.slice(1);
    const over = (key: 'p50' | 'p90' | 'p99'): number => median(counted.map((each) => each[key]));
    const ackMs = { p50: over('p50'), p90: over('p90'), p99: over('p99') };
    return {
      ...{ name: this.name, params, unit: 'ms', ...summarize(p50s), ackMs },
      ...(ratio !== undefined && { ratio }),
    };
  }
}
