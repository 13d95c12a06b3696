// A channel over a real transport and a network in memory, in virtual time, with a small agent at the other end: of several
// connections the latest counts; one receiving half, and a handler that the test sets.

import { type ChannelFrame, CLOSE_CODE } from '@holdfast/protocol/core';
import { createVirtualRuntime, type VirtualRuntime } from '@holdfast/simulator';
import { AcceptedConnection, createTransport, type Transport } from '@holdfast/transport';
import { createMemoryNetwork, type MemoryNetwork } from '@holdfast/transport/memory';
import {
  GroupCommit,
  type HandlingResult,
  type IncomingMessage,
  openReliableChannel,
  ReceivingHalf,
  type ReliableChannel,
  type ReliableChannelOptions,
  type Store,
  type StoreFactory,
} from '../../src/index.js';
import { memoryStore } from '../../src/stores/memory.js';

const DEVICE_ID = 'press-7';
/** What a watcher of frames does not want to know. */
const DEAF = { up: () => {}, down: () => {}, writable: () => {} };

/** Both ends of a channel. */
export class ChannelRig {
  readonly runtime: VirtualRuntime = createVirtualRuntime({ seed: 1 });
  readonly network: MemoryNetwork = createMemoryNetwork({ runtime: this.runtime, latencyMs: 10 });
  /** The data of every message that the handler was given. */
  readonly handled: unknown[] = [];
  readonly storeProblems: string[] = [];
  /** What the handler says of a message. */
  handle: (message: IncomingMessage) => HandlingResult | Promise<HandlingResult> = () => undefined;
  /** So many messages wait at the agent. */
  waitingCount = 0;
  receiving: ReceivingHalf | undefined;
  /** The channel frames that came to the agent, in order, over all connections. */
  readonly frames: ChannelFrame[] = [];
  #inbox: Store | undefined;

  /** Starts the agent. */
  async startAgent(inbox: StoreFactory = memoryStore(), creditMessages = 100): Promise<ReceivingHalf> {
    const { runtime, network } = this;
    this.#inbox = await inbox.open();
    const receiving = await ReceivingHalf.open(this.#inbox, {
      runtime,
      creditMessages,
      senderId: DEVICE_ID,
      inbox: new GroupCommit(this.#inbox, runtime),
      handle: (message) => {
        this.handled.push(message.data);
        return this.handle(message);
      },
      onWaitingChanged: (change) => {
        this.waitingCount += change;
      },
      onStoreProblem: (detail) => this.storeProblems.push(detail),
      onReplyDropped: (_, detail) => this.storeProblems.push(detail),
      onDataRefused: (_, detail) => this.storeProblems.push(detail),
    });
    this.receiving = receiving;
    let current: AcceptedConnection | undefined;
    network.listen((pipe) => {
      const connection: AcceptedConnection = new AcceptedConnection(
        { runtime, writeMaxBytes: network.writeMaxBytes },
        {
          hello: () => {
            current?.close(CLOSE_CODE.replaced);
            current = connection;
            receiving.attach(connection.carrier);
            connection.carrier.attach('sending', { ...DEAF, frame: (frame) => this.frames.push(frame) });
            connection.admit();
          },
          message: () => {},
          ended: () => {
            if (current !== connection) return;
            current = undefined;
            receiving.detach();
          },
        },
      );
      connection.begin(pipe);
      return connection.pipeEvents;
    });
    return receiving;
  }

  /** The agent is gone; what it has not recorded is forgotten. Its inbox can be opened again. */
  async stopAgent(): Promise<void> {
    this.network.listen(() => ({ received: () => {}, closed: () => {} }))();
    this.network.cut();
    await this.runtime.advance(0);
    await this.#inbox?.close();
  }

  transport(): Transport {
    return createTransport({ deviceId: DEVICE_ID, link: this.network.link(), runtime: this.runtime });
  }

  open(options: Partial<ReliableChannelOptions> = {}): Promise<ReliableChannel> {
    return openReliableChannel({ transport: this.transport(), store: memoryStore(), ...options });
  }

  /** Lets time pass until it is so, and throws when it never is. */
  async until(isSo: () => boolean, limitMs = 600_000): Promise<void> {
    if (!(await this.runtime.runUntil(isSo, { limitMs }))) throw new Error(`not so after ${limitMs} ms`);
  }
}

/** A memory store whose commits and reads the test can hold up or let fail. */
export class StoreUnderTest implements StoreFactory {
  readonly name = 'under test';
  /** What the next commits reject with. */
  commitError: Error | undefined;
  /** What the next reads reject with. */
  readError: Error | undefined;
  commitCount = 0;
  /** What the latest commit was asked for, as `put key` and `delete key`. */
  latestOperations: readonly string[] = [];
  /** While set, commits wait for it. */
  gate: Promise<void> | undefined;
  readonly #inner = memoryStore();
  readonly #isDurable: boolean;

  constructor(isDurable = true) {
    this.#isDurable = isDurable;
  }

  async open(): Promise<Store> {
    const inner = await this.#inner.open();
    return {
      ...inner,
      isDurable: this.#isDurable,
      read: async (range) => {
        if (this.readError !== undefined) throw this.readError;
        return inner.read(range);
      },
      commit: async (operations) => {
        this.commitCount += 1;
        this.latestOperations = operations.map(({ type, key }) => `${type} ${key}`);
        await this.gate;
        if (this.commitError !== undefined) throw this.commitError;
        await inner.commit(operations);
      },
    };
  }
}

/** A promise that the test ends. */
export function deferred(): { readonly promise: Promise<void>; resolve(): void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((onDone) => {
    resolve = onDone;
  });
  return { promise, resolve };
}
