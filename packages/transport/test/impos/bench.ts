// A hosted device in virtual time: the program of the test, a network, a server that writes down what comes.

import { createVirtualRuntime, type VirtualRuntime } from '@holdfast/simulator';
import {
  type DeviceEvent,
  type DeviceOptions,
  type DeviceProgram,
  type DeviceRun,
  runDevice,
} from '../../src/impos/index.js';
import { createMemoryNetwork, type MemoryNetwork, type MemoryNetworkOptions } from '../../src/links/memory.js';
import { TestServer } from '../server.js';

/** What a bench is made with, beside its program. */
export interface DeviceBenchOptions {
  readonly device?: Partial<DeviceOptions>;
  readonly network?: Partial<MemoryNetworkOptions>;
  /** Whether the network is there from the start. @default true */
  readonly isReachable?: boolean;
  /** Decides the waits between dials. @default 1 */
  readonly seed?: number;
  /** Every dial waits for it. @default no wait */
  readonly beforeDial?: () => Promise<void>;
}

/** A hosted device on the bench. */
export class DeviceBench {
  readonly runtime: VirtualRuntime;
  readonly network: MemoryNetwork;
  readonly server: TestServer;
  readonly run: DeviceRun;
  readonly events: DeviceEvent[] = [];
  /** When each of them came, in virtual milliseconds. */
  readonly eventsAtMs: number[] = [];
  readonly log: string[] = [];
  readonly dialsAtMs: number[] = [];

  constructor(program: DeviceProgram, options: DeviceBenchOptions = {}) {
    const { device = {}, network = {}, isReachable = true, seed = 1, beforeDial } = options;
    this.runtime = createVirtualRuntime({ seed });
    this.network = createMemoryNetwork({ runtime: this.runtime, latencyMs: 10, ...network });
    this.network.setReachable(isReachable);
    this.server = new TestServer(this.runtime);
    this.server.listen(this.network);
    const link = this.network.link();
    const counting: typeof link = {
      ...link,
      dial: async (events, signal) => {
        this.dialsAtMs.push(this.runtime.nowMs());
        await beforeDial?.();
        return link.dial(events, signal);
      },
    };
    this.run = runDevice(program, {
      deviceId: 'imp',
      link: counting,
      runtime: this.runtime,
      log: (line) => void this.log.push(line),
      ...device,
    });
    this.run.observe((event) => {
      this.events.push(event);
      this.eventsAtMs.push(this.runtime.nowMs());
    });
  }

  /** The network is away, and both ends know it. */
  takeAway(): void {
    this.network.setReachable(false);
    this.network.cut();
  }

  /** The data of the messages that the server has. */
  get received(): unknown[] {
    return this.server.messages.map(({ data }) => data);
  }

  /** Why the program has started each time. */
  get wakeReasons(): number[] {
    return this.events.flatMap((event) => (event.type === 'started' ? [event.wakeReason] : []));
  }

  /** When an event of this type came, each time, in virtual milliseconds. */
  timesOf(type: DeviceEvent['type']): number[] {
    return this.eventsAtMs.filter((_, at) => this.events[at]?.type === type);
  }

  typesOf(...types: DeviceEvent['type'][]): string[] {
    return this.events.filter(({ type }) => types.includes(type)).map(({ type }) => type);
  }
}
