// The agent: the application's end of many devices' connections. Its server's half (server.ts) takes connections and
// acknowledges bytes; its own half, here, brings messages to handlers and acknowledges work. Between the two, plain
// messages can be lost, as on the real platform; messages of a reliable channel can not. Towards a device there are plain
// messages only.

import { encodeMessage, HoldfastError, Listeners, NACK_CODE } from '@holdfast/protocol';
import { CheckedStore, GroupCommit, type Pause, type Store } from '@holdfast/reliable-channel';
import { NOT_CONNECTED, type SendCode } from '@holdfast/transport';
import { Overload } from './core/index.js';
import type { DeviceEntry } from './device-entry.js';
import { DeviceTable } from './device-table.js';
import type { AgentEvent, AgentStats } from './events.js';
import { type Handler, Handlers } from './handlers.js';
import type { OpenListener } from './listener.js';
import { type AgentOptions, type ResolvedAgentOptions, resolveAgentOptions } from './options.js';
import { PlainMessages } from './plain-messages.js';
import { ReliableMessages } from './reliable-messages.js';
import { Server } from './server.js';

/** How often a closing agent looks whether its handlers are done, and for how long, in milliseconds. */
const CLOSE_POLL_MS = 10;
const CLOSE_TIMEOUT_MS = 10_000;

/** An inbox and the one way to write it. */
interface Inbox {
  readonly store: Store;
  readonly commits: GroupCommit;
}

/** An agent. Made by `createAgent`. */
export class Agent {
  readonly #options: ResolvedAgentOptions;
  readonly #handlers = new Handlers();
  readonly #observers = new Listeners<AgentEvent>();
  readonly #restartObservers = new Listeners<void>();
  readonly #plain: PlainMessages;
  readonly #reliable: ReliableMessages;
  readonly #overload: Overload;
  readonly #devices: DeviceTable;
  readonly #server: Server;
  #inbox: Inbox | undefined;
  /** What listens now. */
  #open: readonly OpenListener[] = [];
  #listening: Promise<readonly OpenListener[]> | undefined;
  #closing: Promise<void> | undefined;
  /** Restarts under way. */
  #restarts = 0;

  constructor(options: AgentOptions) {
    this.#options = resolveAgentOptions(options);
    const events = {
      emit: (event: AgentEvent) => this.#observers.emit(event),
      queueChanged: () => this.#onQueueChanged(),
    };
    this.#overload = new Overload(this.#options.agentQueueMaxMessages);
    this.#plain = new PlainMessages(this.#options, this.#handlers, events);
    this.#reliable = new ReliableMessages(this.#options, this.#handlers, events);
    this.#devices = new DeviceTable(this.#options.devicesMax, (id) => this.#openDevice(id));
    this.#server = new Server(this.#options, this.#devices, {
      emit: events.emit,
      message: (device, message, bytes) => {
        this.#plain.offer(device, message, { bytes, otherCount: this.#reliable.waitingCount });
      },
    });
  }

  /** Registers the handler for messages of `name`, plain and reliable, in place of an earlier one. */
  on(name: string, handler: Handler): void {
    this.#handlers.set(name, handler);
  }

  /** Registers the handler for names without a handler of their own, in place of an earlier one. */
  onAny(handler: Handler): void {
    this.#handlers.setFallback(handler);
  }

  /**
   * Registers the handler for messages of `name` from one device, plain and reliable, in place of an earlier one. It comes
   * before the handlers for all devices.
   */
  onDevice(deviceId: string, name: string, handler: Handler): void {
    this.#handlers.setForDevice(deviceId, name, handler);
  }

  /** Whether the device has a connection now. One that was cut counts until the server notices. */
  isConnected(deviceId: string): boolean {
    return this.#devices.get(deviceId)?.connection !== undefined;
  }

  /**
   * Sends a plain message to a device, at most once, and resolves with its send code: `SEND_OK` when it is in the send
   * buffer, `NOT_CONNECTED` when the device is away, `DISCONNECTED` when it went meanwhile. A message that finds no room
   * for 30 seconds, because the device does not read or is too slow, costs the connection: `TIMEOUT`.
   *
   * @param data - null, booleans, numbers, strings, `Uint8Array`, arrays and plain objects of these
   * @throws HoldfastError at once, and nothing has been sent: `NAME_TOO_LONG`, `MESSAGE_TOO_LARGE`,
   * `DATA_NOT_SERIALISABLE`, `DATA_UNSAFE_KEY`; `TOO_MANY_SENDS` when 4 MiB or 16384 messages wait for the device
   */
  sendPlain(deviceId: string, name: string, data: unknown): Promise<SendCode> {
    const connection = this.#devices.get(deviceId)?.connection;
    if (connection !== undefined) return connection.sends.send(name, data);
    // Bad data is a mistake in the program, which shows whether the device is there or not.
    encodeMessage(name, data);
    return Promise.resolve(NOT_CONNECTED);
  }

  /**
   * Opens the inbox and begins to take connections. Resolves with what listens, in the order of the option `listeners`.
   *
   * @throws HoldfastError `AUTHENTICATE_REQUIRED`, `LISTEN_FAILED`, `STORE_UNAVAILABLE`, `STORE_LOCKED`,
   * `STORE_FORMAT_UNKNOWN`, `AGENT_CLOSED`; nothing is left open then, and it can be called again
   */
  async listen(): Promise<readonly OpenListener[]> {
    this.#checkOpen();
    if (this.#options.authenticate === undefined && this.#options.listeners.some((listener) => !listener.isLoopback)) {
      const advice = 'give authenticate: deviceTokens({...}) or a function of your own, or listen on 127.0.0.1';
      throw new HoldfastError('AUTHENTICATE_REQUIRED', `a listener can be reached from other machines; ${advice}`);
    }
    this.#listening ??= this.#listen();
    return this.#listening;
  }

  /**
   * Restarts the application's half while the server's half goes on, as a platform does with a new version of the agent:
   * the handlers are forgotten, and `program` registers the new ones. Until it is done, plain messages are dropped, and
   * channels are told to come again. Handlers that run go on, and what they do counts. Rejects with what `program` throws.
   *
   * @throws HoldfastError `AGENT_CLOSED`
   */
  async restart(program: () => void | Promise<void>): Promise<void> {
    this.#checkOpen();
    this.#restarts += 1;
    this.#handlers.clear();
    this.#plain.pause();
    this.#pauseChannels();
    this.#restartObservers.emit();
    try {
      await program();
    } finally {
      this.#restarts -= 1;
      if (this.#restarts === 0 && this.#closing === undefined) {
        this.#plain.resume();
        this.#pauseChannels();
      }
    }
  }

  /**
   * Takes no more connections, says goodbye to the devices, waits up to ten seconds for the handlers that run, and closes
   * the inbox. Plain messages that wait are dropped; messages of channels that were not handled stay with their devices.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Watches devices come and go, and what goes wrong. Returns the function that ends the watching. */
  observe(observer: (event: AgentEvent) => void): () => void {
    return this.#observers.add(observer);
  }

  /**
   * Calls back at every restart, when the handlers are forgotten and before the new program runs: for whatever keeps
   * something on the program's behalf. Returns the function that ends this.
   */
  observeRestarts(observer: () => void): () => void {
    return this.#restartObservers.add(observer);
  }

  /** Where the agent stands now. */
  stats(): AgentStats {
    return {
      connections: this.#server.connectionCount,
      devices: this.#devices.connectedCount,
      queuedMessages: this.#waitingCount,
      isOverloaded: this.#overload.isOverloaded,
      isRestarting: this.#restarts > 0,
      receivedMessages: this.#plain.receivedCount,
      handledMessages: this.#plain.handledCount + this.#reliable.handledCount,
      droppedMessages: this.#plain.dropped,
    };
  }

  // ---- opening and closing

  async #listen(): Promise<readonly OpenListener[]> {
    const open: OpenListener[] = [];
    let store: CheckedStore | undefined;
    try {
      store = new CheckedStore(await this.#options.store.open());
      store.observe((record) => this.#observers.emit({ type: 'recordQuarantined', ...record }));
      this.#inbox = { store, commits: new GroupCommit(store, this.#options.runtime) };
      for (const listener of this.#options.listeners) {
        const { writeMaxBytes } = listener;
        open.push(await listener.listen((makePipe) => this.#server.accept(makePipe, writeMaxBytes)));
      }
      this.#checkOpen();
      this.#open = open;
      return open;
    } catch (error) {
      await Promise.all(open.map((listener) => listener.close()));
      await store?.close();
      this.#listening = undefined;
      throw error;
    }
  }

  async #close(): Promise<void> {
    // Listeners that are being opened find out that they are too late.
    await this.#listening?.catch(() => undefined);
    await Promise.all(this.#open.map((listener) => listener.close()));
    this.#server.close();
    this.#plain.pause();
    await this.#whenQuiet();
    if (this.#open.length > 0) await this.#inbox?.store.close();
  }

  /** Handlers that run are waited for, and the records of what they did. */
  async #whenQuiet(): Promise<void> {
    const { runtime } = this.#options;
    const giveUpMs = runtime.nowMs() + CLOSE_TIMEOUT_MS;
    while (this.#isBusy() && runtime.nowMs() < giveUpMs) {
      await new Promise<void>((resolve) => runtime.setTimer(CLOSE_POLL_MS, resolve));
    }
  }

  #isBusy(): boolean {
    const handlers = this.#reliable.runningCount + this.#plain.runningCount;
    return handlers > 0 || this.#server.connectionCount > 0 || !this.#devices.isAtRest;
  }

  #checkOpen(): void {
    if (this.#closing !== undefined)
      throw new HoldfastError('AGENT_CLOSED', 'this agent is closed; create another one');
  }

  // ---- devices and their channels

  async #openDevice(id: string): Promise<DeviceEntry> {
    const { store, commits } = this.#inbox as Inbox;
    const device = await this.#reliable.openDevice(id, store, commits);
    this.#pauseChannel(device);
    return device;
  }

  get #waitingCount(): number {
    return this.#plain.waitingCount + this.#reliable.waitingCount;
  }

  #onQueueChanged(): void {
    const turn = this.#overload.update(this.#waitingCount);
    if (turn === undefined) return;
    this.#pauseChannels();
    this.#observers.emit({ type: 'overloadChanged', isOverloaded: turn === 'begins' });
  }

  /** Tells every channel whether it may send, as things stand now. */
  #pauseChannels(): void {
    for (const device of this.#devices) this.#pauseChannel(device);
  }

  /**
   * A restart takes the handlers away, so what waits for them is given back. An overloaded agent keeps what it has, since
   * it is going to handle that, and takes nothing new.
   */
  #pauseChannel({ receiving }: DeviceEntry): void {
    if (this.#restarts > 0) receiving.pause(this.#pause(NACK_CODE.restarting, 'the agent is restarting'));
    else if (this.#overload.isOverloaded) {
      receiving.pause(this.#pause(NACK_CODE.overloaded, 'the agent is overloaded'), { keepsWaiting: true });
    } else receiving.resume();
  }

  #pause(code: number, reason: string): Pause {
    return { code, reason, retryAfterMs: this.#options.retryAfterMs };
  }
}

/**
 * Creates an agent. It takes connections after `listen`.
 *
 * @throws TypeError or RangeError that names a wrong option
 */
export function createAgent(options: AgentOptions): Agent {
  return new Agent(options);
}
