// Who leads: the tab that holds the lock of the channel's name. The others wait for it, so the next one has it at the moment in
// which the leader is gone, however it went. A page that stands still must neither lead nor be next in line.

import type { TimerHandle } from '@holdfast/protocol';
import { Leader, type LeaderOptions } from './leader.js';

/** What can be told of leading. */
export interface LeadershipObserver {
  /** This tab leads, or does not lead any more. */
  onLeading(isLeader: boolean): void;
  /** It was this tab's turn, and the channel could not be opened. Others have their turn, and then this tab again. */
  onOpenFailed(error: unknown): void;
}

/** The waits after the channel could not be opened, in milliseconds: twice as long each time. */
const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 30_000;

/** One tab's part in the election. */
export class Leadership {
  readonly #options: LeaderOptions;
  readonly #observer: LeadershipObserver;
  /** Ends the waiting for the lock. */
  #waiting: AbortController | undefined;
  #leader: Leader | undefined;
  /** Lets the lock go. */
  #release: (() => void) | undefined;
  #retry: TimerHandle | undefined;
  #retryMs = RETRY_MIN_MS;
  #isLeading = false;
  #isFrozen = false;
  #isClosed = false;

  constructor(options: LeaderOptions, observer: LeadershipObserver) {
    this.#options = options;
    this.#observer = observer;
  }

  get isLeading(): boolean {
    return this.#isLeading;
  }

  /** The leader, while this tab leads. */
  get leader(): Leader | undefined {
    return this.#isLeading ? this.#leader : undefined;
  }

  /** Waits to lead, and leads. */
  stand(): void {
    this.#clearRetry();
    if (this.#isClosed || this.#isFrozen || this.#waiting !== undefined || this.#release !== undefined) return;
    const waiting = new AbortController();
    this.#waiting = waiting;
    const { name, port } = this.#options;
    const hold = (): Promise<void> => {
      this.#waiting = undefined;
      return new Promise((release) => {
        this.#release = release;
        void this.#lead();
      });
    };
    port.locks.request(`holdfast/channel/${name}`, { signal: waiting.signal }, hold).catch((error) => {
      if (waiting.signal.aborted) return;
      this.#waiting = undefined;
      this.#onFailed(error);
    });
  }

  /** The page is about to stand still: another one leads. */
  freeze(): void {
    this.#isFrozen = true;
    this.#clearRetry();
    this.#stopWaiting();
    this.#leader?.abandon();
    this.#stepDown();
  }

  /** The page goes on, as one of those who wait. */
  resume(): void {
    this.#isFrozen = false;
    this.stand();
  }

  /** Leads no more, and lets everything go in order. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#clearRetry();
    this.#stopWaiting();
    const leader = this.#leader;
    if (this.#isLeading) await leader?.stop();
    else leader?.abandon();
    this.#stepDown();
    await leader?.disconnect();
  }

  async #lead(): Promise<void> {
    const leader = new Leader(this.#options);
    this.#leader = leader;
    try {
      await leader.begin();
    } catch (error) {
      // Frozen or closed meanwhile, it does not matter any more.
      if (this.#leader !== leader) return;
      this.#stepDown();
      this.#onFailed(error);
      return;
    }
    if (this.#leader !== leader) return;
    this.#retryMs = RETRY_MIN_MS;
    this.#isLeading = true;
    this.#observer.onLeading(true);
  }

  #stepDown(): void {
    const wasLeading = this.#isLeading;
    this.#leader = undefined;
    this.#isLeading = false;
    this.#release?.();
    this.#release = undefined;
    if (wasLeading) this.#observer.onLeading(false);
  }

  #onFailed(error: unknown): void {
    this.#retry = this.#options.port.runtime.setTimer(this.#retryMs, () => this.stand());
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MAX_MS);
    this.#observer.onOpenFailed(error);
  }

  #stopWaiting(): void {
    this.#waiting?.abort();
    this.#waiting = undefined;
  }

  #clearRetry(): void {
    if (this.#retry !== undefined) this.#options.port.runtime.clearTimer(this.#retry);
    this.#retry = undefined;
  }
}
