// The device's reliable channel: takes messages, keeps them until the agent has handled them, tells how each ended.
// Everything that decides lies in core/sender.ts; this file carries out and keeps the promises.

import { Driver, encodeMessage, HoldfastError, Listeners, type Runtime } from '@holdfast/protocol';
import { encodeEntry } from '@holdfast/protocol/core';
import type { FrameCarrier, Transport } from '@holdfast/transport';
import { CheckedStore } from './checked-store.js';
import {
  type BatchRecord,
  type Run,
  Sender,
  type SenderInput,
  type SenderOutput,
  type SenderState,
} from './core/index.js';
import { Deliveries } from './deliveries.js';
import { type Delivery, evictedDelivery, type Outcome } from './delivery.js';
import { lostRuns } from './lost-runs.js';
import { OUTBOX_KEY_PREFIX, type ReliableChannelOptions, resolveChannelOptions } from './options.js';
import { commitOutbox, openOutbox, readBatches } from './outbox-store.js';

/** What a channel tells its observers. */
export type ChannelEvent =
  /** Messages `first` to `last` are on disk. */
  | { readonly type: 'stored'; readonly first: number; readonly last: number }
  /** Messages `first` to `last` have been handled by the agent. */
  | { readonly type: 'acknowledged'; readonly first: number; readonly last: number }
  /** The store could not do what was asked; the channel goes on and tries again. */
  | { readonly type: 'storeProblem'; readonly detail: string }
  /**
   * A record of the store can not be read; it was set aside, and the rest is used. Where it was a batch of messages, these are
   * not sent any more. What was found while the channel was opened is told in the next turn of the event loop.
   */
  | { readonly type: 'recordQuarantined'; readonly key: string; readonly detail: string };

/** Where a channel stands. */
export interface ChannelStats {
  readonly state: SenderState;
  /**
   * The number that the next message gets; the first message of an outbox is 1. After a crash it tells a producer where to
   * go on: everything below was stored, unless its delivery said otherwise, and everything else was not.
   */
  readonly nextSequence: number;
  /** Messages that are not settled, in memory or in the store. */
  readonly outboxMessages: number;
  readonly outboxBytes: number;
  /** Messages sent and not acknowledged. */
  readonly inFlightMessages: number;
  /** The smoothed time from sending to the agent ack, in milliseconds. */
  readonly roundTripMs: number | undefined;
  /** Since the channel was opened. */
  readonly acceptedMessages: number;
  readonly acknowledgedMessages: number;
  readonly evictedMessages: number;
  /** Records of the store that could not be read. */
  readonly quarantinedRecords: number;
}

/** A reliable channel to the agent. Made by `openReliableChannel`. */
export class ReliableChannel {
  readonly #sender: Sender;
  readonly #driver: Driver<SenderInput, SenderOutput>;
  readonly #store: CheckedStore;
  readonly #runtime: Runtime;
  readonly #carrier: FrameCarrier;
  readonly #detach: () => void;
  readonly #releaseConnection: () => void;
  readonly #observers = new Listeners<ChannelEvent>();
  readonly #deliveries: Deliveries;
  /** The first message of this process. */
  readonly #firstSequence: number;
  /** Those who wait for the channel to come to rest. */
  #waiters: { readonly isReached: () => boolean; readonly resolve: () => void }[] = [];
  #isTurnOpen = false;
  #closing: Promise<void> | undefined;
  #accepted = 0;
  #acknowledged = 0;
  #evicted = 0;

  /** Use `openReliableChannel`. */
  constructor(sender: Sender, store: CheckedStore, transport: Transport) {
    this.#sender = sender;
    this.#store = store;
    this.#runtime = transport.runtime;
    this.#carrier = transport.carrier;
    this.#firstSequence = sender.nextSequence;
    this.#deliveries = new Deliveries((sequence) => sender.isSettled(sequence), sender.nextSequence - 1);
    this.#driver = new Driver(sender, this.#runtime, (output) => this.#apply(output));
    this.#detach = this.#carrier.attach('sending', {
      up: () => {
        this.#driver.feed({ type: 'linkUp' });
        this.#feedRoom();
      },
      down: () => this.#driver.feed({ type: 'linkDown' }),
      writable: () => this.#feedRoom(),
      frame: (frame) => this.#driver.feed({ type: 'frame', frame }),
    });
    this.#releaseConnection = transport.keepConnected();
    store.observe((record) => {
      // Not before those who have just been given the channel can observe it.
      this.#runtime.setTimer(0, () => this.#observers.emit({ type: 'recordQuarantined', ...record }));
    });
  }

  /**
   * Takes a message. It is stored, sent, and sent again until the agent has handled it, across lost links, crashes and
   * restarts of either end. Nothing of it is lost after `delivery.stored`.
   *
   * @param name - any string that is not empty, at most 255 bytes in UTF-8
   * @param data - null, booleans, numbers, strings, `Uint8Array`, arrays and plain objects of these
   * @throws HoldfastError `NAME_TOO_LONG`, `MESSAGE_TOO_LARGE`, `DATA_NOT_SERIALISABLE`, `DATA_UNSAFE_KEY`,
   * `CHANNEL_CLOSED`; nothing has been taken then
   */
  send(name: string, data: unknown): Delivery {
    if (this.#closing !== undefined)
      throw new HoldfastError('CHANNEL_CLOSED', 'the channel is closed; open it again to send');
    const message = encodeMessage(name, data);
    const entry = encodeEntry(message.name, message.data);
    if (!this.#sender.accepts(entry.length)) return this.#evict('the outbox is full');
    const delivery = this.#deliveries.create(this.#sender.epoch, this.#sender.nextSequence);
    this.#accepted += 1;
    this.#driver.feed({ type: 'send', entry });
    if (!this.#isTurnOpen) {
      this.#isTurnOpen = true;
      this.#runtime.defer(() => this.#endTurn());
    }
    return delivery;
  }

  /** Resolves with true when the outbox is empty, or with false when the channel is closed or the time is up before. */
  drain(options: { readonly timeoutMs?: number } = {}): Promise<boolean> {
    return new Promise((resolve) => {
      const isEmpty = (): boolean => this.#sender.backlog.messages === 0;
      const { timeoutMs } = options;
      let isTimeUp = false;
      const onTimeUp = (): void => {
        isTimeUp = true;
        this.#tellWaiters();
      };
      const timer = timeoutMs === undefined ? undefined : this.#runtime.setTimer(timeoutMs, onTimeUp);
      this.#whenReached(
        () => isTimeUp || isEmpty() || this.#sender.state === 'closed',
        () => {
          if (timer !== undefined) this.#runtime.clearTimer(timer);
          resolve(isEmpty());
        },
      );
    });
  }

  /**
   * Stops sending, waits until the store has everything, and lets store and connection go; the transport stays connected
   * until `transport.disconnect()`. Messages that are not acknowledged stay in the outbox for the next time.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Watches messages being stored and acknowledged. Returns the function that ends the watching. */
  observe(observer: (event: ChannelEvent) => void): () => void {
    return this.#observers.add(observer);
  }

  /** Where the channel stands now. */
  stats(): ChannelStats {
    const { messages, bytes } = this.#sender.backlog;
    return {
      state: this.#sender.state,
      nextSequence: this.#sender.nextSequence,
      outboxMessages: messages,
      outboxBytes: bytes,
      inFlightMessages: this.#sender.inFlight,
      roundTripMs: this.#sender.roundTripMs,
      acceptedMessages: this.#accepted,
      acknowledgedMessages: this.#acknowledged,
      evictedMessages: this.#evicted,
      quarantinedRecords: this.#store.quarantinedCount,
    };
  }

  async #close(): Promise<void> {
    this.#endTurn();
    this.#driver.feed({ type: 'close' });
    this.#tellWaiters();
    await new Promise<void>((resolve) => this.#whenReached(() => this.#sender.isStoreIdle, resolve));
    this.#detach();
    this.#releaseConnection();
    this.#driver.stop();
    const outcome: Outcome = this.#store.isDurable
      ? { status: 'kept' }
      : { status: 'cancelled', reason: 'the channel was closed, and its store does not outlive the process' };
    this.#deliveries.onClosed(outcome);
    await this.#store.close();
  }

  #endTurn(): void {
    this.#isTurnOpen = false;
    this.#driver.feed({ type: 'turnEnded' });
  }

  #feedRoom(): void {
    if (this.#carrier.isUp) this.#driver.feed({ type: 'room', bytes: this.#carrier.freeBytes });
  }

  #apply(output: SenderOutput): void {
    switch (output.type) {
      case 'commit':
        void this.#commit(output);
        break;
      case 'load':
        void this.#load(output);
        break;
      case 'frame':
        this.#carrier.sendFrame(output.frame);
        break;
      case 'stored':
        this.#deliveries.onStored(output.run);
        this.#tell({ type: 'stored', ...output.run });
        break;
      case 'storeFailed':
        this.#onStoreFailed(output.run, output.detail);
        break;
      case 'acknowledged':
        this.#onAcknowledged(output.run);
        break;
    }
    this.#tellWaiters();
  }

  async #commit({ operations }: Extract<SenderOutput, { type: 'commit' }>): Promise<void> {
    try {
      await commitOutbox(this.#store, operations);
      this.#driver.feed({ type: 'committed' });
    } catch (error) {
      const detail = this.#reportStoreProblem(error);
      this.#driver.feed({ type: 'commitFailed', detail });
    }
    this.#tellWaiters();
  }

  async #load({ from, upTo, maxBytes }: Extract<SenderOutput, { type: 'load' }>): Promise<void> {
    try {
      const batches = await readBatches(this.#store, OUTBOX_KEY_PREFIX, from, maxBytes);
      this.#endLost(batches, from, upTo);
      this.#driver.feed({ type: 'loaded', batches, upTo });
    } catch (error) {
      this.#reportStoreProblem(error);
      this.#driver.feed({ type: 'loadFailed' });
    }
  }

  /** Messages of this process whose records have decayed are over. Nobody waits here for those of an earlier one. */
  #endLost(batches: readonly BatchRecord[], from: number, upTo: number): void {
    if (this.#store.quarantinedCount === 0) return;
    const range = { from: Math.max(from, this.#firstSequence), upTo };
    for (const run of lostRuns(batches, range, (sequence) => this.#sender.isSettled(sequence)))
      this.#onStoreFailed(run, 'the record in the store has decayed; check the disk');
  }

  /** Observers may send and close: that has to wait until the core has taken what it is being fed. */
  #tell(event: ChannelEvent): void {
    this.#runtime.defer(() => this.#observers.emit(event));
  }

  #reportStoreProblem(error: unknown): string {
    const detail = error instanceof Error ? error.message : String(error);
    this.#tell({ type: 'storeProblem', detail });
    return detail;
  }

  #onAcknowledged(run: Run): void {
    this.#acknowledged += run.last - run.first + 1;
    this.#deliveries.onAcknowledged(run);
    this.#tell({ type: 'acknowledged', ...run });
  }

  #onStoreFailed(run: Run, detail: string): void {
    this.#evicted += run.last - run.first + 1;
    this.#deliveries.onStoreFailed(run, new HoldfastError('STORE_FAILED', detail));
  }

  #evict(reason: string): Delivery {
    this.#evicted += 1;
    const advice = 'wait until the agent has taken some, or give the outbox more room';
    return evictedDelivery(new HoldfastError('OUTBOX_FULL', `${reason}; ${advice}`), reason);
  }

  #whenReached(isReached: () => boolean, resolve: () => void): void {
    if (isReached()) resolve();
    else this.#waiters.push({ isReached, resolve });
  }

  #tellWaiters(): void {
    if (this.#waiters.length === 0) return;
    const reached = this.#waiters.filter((waiter) => waiter.isReached());
    if (reached.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => !reached.includes(waiter));
    for (const { resolve } of reached) resolve();
  }
}

/**
 * Opens a reliable channel over a transport: reads the outbox, begins to keep the connection up, and sends what waits.
 *
 * @throws TypeError or RangeError that names a wrong option
 * @throws HoldfastError `STORE_UNAVAILABLE`, `STORE_LOCKED`, `STORE_FORMAT_UNKNOWN`; `CHANNEL_EXISTS` when the transport has a
 * channel already
 */
export async function openReliableChannel(options: ReliableChannelOptions): Promise<ReliableChannel> {
  const { transport, store: factory, runtime, sender } = resolveChannelOptions(options);
  const store = new CheckedStore(await factory.open());
  try {
    const meta = await openOutbox(store, OUTBOX_KEY_PREFIX, runtime.randomUint32);
    return new ReliableChannel(new Sender(sender, meta, runtime.randomUint32), store, transport);
  } catch (error) {
    await store.close();
    throw error;
  }
}
