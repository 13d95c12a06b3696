// The messages of one tab, whoever leads. What is not known to be stored is kept here and handed to each new leader again, in
// order; of the rest only who waits for its end.

import { encodeMessage, type Runtime } from '@holdfast/protocol';
import { utf8Length } from '@holdfast/protocol/core';
import type { Run } from '../core/index.js';
import { evictedDelivery, refusalError } from '../delivery.js';
import { resolveSendOptions } from '../send-options.js';
import { Waiters } from '../waiters.js';
import type { HandedMessage, SharedSendOptions, TabNews, ToLeader } from './bus-message.js';
import { type SharedDelivery, TabMessage } from './tab-message.js';

/** Messages of a tab that may wait to be stored; further ones are refused with `OUTBOX_FULL`. */
export const UNSTORED_MAX_MESSAGES = 16_384;
/** Bytes of their names and data. */
export const UNSTORED_MAX_BYTES = 16 * 1024 * 1024;
/** Messages of a tab that may wait for their end: each of them costs a little memory until then. */
export const WAITING_MAX_MESSAGES = 250_000;

/** What a tab's outbox needs. */
export interface TabOutboxOptions {
  /** The tab's name. */
  readonly tab: string;
  readonly runtime: Runtime;
  post(message: ToLeader): void;
}

/** What a tab has sent and does not know to be over. */
export class TabOutbox {
  readonly #options: TabOutboxOptions;
  /** By their numbers, ascending. */
  readonly #messages = new Map<number, TabMessage>();
  /** What the leader has not been handed. */
  #fresh: HandedMessage[] = [];
  #unstoredMessages = 0;
  #unstoredBytes = 0;
  #lastN = 0;
  /** The leader that this tab has joined. */
  #life: string | undefined;
  readonly #waiters = new Waiters();

  constructor(options: TabOutboxOptions) {
    this.#options = options;
  }

  /** Messages that are not known to be stored. */
  get unstored(): number {
    return this.#unstoredMessages;
  }

  /** Messages that are not known to be over. */
  get waiting(): number {
    return this.#messages.size;
  }

  /** See `SharedChannel.send`. */
  send(name: string, data: unknown, options: SharedSendOptions | undefined): SharedDelivery {
    const { lane, importance } = resolveSendOptions(options);
    if (importance !== 'critical') {
      throw new RangeError('importance must be left out: a shared channel stores every message before it is sent');
    }
    const encoded = encodeMessage(name, data);
    const bytes = bytesOf(encoded);
    if (!this.#hasRoomFor(bytes)) {
      return evictedDelivery(refusalError('outboxFull'), 'outboxFull', lane);
    }
    // The encoder uses its bytes again, and a view would be copied with everything around it.
    const asked = options === undefined ? undefined : structuredClone(options);
    const handed = { n: this.#lastN + 1, name, data: encoded.data.slice(), options: asked };
    this.#lastN = handed.n;
    const message = new TabMessage(handed);
    this.#messages.set(message.n, message);
    this.#unstoredMessages += 1;
    this.#unstoredBytes += bytes;
    // What is sent in one turn is handed over together.
    if (this.#fresh.length === 0) this.#options.runtime.defer(() => this.#hand());
    this.#fresh.push(handed);
    return message;
  }

  /** What the leader has said may have been lost: joins it anew when it is heard of again. */
  leave(): void {
    this.#life = undefined;
  }

  /** There is a leader of this name. */
  onLeader(life: string): void {
    if (life === this.#life) return;
    this.#life = life;
    this.#fresh = [];
    const waiting: Run[] = [];
    const messages: HandedMessage[] = [];
    for (const { n, handed } of this.#messages.values()) {
      if (handed === undefined) addTo(waiting, n);
      else messages.push(handed);
    }
    this.#options.post({ type: 'join', life, tab: this.#options.tab, waiting, messages });
  }

  /** Takes what the leader says of this tab's messages. */
  onNews(news: readonly TabNews[]): void {
    const runs: Run[] = [];
    for (const each of news) {
      if (each.type === 'stored') {
        for (let index = 0; index < each.count; index++) {
          const message = this.#leaveUnstored(each.first + index);
          message?.onStored(each.epoch, each.lane, each.sequence + index);
        }
        continue;
      }
      runs.push({ first: each.first, last: each.last });
      for (let n = each.first; n <= each.last; n++) {
        // Only the first end counts: a later leader may know less.
        this.#leaveUnstored(n)?.onOver(each.end);
        this.#messages.delete(n);
      }
    }
    if (runs.length > 0) this.#options.post({ type: 'known', tab: this.#options.tab, runs });
    this.#waiters.look();
  }

  /** Resolves when another message would have room. */
  ready(): Promise<void> {
    return this.#waiters.until(() => this.#hasRoomFor(1));
  }

  /** Resolves with true when everything is over, or with false when the time is up before. */
  async drain(timeoutMs: number | undefined): Promise<boolean> {
    await this.#waiters.untilTimeout(() => this.#messages.size === 0, this.#options.runtime, timeoutMs);
    return this.#messages.size === 0;
  }

  /** Resolves when everything is stored, or when the time is up. */
  untilStored(timeoutMs: number): Promise<void> {
    return this.#waiters.untilTimeout(() => this.#unstoredMessages === 0, this.#options.runtime, timeoutMs);
  }

  /** The tab's channel is closed: nobody tells it any more. */
  close(): void {
    for (const message of this.#messages.values()) {
      const isStored = message.handed === undefined;
      const reason = 'the channel was closed before the message was stored';
      message.onOver({ outcome: isStored ? { status: 'kept' } : { status: 'cancelled', reason, attempts: 0 } });
    }
    this.#messages.clear();
    this.#fresh = [];
    this.#unstoredMessages = 0;
    this.#unstoredBytes = 0;
    this.#waiters.look();
  }

  #hasRoomFor(bytes: number): boolean {
    const isOneMore = this.#unstoredMessages < UNSTORED_MAX_MESSAGES && this.#messages.size < WAITING_MAX_MESSAGES;
    return isOneMore && this.#unstoredBytes + bytes <= UNSTORED_MAX_BYTES;
  }

  #hand(): void {
    const messages = this.#fresh;
    this.#fresh = [];
    // Without a leader they are handed to the next one, with all others.
    if (this.#life === undefined || messages.length === 0) return;
    this.#options.post({ type: 'hand', life: this.#life, tab: this.#options.tab, messages });
  }

  /** The message of this number, if it is not over; it does not count as unstored any more. */
  #leaveUnstored(n: number): TabMessage | undefined {
    const message = this.#messages.get(n);
    if (message?.handed !== undefined) {
      this.#unstoredMessages -= 1;
      this.#unstoredBytes -= bytesOf(message.handed);
    }
    return message;
  }
}

function bytesOf({ name, data }: { readonly name: string; readonly data: Uint8Array }): number {
  return utf8Length(name) + data.length;
}

function addTo(runs: Run[], n: number): void {
  const before = runs.at(-1);
  if (before !== undefined && before.last + 1 === n) runs[runs.length - 1] = { first: before.first, last: n };
  else runs.push({ first: n, last: n });
}
