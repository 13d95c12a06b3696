// The agent: the application's end of many devices' connections. Its server's half (server.ts) takes connections and
// acknowledges bytes; its own half, here, brings messages to handlers and acknowledges work. Between the two, plain
// messages can be lost, as on the real platform; messages of a reliable channel can not.

import {
  type AnyMessages,
  checkText,
  encodeMessage,
  HoldfastError,
  Listeners,
  type MessageTypes,
  type NameOf,
} from '@holdfast/protocol';
import { DEVICE_ID_MAX_BYTES } from '@holdfast/protocol/core';
import { type ApplicationDatabase, CheckedStore, inboxTransaction, type SendingHalf } from '@holdfast/reliable-channel';
import { NOT_CONNECTED, type SendCode } from '@holdfast/transport';
import { AgentDevice } from './agent-device.js';
import { logAgentEvent } from './agent-log.js';
import { agentStats } from './agent-stats.js';
import { type AgentStore, openAgentStore } from './agent-store.js';
import { Backpressure } from './backpressure.js';
import type { DeviceEntry } from './device-entry.js';
import { DeviceTable } from './device-table.js';
import type { AgentEvent, AgentStats } from './events.js';
import { type Handler, type HandlerOf, Handlers } from './handlers.js';
import type { OpenListener } from './listener.js';
import { type AgentOptions, type ResolvedAgentOptions, resolveAgentOptions } from './options.js';
import { PlainMessages } from './plain-messages.js';
import { pollUntil } from './poll-until.js';
import { ReliableMessages } from './reliable-messages.js';
import { Server } from './server.js';

/**
 * An agent. Made by `createAgent`.
 *
 * @typeParam Messages - what devices send, by name: `{ temperature: { data: { celsius: number }; reply: 'ok' } }`
 * @typeParam Commands - the same for what is sent to devices
 */
export class Agent<
  Messages extends MessageTypes<Messages> = AnyMessages,
  Commands extends MessageTypes<Commands> = AnyMessages,
> {
  readonly #options: ResolvedAgentOptions;
  readonly #handlers: Handlers;
  readonly #observers = new Listeners<AgentEvent>();
  readonly #restartObservers = new Listeners<void>();
  readonly #plain: PlainMessages;
  readonly #reliable: ReliableMessages;
  readonly #backpressure: Backpressure;
  readonly #devices: DeviceTable;
  readonly #server: Server;
  #inbox: AgentStore | undefined;
  /** What listens now. */
  #open: readonly OpenListener[] = [];
  #listening: Promise<readonly OpenListener[]> | undefined;
  #closing: Promise<void> | undefined;
  #stopMeasuring: (() => void) | undefined;

  constructor(options: AgentOptions<Messages>) {
    this.#options = resolveAgentOptions(options as AgentOptions);
    const { logger } = this.#options;
    if (logger !== undefined) this.#observers.add((event) => logAgentEvent(logger, event));
    const events = {
      emit: (event: AgentEvent) => this.#observers.emit(event),
      queueChanged: () => this.#onQueueChanged(),
      connectedChanged: (change: number) => this.#backpressure.connectedChanged(change),
    };
    this.#handlers = new Handlers(this.#options.schemas, this.#options.telemetry);
    this.#plain = new PlainMessages(this.#options, this.#handlers, events);
    this.#reliable = new ReliableMessages(this.#options, this.#handlers, events);
    this.#devices = new DeviceTable(this.#options.devicesMax, (id) => this.#openDevice(id));
    const waitingCount = (): number => this.#plain.waitingCount + this.#reliable.waitingCount;
    this.#backpressure = new Backpressure(this.#options, {
      devices: this.#devices,
      get waitingCount() {
        return waitingCount();
      },
    });
    this.#server = new Server(this.#options, this.#devices, {
      emit: events.emit,
      message: (device, message, bytes) => {
        this.#plain.offer(device, message, { bytes, otherCount: this.#reliable.waitingCount });
      },
    });
  }

  /** Registers the handler for messages of `name`, plain and reliable, in place of an earlier one. */
  on<Name extends NameOf<Messages>>(name: Name, handler: HandlerOf<Messages, Name>): void {
    this.#handlers.set(name, handler as Handler);
  }

  /** Registers the handler for names without a handler of their own, in place of an earlier one. */
  onAny(handler: Handler): void {
    this.#handlers.setFallback(handler);
  }

  /**
   * Registers the handler for messages of `name` from one device, plain and reliable, in place of an earlier one. It comes
   * before the handlers for all devices.
   */
  onDevice<Name extends NameOf<Messages>>(deviceId: string, name: Name, handler: HandlerOf<Messages, Name>): void {
    this.#handlers.setForDevice(deviceId, name, handler as Handler);
  }

  /**
   * A device, to send to it, whether it is there or not.
   *
   * @throws TypeError or RangeError when that can not be the id of a device
   */
  device(id: string): AgentDevice<Commands> {
    return new AgentDevice({
      id: checkText('deviceId', id, DEVICE_ID_MAX_BYTES),
      isConnected: () => this.isConnected(id),
      useSending: (use) => this.#useSending(id, use),
    });
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
   * Runs work, which must be synchronous, on the application's database in the inbox, in a transaction of its own: for what is
   * not about one message. Resolves with what it returned when that is on disk; rejects with what it throws, and nothing is
   * changed then. Messages have `message.inboxTransaction`.
   *
   * @throws HoldfastError `TRANSACTION_REFUSED`: the agent does not listen yet, or its store has no transactions;
   * `STORE_FAILED`. TypeError: the work returned a promise
   */
  async inboxTransaction<T, Database extends ApplicationDatabase = ApplicationDatabase>(
    work: (database: Database) => T,
  ): Promise<T> {
    const inbox = this.#inbox;
    if (inbox === undefined) throw new HoldfastError('TRANSACTION_REFUSED', 'the inbox is not open; call listen first');
    return inboxTransaction(inbox.store, inbox.commits, work as (database: ApplicationDatabase) => T, () => []);
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
    this.#handlers.clear();
    this.#plain.pause();
    this.#backpressure.restartBegins();
    this.#restartObservers.emit();
    try {
      await program();
    } finally {
      const isClosing = this.#closing !== undefined;
      if (this.#backpressure.restartEnds(!isClosing) && !isClosing) this.#plain.resume();
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
    return agentStats(this.#options.runtime.nowMs(), {
      plain: this.#plain,
      reliable: this.#reliable,
      backpressure: this.#backpressure,
      devices: this.#devices,
      connectionCount: this.#server.connectionCount,
    });
  }

  // ---- opening and closing

  async #listen(): Promise<readonly OpenListener[]> {
    const open: OpenListener[] = [];
    let store: CheckedStore | undefined;
    try {
      store = new CheckedStore(await this.#options.store.open());
      store.observe((record) => this.#observers.emit({ type: 'recordQuarantined', ...record }));
      this.#inbox = openAgentStore(store, this.#options, (event) => this.#observers.emit(event));
      for (const listener of this.#options.listeners) {
        open.push(await listener.listen((makePipe) => this.#server.accept(makePipe, listener.writeMaxBytes)));
      }
      this.#checkOpen();
      this.#open = open;
      this.#stopMeasuring = this.#options.telemetry?.measuring?.(() => this.stats());
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
    await Promise.all([...this.#devices].map((device) => device.close()));
    await pollUntil(this.#options.runtime, () => !this.#isBusy());
    if (this.#open.length > 0) await this.#inbox?.store.close();
    this.#stopMeasuring?.();
  }

  /** Handlers that run are waited for, and the records of what they did. */
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
    const device = await this.#reliable.openDevice(id, this.#inbox as AgentStore);
    this.#backpressure.welcome(device);
    return device;
  }

  async #useSending<T>(id: string, use: (sending: SendingHalf) => T): Promise<T> {
    this.#checkOpen();
    const inbox = this.#inbox;
    if (inbox === undefined)
      throw new HoldfastError('AGENT_NOT_LISTENING', 'the outboxes are not open; call listen first');
    let used: Promise<T> | undefined;
    await this.#devices.use(id, (device) => {
      // Reading a device takes a moment, and the agent may have been closed in it.
      this.#checkOpen();
      used = device.useSending(() => inbox.outboxes.open(id), use);
    });
    if (used !== undefined) return used;
    const advice = 'wait until some are at rest, or give devicesMax more';
    throw new HoldfastError('TOO_MANY_DEVICES', `the agent has all the devices in memory that it may have; ${advice}`);
  }

  #onQueueChanged(): void {
    const turn = this.#backpressure.queueChanged();
    if (turn !== undefined) this.#observers.emit({ type: 'overloadChanged', isOverloaded: turn === 'begins' });
  }
}

/**
 * Creates an agent. It takes connections after `listen`.
 *
 * @typeParam Messages - what devices send, by name, with data and replies; without it names and data are free
 * @typeParam Commands - the same for what is sent to devices
 * @throws TypeError or RangeError that names a wrong option
 */
export function createAgent<
  Messages extends MessageTypes<Messages> = AnyMessages,
  Commands extends MessageTypes<Commands> = AnyMessages,
>(options: AgentOptions<Messages>): Agent<Messages, Commands> {
  return new Agent(options);
}
