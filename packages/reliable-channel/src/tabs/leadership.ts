// Who leads: the tab that holds the lock of the channel's name. The others wait for it, so the next one has it at the moment in
// which the leader is gone, however it went. A page that stands still must neither lead nor be next in line; when one holds the
// lock all the same, and says nothing, the lock is taken from it. The store itself keeps out whoever has been overtaken.

import type { TimerHandle } from '@holdfast/protocol';
import type { BusMessage } from './bus-message.js';
import { HolderWatch } from './holder-watch.js';
import { Leader, type LeaderOptions } from './leader.js';
import type { TabLockOptions } from './tab-port.js';

/** What can be told of leading. */
export interface LeadershipObserver {
  /** This tab leads, or does not lead any more. */
  onLeading(isLeader: boolean): void;
  /** It was this tab's turn, and it may have stood still. */
  onOvertaken(): void;
  /** It was this tab's turn, and the channel could not be opened. Others have their turn, and then this tab again. */
  onOpenFailed(error: unknown): void;
  /** Tells the other tabs something. */
  post(message: BusMessage): void;
}

/** The waits after the channel could not be opened, in milliseconds: twice as long each time. */
const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 30_000;

/** One tab's part in the election. */
export class Leadership {
  readonly #options: LeaderOptions;
  readonly #observer: LeadershipObserver;
  readonly #watch: HolderWatch;
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

  constructor(options: Omit<LeaderOptions, 'onLost'>, observer: LeadershipObserver) {
    this.#options = { ...options, onLost: () => this.#onOvertaken() };
    this.#observer = observer;
    const ask = (): void => observer.post({ to: 'holder' });
    this.#watch = new HolderWatch(options.port.runtime, ask, () => this.#overtake());
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
    this.#request(waiting, { signal: waiting.signal });
    this.#watch.start();
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

  /** Another tab wants to know whether the holder of the lock lives. */
  onAsked(): void {
    if (this.#isLeading) this.#leader?.announce();
    else if (this.#release !== undefined) this.#observer.post({ to: 'waiting' });
  }

  /** It does. */
  onAnswer(): void {
    this.#watch.onAnswer();
  }

  /** Asks for the lock. What comes of it is wanted as long as `waiting` is the latest. */
  #request(waiting: AbortController, options: TabLockOptions): void {
    this.#waiting = waiting;
    const { name, port } = this.#options;
    let isHeld = false;
    const hold = async (): Promise<void> => {
      // Given to a page that stood still in that moment, or closed its channel.
      if (this.#waiting !== waiting) return;
      this.#waiting = undefined;
      this.#watch.stop();
      isHeld = true;
      await new Promise<void>((release) => {
        this.#release = release;
        // Others may be about to take it from the one before.
        this.#observer.post({ to: 'waiting' });
        void this.#lead();
      });
    };
    port.locks.request(`holdfast/channel/${name}`, options, hold).catch((error) => {
      if (isHeld) this.#onOvertaken();
      else if (this.#waiting === waiting) {
        this.#stopWaiting();
        this.#onFailed(error);
      }
    });
  }

  /** Takes the lock from a tab that does not answer. */
  #overtake(): void {
    this.#stopWaiting();
    this.#request(new AbortController(), { steal: true });
  }

  /** Another tab has taken the lock since this one did not answer, or the store is lost. */
  #onOvertaken(): void {
    this.#leader?.abandon();
    this.#stepDown();
    this.#observer.onOvertaken();
    this.stand();
  }

  async #lead(): Promise<void> {
    const leader = new Leader(this.#options);
    this.#leader = leader;
    try {
      await leader.begin();
    } catch (error) {
      // Frozen, overtaken or closed meanwhile, it does not matter any more.
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
    this.#watch.stop();
    this.#waiting?.abort();
    this.#waiting = undefined;
  }

  #clearRetry(): void {
    if (this.#retry !== undefined) this.#options.port.runtime.clearTimer(this.#retry);
    this.#retry = undefined;
  }
}
