// Both processes of a contestant, connected.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Child } from '../processes/child.js';
import type { CpuMicros } from '../report/report.js';
import type { Delivered, Handled, OpenRequest } from './contract.js';
import type { PeerOptions } from './peer.js';

/** Starts a process that ends with the benchmark. */
export type Start = (script: URL, args: readonly string[]) => Child;

/** What delivering some messages came to. */
export interface Delivery {
  readonly perSecond: number;
  readonly cpu: CpuMicros;
}

const AGENT = new URL('./agent-process.js', import.meta.url);
const DEVICE = new URL('./device-process.js', import.meta.url);

/** An agent's and a device's process of one contestant. */
export class PeerPair {
  readonly name: string;
  readonly #agent: Child;
  readonly #device: Child;
  #delivered = 0;
  #agentMicros = 0;

  private constructor(name: string, start: Start) {
    this.name = name;
    this.#agent = start(AGENT, [name]);
    this.#device = start(DEVICE, [name]);
  }

  /** Starts both and connects them. @param options - `folder`: the contestant makes its own in there */
  static async start(name: string, options: PeerOptions, start: Start): Promise<PeerPair> {
    const pair = new PeerPair(name, start);
    const folder = join(options.folder, name);
    mkdirSync(folder);
    const port = await pair.#agent.request<number>('start', { ...options, folder });
    const request: OpenRequest = { port, options: { ...options, folder } };
    await pair.#device.request('open', request);
    return pair;
  }

  /** Delivers messages, as many at a time as are allowed. @throws Error when not each was handled once */
  async deliver(count: number): Promise<Delivery> {
    const { tookMs, cpuMicros } = await this.#device.request<Delivered>('deliver', count);
    const agent = (await this.#check(count)) / count;
    return { perSecond: (count / tookMs) * 1_000, cpu: { device: cpuMicros / count, agent } };
  }

  /** Delivers messages, each alone on the way. @returns how long each took, in milliseconds */
  async deliverLone(count: number): Promise<Float64Array> {
    const tookMs = await this.#device.request<Float64Array>('deliverLone', count);
    await this.#check(count);
    return tookMs;
  }

  /** @returns the processor time of the agent since the last call, in microseconds */
  async #check(count: number): Promise<number> {
    this.#delivered += count;
    const { messages, cpuMicros } = await this.#agent.request<Handled>('handled');
    if (messages !== this.#delivered) {
      throw new Error(`${this.name}: ${this.#delivered} acknowledged, but ${messages} handled`);
    }
    const spent = cpuMicros - this.#agentMicros;
    this.#agentMicros = cpuMicros;
    return spent;
  }
}
