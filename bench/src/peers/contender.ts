// A contestant at work: both its processes, how many messages it is given, and what it has spent on them.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Child } from '../processes/child.js';
import type { CpuMicros } from '../report/report.js';
import { median } from '../report/statistics.js';
import type { Contestant } from '../rounds.js';
import type { Delivered, Handled, OpenRequest } from './contract.js';
import type { PeerOptions } from './peer.js';

/** Starts a process that ends with the benchmark. */
export type Start = (script: URL, args: readonly string[]) => Child;

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

const AGENT = new URL('./agent-process.js', import.meta.url);
const DEVICE = new URL('./device-process.js', import.meta.url);

/** A contestant with its processes. Each measurement is a throughput, in messages/s. */
export class Contender implements Contestant {
  readonly name: string;
  readonly #agent: Child;
  readonly #device: Child;
  readonly #cpu: CpuMicros[] = [];
  #count = 0;
  #delivered = 0;
  #agentMicros = 0;

  private constructor(name: string, start: Start) {
    this.name = name;
    this.#agent = start(AGENT, [name]);
    this.#device = start(DEVICE, [name]);
  }

  /** Starts both processes, connects them, and finds out how many messages make up a measurement. */
  static async start(name: string, options: ContenderOptions, start: Start): Promise<Contender> {
    const contender = new Contender(name, start);
    const folder = join(options.folder, name);
    mkdirSync(folder);
    await contender.#connect({ ...options, folder });
    contender.#count = options.count ?? (await contender.#findCount(options.measureMs));
    return contender;
  }

  /** Messages of one measurement. */
  get count(): number {
    return this.#count;
  }

  /** Processor time for one message: the medians over the measurements that count. */
  get cpuMicros(): CpuMicros {
    const counted = this.#cpu.slice(-Math.max(1, this.#cpu.length - 1));
    return { device: median(counted.map(({ device }) => device)), agent: median(counted.map(({ agent }) => agent)) };
  }

  async measure(): Promise<number> {
    const { perSecond, cpu } = await this.#deliver(this.#count);
    this.#cpu.push(cpu);
    return perSecond;
  }

  async #connect(options: PeerOptions): Promise<void> {
    const port = await this.#agent.request<number>('start', options);
    const request: OpenRequest = { port, options };
    await this.#device.request('open', request);
  }

  /** Code gets faster while it is warming up, and a busy machine has slow moments: the best of several runs tells most. */
  async #findCount(measureMs: number): Promise<number> {
    let best = 0;
    let count = TRIAL_COUNT;
    for (let spentMs = 0; spentMs < WARM_UP_FACTOR * measureMs; ) {
      const { perSecond } = await this.#deliver(count);
      spentMs += (count / perSecond) * 1_000;
      best = Math.max(best, perSecond);
      count = Math.max(TRIAL_COUNT, Math.round(Math.min((best * measureMs) / 1_000, count * 4)));
    }
    return Math.max(TRIAL_COUNT, roundDown((best * measureMs) / 1_000));
  }

  async #deliver(count: number): Promise<{ perSecond: number; cpu: CpuMicros }> {
    const { tookMs, cpuMicros } = await this.#device.request<Delivered>('deliver', count);
    this.#delivered += count;
    const handled = await this.#agent.request<Handled>('handled');
    if (handled.messages !== this.#delivered) {
      throw new Error(`${this.name}: ${this.#delivered} acknowledged, but ${handled.messages} handled`);
    }
    const agentMicros = handled.cpuMicros - this.#agentMicros;
    this.#agentMicros = handled.cpuMicros;
    return { perSecond: (count / tookMs) * 1_000, cpu: { device: cpuMicros / count, agent: agentMicros / count } };
  }
}

/** With two digits that are not 0. */
function roundDown(value: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1);
  return Math.floor(value / unit) * unit;
}
