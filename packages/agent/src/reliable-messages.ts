// The way of a reliable channel's messages through the agent: the receiving half of each device hands them over one after
// another, and what the handler did decides whether the device is told "done", "never" or "come again". Nothing is dropped here.

import { NACK_CODE } from '@holdfast/protocol';
import {
  type HandlingResult,
  handlerFailed,
  type IncomingMessage,
  nobodyHandles,
  ReceivingHalf,
} from '@holdfast/reliable-channel';
import type { AgentStore } from './agent-store.js';
import { DeviceEntry, type DeviceLoad } from './device-entry.js';
import type { AgentEvent } from './events.js';
import type { Handled, Handlers } from './handlers.js';
import type { ResolvedAgentOptions } from './options.js';

/**
 * Handlers of one device's channel that may run at one time. A lane has one at most, so only a device that opens lanes
 * without end, or that forgets its numbering again and again, gets there.
 */
export const DEVICE_HANDLERS_MAX = 64;

/** Whom to tell. */
export interface ReliableMessagesEvents {
  emit(event: AgentEvent): void;
  /** More or fewer messages wait than before. */
  queueChanged(): void;
  /** So many more devices are connected than before, or fewer. */
  connectedChanged(change: number): void;
}

/** Why messages had to come again: what the handler did, or that the device has too many at work. */
export type RetryReason = 'handlerFailed' | 'noHandler' | 'retryLater' | 'overloaded';

/** Makes the receiving halves of devices and runs the handlers of their messages. */
export class ReliableMessages {
  readonly #options: ResolvedAgentOptions;
  readonly #handlers: Handlers;
  readonly #events: ReliableMessagesEvents;
  #waiting = 0;
  #running = 0;
  #handled = 0;
  #replied = 0;
  #rejected = 0;
  readonly #retried: Record<RetryReason, number> = { handlerFailed: 0, noHandler: 0, retryLater: 0, overloaded: 0 };

  constructor(options: ResolvedAgentOptions, handlers: Handlers, events: ReliableMessagesEvents) {
    this.#options = options;
    this.#handlers = handlers;
    this.#events = events;
  }

  /** Reads what the inbox knows of a device. Rejects when that can not be read. */
  async openDevice(id: string, { store, commits, outboxes }: AgentStore): Promise<DeviceEntry> {
    const { runtime, creditMessages } = this.#options;
    const load: DeviceLoad = { running: 0 };
    const receiving = await ReceivingHalf.open(store, {
      runtime,
      creditMessages,
      senderId: id,
      inbox: commits,
      handle: (message) => this.#handle(id, load, message),
      onWaitingChanged: (change) => {
        this.#waiting += change;
        this.#events.queueChanged();
      },
      onStoreProblem: (detail) => this.#events.emit({ type: 'storeProblem', device: id, detail }),
      onReplyDropped: ({ id: message, name }, detail) => {
        this.#replied -= 1;
        this.#events.emit({ type: 'replyDropped', device: id, name, message, detail });
      },
      onDataRefused: ({ id: message, name }, reason) => this.#onRejected({ device: id, name, message, reason }),
    });
    const device = new DeviceEntry(id, receiving, load, (change) => this.#events.connectedChanged(change));
    const sending = await outboxes.openIfAny(id);
    if (sending !== undefined) device.takeSending(sending);
    return device;
  }

  /** Messages that wait for their handler. */
  get waitingCount(): number {
    return this.#waiting;
  }

  /** Handlers that have not ended. */
  get runningCount(): number {
    return this.#running;
  }

  get handledCount(): number {
    return this.#handled;
  }

  /** Messages whose handler answered with a value. */
  get repliedCount(): number {
    return this.#replied;
  }

  /** Messages that were refused for good. */
  get rejectedCount(): number {
    return this.#rejected;
  }

  /** How often messages had to come again, by reason. */
  get retried(): Readonly<Record<RetryReason, number>> {
    return { ...this.#retried };
  }

  #handle(device: string, load: DeviceLoad, message: IncomingMessage): HandlingResult | Promise<HandlingResult> {
    if (load.running >= DEVICE_HANDLERS_MAX) return this.#tooManyHandlers();
    const { id, name, lane, headers, attempt, data, inboxTransaction } = message;
    const told = { device, name, id, attempt, lane, headers, inboxTransaction, isReliable: true };
    const handled = this.#handlers.run(data, told);
    if (!(handled instanceof Promise)) return this.#onHandled(device, message, handled);
    load.running += 1;
    this.#running += 1;
    return handled.then((result) => {
      load.running -= 1;
      this.#running -= 1;
      return this.#onHandled(device, message, result);
    });
  }

  #onHandled(device: string, { id, name }: IncomingMessage, handled: Handled): HandlingResult {
    switch (handled?.status) {
      case undefined:
        this.#handled += 1;
        return undefined;
      case 'replied':
        this.#handled += 1;
        this.#replied += 1;
        return handled;
      case 'rejected':
        this.#onRejected({ device, name, message: id, reason: handled.reason });
        return handled;
      case 'again':
        this.#retried.retryLater += 1;
        return handled;
      case 'noHandler':
        this.#retried.noHandler += 1;
        return nobodyHandles(name);
      case 'failed':
        this.#events.emit({ type: 'handlerFailed', device, name, error: handled.error });
        this.#retried.handlerFailed += 1;
        return handlerFailed();
    }
  }

  #onRejected(message: { device: string; name: string; message: string; reason: string }): void {
    this.#rejected += 1;
    this.#events.emit({ type: 'messageRejected', ...message });
  }

  #tooManyHandlers(): HandlingResult {
    this.#retried.overloaded += 1;
    const reason = `${DEVICE_HANDLERS_MAX} handlers work for this device already`;
    const { retryAfterMs } = this.#options;
    return { status: 'again', pause: { code: NACK_CODE.overloaded, retryAfterMs, reason } };
  }
}
