// The way of a reliable channel's messages through the agent: the receiving half of each device hands them over one after
// another, and what the handler did decides whether the device is told "done" or "come again". Nothing is dropped here.

import { NACK_CODE } from '@holdfast/protocol';
import {
  type GroupCommit,
  type HandlingResult,
  type IncomingMessage,
  type Pause,
  ReceivingHalf,
  type Store,
} from '@holdfast/reliable-channel';
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
}

/** Makes the receiving halves of devices and runs the handlers of their messages. */
export class ReliableMessages {
  readonly #options: ResolvedAgentOptions;
  readonly #handlers: Handlers;
  readonly #events: ReliableMessagesEvents;
  #waiting = 0;
  #running = 0;
  #handled = 0;

  constructor(options: ResolvedAgentOptions, handlers: Handlers, events: ReliableMessagesEvents) {
    this.#options = options;
    this.#handlers = handlers;
    this.#events = events;
  }

  /** Reads what the inbox knows of a device. Rejects when that can not be read. */
  async openDevice(id: string, store: Store, inbox: GroupCommit): Promise<DeviceEntry> {
    const { runtime, creditMessages } = this.#options;
    const load: DeviceLoad = { running: 0 };
    const receiving = await ReceivingHalf.open(store, {
      runtime,
      creditMessages,
      senderId: id,
      inbox,
      handle: (message) => this.#handle(id, load, message),
      onWaitingChanged: (change) => {
        this.#waiting += change;
        this.#events.queueChanged();
      },
      onStoreProblem: (detail) => this.#events.emit({ type: 'storeProblem', device: id, detail }),
    });
    return new DeviceEntry(id, receiving, load);
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

  #handle(device: string, load: DeviceLoad, message: IncomingMessage): HandlingResult | Promise<HandlingResult> {
    const { id, name, attempt, data } = message;
    if (load.running >= DEVICE_HANDLERS_MAX) return this.#tooManyHandlers();
    const handled = this.#handlers.run(data, { device, name, id, attempt, isReliable: true });
    if (!(handled instanceof Promise)) return this.#onHandled(device, name, handled);
    load.running += 1;
    this.#running += 1;
    return handled.then((result) => {
      load.running -= 1;
      this.#running -= 1;
      return this.#onHandled(device, name, result);
    });
  }

  #onHandled(device: string, name: string, handled: Handled): HandlingResult {
    switch (handled.status) {
      case 'done':
        this.#handled += 1;
        return undefined;
      case 'noHandler':
        return { code: NACK_CODE.noHandler, retryAfterMs: 0, reason: `nobody handles ${name}` };
      case 'failed':
        this.#events.emit({ type: 'handlerFailed', device, name, error: handled.error });
        // The error stays here: it may hold what no device should see.
        return { code: NACK_CODE.handlerFailed, retryAfterMs: 0, reason: 'the handler failed' };
    }
  }

  #tooManyHandlers(): Pause {
    const reason = `${DEVICE_HANDLERS_MAX} handlers work for this device already`;
    return { code: NACK_CODE.overloaded, retryAfterMs: this.#options.retryAfterMs, reason };
  }
}
