// An agent on a memory network in virtual time, and devices of every kind: proper ones, and raw ones that send what they
// like. Time moves only in `settle` and `until`.

import { encodeFrame, type Frame, FrameDecoder, ProtocolError } from '@holdfast/protocol/core';
import { openReliableChannel, type ReliableChannel, type StoreFactory } from '@holdfast/reliable-channel';
import { memoryStore } from '@holdfast/reliable-channel/memory';
import { createVirtualRuntime, type VirtualRuntime } from '@holdfast/simulator';
import {
  CONNECT_REASON,
  createTransport,
  type Pipe,
  RETURN_ON_ERROR,
  type Transport,
  type TransportEvent,
  WAIT_TIL_SENT,
} from '@holdfast/transport';
import { createMemoryNetwork, type MemoryNetwork } from '@holdfast/transport/memory';
import { expect } from 'vitest';
import { type Agent, type AgentEvent, type AgentOptions, createAgent, type Listener } from '../../src/index.js';
import { memoryListener } from '../../src/listeners/memory.js';

/** Nothing in these tests may take longer, in virtual milliseconds. */
const LIMIT_MS = 120_000;

/** What a rig can be told. */
export interface RigOptions extends Partial<AgentOptions> {
  /** In place of the memory listener. */
  readonly listenersOf?: (network: MemoryNetwork) => readonly Listener[];
}

/** An agent and its network. */
export class Rig {
  readonly runtime: VirtualRuntime;
  readonly network: MemoryNetwork;
  readonly agent: Agent;
  readonly events: AgentEvent[] = [];

  private constructor({ listenersOf, ...options }: RigOptions) {
    this.runtime = createVirtualRuntime({ seed: 1 });
    this.network = createMemoryNetwork({ runtime: this.runtime, latencyMs: 1 });
    this.agent = createAgent({
      listeners: listenersOf?.(this.network) ?? [memoryListener(this.network)],
      store: memoryStore(),
      runtime: this.runtime,
      ...options,
    });
    this.agent.observe((event) => this.events.push(event));
  }

  /** An agent that listens. */
  static async start(options: RigOptions = {}): Promise<Rig> {
    const rig = new Rig(options);
    await rig.agent.listen();
    return rig;
  }

  /** A proper device, not connected. */
  transport(deviceId: string, token?: string): Transport {
    const transport = createTransport({
      deviceId,
      link: this.network.link(),
      runtime: this.runtime,
      reconnectBackoff: { minMs: 100, maxMs: 5_000 },
      ...(token !== undefined && { token }),
    });
    // What fails is told, not tried again: the tests look at failures.
    transport.setSendTimeoutPolicy(RETURN_ON_ERROR, WAIT_TIL_SENT, 30);
    return transport;
  }

  /** A proper device, connected. */
  async device(deviceId: string, token?: string): Promise<Transport> {
    const transport = this.transport(deviceId, token);
    expect(await this.until(transport.connect())).toBe(CONNECT_REASON.connected);
    return transport;
  }

  /** A proper device with a channel. */
  async channel(deviceId: string, options: { token?: string; store?: StoreFactory } = {}): Promise<ReliableChannel> {
    const transport = this.transport(deviceId, options.token);
    return openReliableChannel({ transport, store: options.store ?? memoryStore() });
  }

  /** A device that sends what it likes. */
  async raw(): Promise<RawDevice> {
    const device = new RawDevice();
    const dialing = this.network.link().dial(device, new AbortController().signal);
    device.pipe = await this.until(dialing);
    return device;
  }

  /** A raw device that has been let in. */
  async welcomed(deviceId: string, token = ''): Promise<RawDevice> {
    const device = await this.raw();
    device.send({ type: 'hello', version: 1, deviceId, token });
    await this.settle();
    expect(device.frames.splice(0)).toEqual([expect.objectContaining({ type: 'welcome' })]);
    return device;
  }

  /** Lets everything happen that happens within `ms`. */
  async settle(ms = 50): Promise<void> {
    await this.runtime.advance(ms);
  }

  /** Moves time on until the promise has settled. */
  async until<Value>(promise: Promise<Value>): Promise<Value> {
    let isDone = false;
    const done = (): void => {
      isDone = true;
    };
    promise.then(done, done);
    expect(await this.runtime.runUntil(() => isDone, { limitMs: LIMIT_MS })).toBe(true);
    return promise;
  }

  /** Moves time on until the condition holds. */
  async when(condition: () => boolean): Promise<void> {
    expect(await this.runtime.runUntil(condition, { limitMs: LIMIT_MS })).toBe(true);
  }

  /** The events of one kind so far. */
  eventsOf<Type extends AgentEvent['type']>(type: Type): Extract<AgentEvent, { type: Type }>[] {
    return this.events.filter((event): event is Extract<AgentEvent, { type: Type }> => event.type === type);
  }
}

/** One end of a pipe, with the frames that came over it. */
export class RawDevice {
  readonly frames: Frame[] = [];
  readonly #decoder = new FrameDecoder(1_000_000);
  pipe!: Pipe;
  /** Why the pipe is gone, once it is. */
  closedBecause: string | undefined;

  received(bytes: Uint8Array): void {
    this.#decoder.push(bytes);
    for (let frame = this.#decoder.next(); frame !== undefined; frame = this.#decoder.next()) {
      if (frame instanceof ProtocolError) throw frame;
      this.frames.push(frame);
    }
  }

  closed(detail: string): void {
    this.closedBecause = detail;
  }

  send(...frames: Frame[]): void {
    for (const frame of frames) this.write(encodeFrame(frame));
  }

  write(bytes: Uint8Array): void {
    this.pipe.write(bytes, () => {});
  }

  framesOf<Type extends Frame['type']>(type: Type): Extract<Frame, { type: Type }>[] {
    return this.frames.filter((frame): frame is Extract<Frame, { type: Type }> => frame.type === type);
  }
}

/** A store whose commits wait while it is held, and can be told to fail. */
export function heldStore(): { factory: StoreFactory; hold(): void; release(): void; failNext(): void } {
  const inner = memoryStore();
  let gate: Promise<void> | undefined;
  let open: () => void = () => {};
  let isFailing = false;
  return {
    factory: {
      name: 'held',
      open: async () => {
        const store = await inner.open();
        return {
          ...store,
          commit: async (operations) => {
            await gate;
            if (isFailing) {
              isFailing = false;
              throw new Error('the disk is full');
            }
            await store.commit(operations);
          },
        };
      },
    },
    hold: () => {
      gate = new Promise((resolve) => {
        open = resolve;
      });
    },
    release: () => {
      gate = undefined;
      open();
    },
    failNext: () => {
      isFailing = true;
    },
  };
}

/** A promise with its ends outside. */
export function deferred(): { promise: Promise<void>; resolve(): void; reject(error: unknown): void } {
  let resolve: () => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<void>((onDone, onError) => {
    resolve = onDone;
    reject = onError;
  });
  return { promise, resolve, reject };
}

/** What a transport told its observers. */
export function watch(transport: Transport): TransportEvent[] {
  const events: TransportEvent[] = [];
  transport.observe((event) => events.push(event));
  return events;
}
