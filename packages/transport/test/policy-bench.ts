// A real transport in virtual time, a network that fails when the test says so, and what a program sees of it.

import { createVirtualRuntime, type VirtualRuntime } from '@holdfast/simulator';
import {
  createTransport,
  type OnError,
  type Pipe,
  type Transport,
  type TransportEvent,
  type TransportOptions,
  WAIT_TIL_SENT,
} from '../src/index.js';
import { createMemoryNetwork, type MemoryNetwork, type MemoryNetworkOptions } from '../src/links/memory.js';
import { TestServer } from './server.js';

/** From one end of the network to the other. */
export const LATENCY_MS = 10;

/** A device on a memory network with its server, and a program that calls it. */
export class Bench {
  readonly runtime: VirtualRuntime;
  readonly network: MemoryNetwork;
  readonly server: TestServer;
  readonly transport: Transport;
  readonly events: TransportEvent[] = [];
  readonly dialsAtMs: number[] = [];

  /** @param around - takes the place of each dial, which it is given */
  constructor(
    options: Partial<TransportOptions> = {},
    network: Partial<MemoryNetworkOptions> = {},
    around: (dial: () => Promise<Pipe>) => Promise<Pipe> = (dial) => dial(),
  ) {
    this.runtime = createVirtualRuntime({ seed: 1 });
    this.network = createMemoryNetwork({ runtime: this.runtime, latencyMs: LATENCY_MS, ...network });
    this.server = new TestServer(this.runtime);
    this.server.listen(this.network);
    const link = this.network.link();
    const counting: typeof link = {
      ...link,
      dial: (events, signal) => {
        this.dialsAtMs.push(this.runtime.nowMs());
        return around(() => link.dial(events, signal));
      },
    };
    this.transport = createTransport({ deviceId: 'imp', link: counting, runtime: this.runtime, ...options });
    this.transport.observe((event) => this.events.push(event));
  }

  /** A bench with a connection that is up, and `onError` as its policy. */
  static async connected(onError: OnError, ...options: ConstructorParameters<typeof Bench>): Promise<Bench> {
    const bench = new Bench(...options);
    void bench.transport.connect();
    await bench.runtime.runUntil(() => bench.transport.isConnected(), { limitMs: 1_000 });
    await bench.runtime.advance(100);
    bench.transport.setSendTimeoutPolicy(onError, WAIT_TIL_SENT, 30);
    bench.events.length = 0;
    return bench;
  }

  /** Calls `send` and returns where its result will be. */
  send(data: unknown, name = 'n'): { code?: number } {
    const result: { code?: number } = {};
    void this.transport.send(name, data).then((code) => {
      result.code = code;
    });
    return result;
  }

  /** The network is away, and both ends know it. */
  takeAway(): void {
    this.network.setReachable(false);
    this.network.cut();
  }

  /** The data of every message that has arrived. */
  get received(): unknown[] {
    return this.server.messages.map(({ data }) => data);
  }

  /** The events of these types, in order. */
  typesOf(...types: TransportEvent['type'][]): string[] {
    return this.events.filter(({ type }) => types.includes(type)).map(({ type }) => type);
  }
}
