// The way of plain messages through the agent: queued for their device, handled one after another, dropped and counted
// when the agent can not take them. Their senders have their server ack already and learn nothing of it.

import type { Runtime } from '@holdfast/protocol';
import { AgentQueue, type AgentQueueOptions, type DropReason } from './core/index.js';
import type { AgentEvent } from './events.js';
import { type AgentMessage, type Handled, type Handlers, noTransaction } from './handlers.js';

interface PlainMessage {
  readonly name: string;
  readonly data: unknown;
}

/** Whom to tell. */
export interface PlainMessagesEvents {
  emit(event: AgentEvent): void;
  /** More or fewer messages wait than before. */
  queueChanged(): void;
}

/** The options of an agent that concern plain messages. */
export interface PlainMessagesOptions extends AgentQueueOptions {
  readonly runtime: Pick<Runtime, 'nowMs'>;
}

/** Queues plain messages and runs their handlers. */
export class PlainMessages {
  readonly #queue: AgentQueue<PlainMessage>;
  readonly #handlers: Handlers;
  readonly #events: PlainMessagesEvents;
  readonly #runtime: Pick<Runtime, 'nowMs'>;
  readonly #dropped: Record<DropReason, number> = {
    overloaded: 0,
    restarting: 0,
    noHandler: 0,
    handlerFailed: 0,
    rejected: 0,
    retryLater: 0,
  };
  #isPaused = false;
  #received = 0;
  #handled = 0;
  #running = 0;

  constructor(options: PlainMessagesOptions, handlers: Handlers, events: PlainMessagesEvents) {
    this.#queue = new AgentQueue(options);
    this.#runtime = options.runtime;
    this.#handlers = handlers;
    this.#events = events;
  }

  /** Takes a message, or drops it. `size`: the bytes of its data, and how much else waits and shares the limit. */
  offer(device: string, message: PlainMessage, size: { readonly bytes: number; readonly otherCount: number }): void {
    this.#received += 1;
    if (this.#isPaused) {
      this.#drop(device, message.name, 'restarting');
      return;
    }
    const place = this.#queue.offer(device, message, size, this.#runtime.nowMs());
    if (place === 'full') this.#drop(device, message.name, 'overloaded');
    else if (place === 'takenFirst') this.#runNext(device);
    this.#events.queueChanged();
  }

  /** Drops what waits and everything that comes, until `resume`. */
  pause(): void {
    this.#isPaused = true;
    this.#dropped.restarting += this.#queue.clear();
    this.#events.queueChanged();
  }

  resume(): void {
    this.#isPaused = false;
  }

  get waitingCount(): number {
    return this.#queue.count;
  }

  /** Bytes of the data of messages that wait. */
  get waitingBytes(): number {
    return this.#queue.bytes;
  }

  /** When the one came that has waited longest; `undefined`: none waits. */
  get waitingSinceMs(): number | undefined {
    return this.#queue.waitingSinceMs;
  }

  /** Handlers that have not ended. */
  get runningCount(): number {
    return this.#running;
  }

  get receivedCount(): number {
    return this.#received;
  }

  get handledCount(): number {
    return this.#handled;
  }

  get dropped(): Readonly<Record<DropReason, number>> {
    return { ...this.#dropped };
  }

  /** Runs a device's messages until one of them needs time. */
  #runNext(device: string): void {
    for (let next = this.#queue.take(device); next !== undefined; next = this.#queue.take(device)) {
      const { name, data } = next;
      const handled = this.#handlers.run(data, { ...PLAIN, device, name });
      if (handled instanceof Promise) {
        this.#running += 1;
        void handled.then((result) => {
          this.#running -= 1;
          this.#onHandled(device, name, result);
          this.#runNext(device);
          this.#events.queueChanged();
        });
        return;
      }
      this.#onHandled(device, name, handled);
    }
  }

  #onHandled(device: string, name: string, handled: Handled): void {
    switch (handled?.status) {
      case undefined:
      case 'replied':
        // A reply has nobody to go to.
        this.#handled += 1;
        return;
      case 'failed':
        this.#events.emit({ type: 'handlerFailed', device, name, error: handled.error });
        this.#drop(device, name, 'handlerFailed');
        return;
      case 'rejected':
      case 'noHandler':
        this.#drop(device, name, handled.status);
        return;
      case 'again':
        this.#drop(device, name, 'retryLater');
    }
  }

  #drop(device: string, name: string, reason: DropReason): void {
    this.#dropped[reason] += 1;
    this.#events.emit({ type: 'messageDropped', device, name, reason });
  }
}

/** What every plain message is to a handler. */
const PLAIN: Omit<AgentMessage, 'device' | 'name'> = {
  id: undefined,
  isReliable: false,
  attempt: 1,
  lane: '',
  headers: {},
  inboxTransaction: noTransaction,
};
