// A channel that all tabs of a site share. This is one tab's end of it: its messages, and its part in who leads.

import {
  type AnyMessages,
  type DataOf,
  HoldfastError,
  Listeners,
  type MessageTypes,
  type NameOf,
  type ReplyOf,
} from '@holdfast/protocol';
import type { ChannelEvent, ChannelStats } from '../channel-events.js';
import type { ChannelHandler } from '../channel-handlers.js';
import type { DeadLetterBox } from '../dead-letter-box.js';
import type { ReliableChannel } from '../reliable-channel.js';
import type { StoreFactory } from '../store.js';
import type { BusMessage, SharedSendOptions } from './bus-message.js';
import { busName } from './leader.js';
import { Leadership } from './leadership.js';
import type { SharedDelivery } from './tab-message.js';
import { TabOutbox } from './tab-outbox.js';
import type { Bus, TabPort } from './tab-port.js';

/** What a shared channel tells its observers: of itself, and in the leading tab what the channel tells. */
export type SharedChannelEvent =
  /** This tab leads now, or does not any more. */
  | { readonly type: 'roleChanged'; readonly isLeader: boolean }
  /** It was this tab's turn to lead, and it could not open the channel. It tries again, and so do others. */
  | { readonly type: 'openFailed'; readonly error: unknown }
  | ChannelEvent;

/** Where a shared channel stands in this tab. */
export interface SharedChannelStats {
  readonly isLeader: boolean;
  /** This tab's messages that are not known to be stored. */
  readonly unstoredMessages: number;
  /** This tab's messages that are not known to be settled. */
  readonly waitingMessages: number;
  /** The outbox of all tabs; only the leading tab knows it. */
  readonly channel: ChannelStats | undefined;
}

/** What a shared channel is made of. */
export interface SharedChannelParts {
  readonly name: string;
  /** Names this tab. */
  readonly tab: string;
  readonly port: TabPort;
  /** Ends this tab's life for the others. */
  readonly leave: () => void;
  open(store: StoreFactory): Promise<ReliableChannel>;
}

/** How long a closing tab waits for its messages to be stored, in milliseconds. */
const CLOSE_TIMEOUT_MS = 10_000;

/**
 * One tab's end of a channel that several tabs share. Made by `openSharedChannel`.
 *
 * @typeParam Table - what the tabs send: message names with the types of their data and replies
 * @typeParam Incoming - the same for what the agent sends
 */
export class SharedChannel<
  Table extends MessageTypes<Table> = AnyMessages,
  Incoming extends MessageTypes<Incoming> = AnyMessages,
> {
  readonly #parts: SharedChannelParts;
  readonly #outbox: TabOutbox;
  readonly #leadership: Leadership;
  readonly #bus: Bus;
  readonly #handlers = new Map<string, ChannelHandler<unknown, unknown>>();
  readonly #observers = new Listeners<SharedChannelEvent>();
  readonly #stopWatching: () => void;
  /** The channel, while this tab leads: handlers that come late are for it, too. */
  #leading: ReliableChannel | undefined;
  #closing: Promise<void> | undefined;

  /** Use `openSharedChannel`. */
  constructor(parts: SharedChannelParts) {
    this.#parts = parts;
    const { name, tab, port, open } = parts;
    this.#bus = port.openBus(busName(name), (message) => this.#onBus(message));
    this.#outbox = new TabOutbox({
      tab,
      runtime: port.runtime,
      post: (message) => this.#bus.post({ to: 'leader', message }),
    });
    const emit = (event: SharedChannelEvent): void => this.#observers.emit(event);
    const register = (channel: ReliableChannel): void => {
      for (const [message, handler] of this.#handlers) channel.on(message, handler);
      this.#leading = channel;
    };
    this.#leadership = new Leadership(
      { name, port, open, register, emit },
      {
        post: (message) => this.#bus.post(message),
        onLeading: (isLeader) => {
          if (!isLeader) this.#leading = undefined;
          emit({ type: 'roleChanged', isLeader });
        },
        onOvertaken: () => this.#joinAnew(),
        onOpenFailed: (error) => emit({ type: 'openFailed', error }),
      },
    );
    this.#stopWatching = port.watchPage({
      freeze: () => this.#leadership.freeze(),
      resume: () => {
        this.#joinAnew();
        this.#leadership.resume();
      },
    });
    this.#joinAnew();
    this.#leadership.stand();
  }

  /** Whether this tab is the one that talks to the agent. */
  get isLeader(): boolean {
    return this.#leadership.isLeading;
  }

  /** The messages of all tabs that were given up, while this tab leads. */
  get deadLetters(): DeadLetterBox | undefined {
    return this.#leadership.leader?.deadLetters;
  }

  /**
   * Takes a message. It goes to the tab that leads, is stored there, and sent until the agent has handled it. When the leading
   * tab is gone another one goes on, and nothing is lost or sent as a new message. Up to 16,384 messages and 16 MiB of a tab may
   * wait to be stored, and 250,000 to be settled; beyond that they end as evicted, and `stored` rejects with `OUTBOX_FULL`.
   *
   * @param name - any string that is not empty, at most 255 bytes in UTF-8
   * @param data - null, booleans, numbers, strings, `Uint8Array`, arrays and plain objects of these
   * @throws HoldfastError `NAME_TOO_LONG`, `MESSAGE_TOO_LARGE`, `DATA_NOT_SERIALISABLE`, `DATA_UNSAFE_KEY`,
   * `HEADERS_TOO_LARGE`, `CHANNEL_CLOSED`; nothing has been taken then
   */
  send<Name extends NameOf<Table>>(
    name: Name,
    data: DataOf<Table, Name>,
    options?: SharedSendOptions,
  ): SharedDelivery<ReplyOf<Table, Name>> {
    if (this.#closing !== undefined) {
      throw new HoldfastError('CHANNEL_CLOSED', 'the channel is closed in this tab; open it again');
    }
    return this.#outbox.send(name, data, options) as SharedDelivery<ReplyOf<Table, Name>>;
  }

  /**
   * Registers the handler for messages of `name` that the agent sends, in place of an earlier one. It runs in the tab that leads:
   * register the same handlers in all tabs, right after opening.
   */
  on<Name extends NameOf<Incoming>>(
    name: Name,
    handler: ChannelHandler<DataOf<Incoming, Name>, ReplyOf<Incoming, Name>>,
  ): void {
    const known = handler as ChannelHandler<unknown, unknown>;
    this.#handlers.set(name, known);
    this.#leading?.on(name, known);
  }

  /** Resolves when this tab may send another message, for a producer that would rather wait than lose. */
  ready(): Promise<void> {
    return this.#outbox.ready();
  }

  /** Resolves with true when all messages of this tab are settled, or with false when the time is up before. */
  drain(options: { readonly timeoutMs?: number } = {}): Promise<boolean> {
    return this.#outbox.drain(options.timeoutMs);
  }

  /** Watches what happens. Returns the function that ends the watching. */
  observe(observer: (event: SharedChannelEvent) => void): () => void {
    return this.#observers.add(observer);
  }

  /** Where it stands now. */
  stats(): SharedChannelStats {
    return {
      isLeader: this.isLeader,
      unstoredMessages: this.#outbox.unstored,
      waitingMessages: this.#outbox.waiting,
      channel: this.#leadership.leader?.stats(),
    };
  }

  /**
   * Waits up to ten seconds until this tab's messages are stored, and leaves; when this tab leads, another one takes over. Messages
   * that are stored stay in the outbox, and end here as kept.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#outbox.untilStored(CLOSE_TIMEOUT_MS);
    // Until then the page can be frozen: what is being closed is let go then.
    await this.#leadership.close();
    this.#stopWatching();
    this.#outbox.close();
    this.#bus.close();
    this.#parts.leave();
  }

  /** A page that stood still may have heard nothing meanwhile. */
  #joinAnew(): void {
    this.#outbox.leave();
    this.#bus.post({ to: 'leader', message: { type: 'who' } });
  }

  #onBus(message: BusMessage): void {
    switch (message.to) {
      case 'all':
        this.#leadership.onAnswer();
        this.#outbox.onLeader(message.life);
        return;
      case 'waiting':
        this.#leadership.onAnswer();
        return;
      case 'holder':
        this.#leadership.onAsked();
        return;
      case 'tab':
        if (message.tab === this.#parts.tab) this.#outbox.onNews(message.news);
        return;
    }
  }
}
