// The device's reliable channel: a sending half towards the agent and a receiving half for what the agent sends, over one
// transport and in one store. What it takes it keeps until the agent has handled it, and it tells how each message ended.

import {
  type AnyMessages,
  type DataOf,
  Listeners,
  type MessageTypes,
  type NameOf,
  type ReplyOf,
} from '@holdfast/protocol';
import type { Transport } from '@holdfast/transport';
import type { ChannelEvent, ChannelStats } from './channel-events.js';
import { type ChannelHandler, ChannelHandlers } from './channel-handlers.js';
import { logChannelEvent, logTransportEvent } from './channel-log.js';
import { CheckedStore } from './checked-store.js';
import type { DeadLetterBox } from './dead-letter-box.js';
import type { Delivery } from './delivery.js';
import { GroupCommit } from './group-commit.js';
import type { Logger } from './logger.js';
import { type ReliableChannelOptions, resolveChannelOptions } from './options.js';
import { ReceivingHalf } from './receiving-half.js';
import type { SendOptions } from './send-options.js';
import { SendingHalf } from './sending-half.js';
import { isSharedStore } from './shared-store.js';
import type { Telemetry } from './telemetry.js';

/** Names the agent in the device's inbox. */
const AGENT_SENDER_ID = 'agent';
/** How long a closing channel waits for handlers that run, in milliseconds. */
const CLOSE_TIMEOUT_MS = 10_000;
/** Messages of the agent that may be in flight towards the device. */
const CREDIT_MESSAGES = 256;

/** The parts of a channel. */
interface ChannelParts {
  readonly transport: Transport;
  readonly store: CheckedStore;
  readonly sending: SendingHalf;
  readonly receiving: ReceivingHalf;
  readonly handlers: ChannelHandlers;
  readonly observers: Listeners<ChannelEvent>;
  readonly logger: Logger | undefined;
  readonly telemetry: Telemetry<ChannelStats> | undefined;
}

/**
 * A reliable channel to the agent. Made by `openReliableChannel`.
 *
 * @typeParam Table - what the device sends: message names with the types of their data and replies; without it any name
 *   takes any data
 * @typeParam Incoming - the same for what the agent sends to the device
 */
export class ReliableChannel<
  Table extends MessageTypes<Table> = AnyMessages,
  Incoming extends MessageTypes<Incoming> = AnyMessages,
> {
  readonly #parts: ChannelParts;
  readonly #releaseConnection: () => void;
  /** Ends what has been looking on: log and metrics. */
  readonly #stopWatching: (() => void)[] = [];
  #closing: Promise<void> | undefined;

  /** Use `openReliableChannel`. */
  constructor(parts: ChannelParts) {
    this.#parts = parts;
    const { transport, sending, receiving, logger, telemetry } = parts;
    if (logger !== undefined) this.#stopWatching.push(transport.observe((event) => logTransportEvent(logger, event)));
    if (telemetry?.measuring !== undefined) this.#stopWatching.push(telemetry.measuring(() => this.stats()));
    sending.attach(transport.carrier);
    receiving.attach(transport.carrier);
    this.#releaseConnection = transport.keepConnected();
  }

  /**
   * Takes a message. It is stored, sent, and sent again until the agent has handled it, across lost links, crashes and
   * restarts of either end. Nothing of it is lost after `delivery.stored`.
   *
   * @param name - any string that is not empty, at most 255 bytes in UTF-8
   * @param data - null, booleans, numbers, strings, `Uint8Array`, arrays and plain objects of these
   * @throws HoldfastError `NAME_TOO_LONG`, `MESSAGE_TOO_LARGE`, `DATA_NOT_SERIALISABLE`, `DATA_UNSAFE_KEY`,
   * `HEADERS_TOO_LARGE`, `TOO_MANY_LANES`, `CHANNEL_CLOSED`; nothing has been taken then
   */
  send<Name extends NameOf<Table>>(
    name: Name,
    data: DataOf<Table, Name>,
    options?: SendOptions,
  ): Delivery<ReplyOf<Table, Name>> {
    return this.#parts.sending.send(name, data, options);
  }

  /**
   * Registers the handler for messages of `name` that the agent sends to this device, in place of an earlier one. A message
   * without a handler is sent again later, until its attempts are used up: register handlers right after opening.
   */
  on<Name extends NameOf<Incoming>>(
    name: Name,
    handler: ChannelHandler<DataOf<Incoming, Name>, ReplyOf<Incoming, Name>>,
  ): void {
    this.#parts.handlers.set(name, handler);
  }

  /** The messages that were given up: read them, send them again, let them go. */
  get deadLetters(): DeadLetterBox {
    return this.#parts.sending.deadLetters;
  }

  /** Resolves when the outbox has room, for a producer that would rather wait than lose; also when the channel is closed. */
  ready(): Promise<void> {
    return this.#parts.sending.ready();
  }

  /** Resolves with true when the outbox is empty, or with false when the channel is closed or the time is up before. */
  drain(options: { readonly timeoutMs?: number } = {}): Promise<boolean> {
    return this.#parts.sending.drain(options);
  }

  /**
   * Stops sending, waits until the store has everything and up to ten seconds for handlers that run, and lets store and
   * connection go; the transport stays connected until `transport.disconnect()`. Messages that are not settled stay in the
   * outbox for the next time.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Watches messages being stored and settled. Returns the function that ends the watching. */
  observe(observer: (event: ChannelEvent) => void): () => void {
    return this.#parts.observers.add(observer);
  }

  /** Where the channel stands now. */
  stats(): ChannelStats {
    const { sending, store } = this.#parts;
    return { ...sending.stats(), quarantinedRecords: store.quarantinedCount };
  }

  async #close(): Promise<void> {
    const { transport, sending, receiving, store } = this.#parts;
    receiving.detach();
    await sending.close();
    // A handler that never ends must not keep the channel from closing: its message comes again.
    const { runtime } = transport;
    await new Promise<void>((resolve) => {
      const timer = runtime.setTimer(CLOSE_TIMEOUT_MS, resolve);
      void receiving.whenIdle().then(() => {
        runtime.clearTimer(timer);
        resolve();
      });
    });
    this.#releaseConnection();
    await store.close();
    for (const stop of this.#stopWatching) stop();
  }
}

/**
 * Opens a reliable channel over a transport: reads the outbox, begins to keep the connection up, and sends what waits.
 *
 * @throws TypeError or RangeError that names a wrong option
 * @throws HoldfastError `STORE_UNAVAILABLE`, `STORE_LOCKED`, `STORE_FORMAT_UNKNOWN`; `CHANNEL_EXISTS` when the transport has a
 * channel already
 */
export async function openReliableChannel<
  Table extends MessageTypes<Table> = AnyMessages,
  Incoming extends MessageTypes<Incoming> = AnyMessages,
>(options: ReliableChannelOptions): Promise<ReliableChannel<Table, Incoming>> {
  const { transport, store: factory, runtime, sender, logger, telemetry } = resolveChannelOptions(options);
  const observers = new Listeners<ChannelEvent>();
  if (logger !== undefined) observers.add((event) => logChannelEvent(logger, event));
  const store = new CheckedStore(await factory.open());
  store.observe((record) => {
    // Not before those who are about to be given the channel can observe it.
    runtime.setTimer(0, () => observers.emit({ type: 'recordQuarantined', ...record }));
  });
  let sending: SendingHalf | undefined;
  try {
    const commits = new GroupCommit(store, runtime);
    const emit = (event: ChannelEvent): void => observers.emit(event);
    const shared = isSharedStore(factory) ? factory : undefined;
    sending = await SendingHalf.open({ runtime, store, commits, sender, emit, telemetry, marks: shared?.marks });
    const handlers = new ChannelHandlers((name, error) => emit({ type: 'handlerFailed', name, error }), telemetry);
    const receiving = await ReceivingHalf.open(store, {
      runtime,
      senderId: AGENT_SENDER_ID,
      creditMessages: CREDIT_MESSAGES,
      inbox: commits,
      handle: (message) => handlers.run(message),
      onWaitingChanged: () => {},
      onStoreProblem: (detail) => emit({ type: 'storeProblem', detail }),
      onReplyDropped: ({ name }, detail) => emit({ type: 'replyDropped', name, detail }),
      onDataRefused: ({ name }, detail) => emit({ type: 'dataRefused', name, detail }),
    });
    shared?.onOpened({ sending, transport });
    return new ReliableChannel({ transport, store, sending, receiving, handlers, observers, logger, telemetry });
  } catch (error) {
    await sending?.close();
    await store.close();
    throw error;
  }
}
