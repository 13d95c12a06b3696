// A contestant of the throughput comparison: how many messages it is given, and what it has spent on them.

import type { CpuMicros } from '../report/report.js';
import { median } from '../report/statistics.js';
import type { Contestant } from '../rounds.js';
import type { PeerOptions } from './peer.js';
import { PeerPair, type Start } from './peer-pair.js';

/** How a contestant is to be measured. */
export interface ContenderOptions extends PeerOptions {
  /** Messages of one measurement; unless given, as many as take `measureMs`. */
  readonly count: number | undefined;
  readonly measureMs: number;
}

/** The messages of the first run. */
const TRIAL_COUNT = 500;
/** Warming up takes this many times as long as a measurement. */
const WARM_UP_FACTOR = 1.5;

/** A contestant with its processes. Each measurement is a throughput, in messages/s. */
export class Contender implements Contestant {
  /** Messages of one measurement. */
  readonly count: number;
  readonly #pair: PeerPair;
  readonly #cpu: CpuMicros[] = [];

  private constructor(pair: PeerPair, count: number) {
    this.#pair = pair;
    this.count = count;
  }

  /** Starts both processes, connects them, and finds out how many messages make up a measurement. */
  static async start(name: string, options: ContenderOptions, start: Start): Promise<Contender> {
    const pair = await PeerPair.start(name, options, start);
    return new Contender(pair, options.count ?? (await findCount(pair, options.measureMs)));
  }

  get name(): string {
    return this.#pair.name;
  }

  /** Processor time for one message: the medians over the measurements that count. */
  get cpuMicros(): CpuMicros {
    const counted = this.#cpu.slice(-Math.max(1, this.#cpu.length - 1));
    return { device: median(counted.map(({ device }) => device)), agent: median(counted.map(({ agent }) => agent)) };
  }

  async measure(): Promise<number> {
    const { perSecond, cpu } = await this.#pair.deliver(this.count);
    this.#cpu.push(cpu);
    return perSecond;
  }
}

/** Code gets faster while it is warming up, and a busy machine has slow moments: the best of several runs tells most. */
async function findCount(pair: PeerPair, measureMs: number): Promise<number> {
  let best = 0;
  let count = TRIAL_COUNT;
  for (let spentMs = 0; spentMs < WARM_UP_FACTOR * measureMs; ) {
    const { perSecond } = await pair.deliver(count);
    spentMs += (count / perSecond) * 1_000;
    best = Math.max(best, perSecond);
    count = Math.max(TRIAL_COUNT, Math.round(Math.min((best * measureMs) / 1_000, count * 4)));
  }
  return Math.max(TRIAL_COUNT, roundDown((best * measureMs) / 1_000));
}

/** With two digits that are not 0. */
function roundDown(value: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1);
  return Math.floor(value / unit) * unit;
}
