// Keeps a connection up for those who ask for it. The waits between attempts are a capped exponential backoff with full jitter,
// on the transport's clock, or longer where the server wished it. A library for retries would bring only the loop, and whoever
// imports the transport alone would load it.

import type { Runtime } from '@holdfast/protocol';
import { type BackoffOptions, backoffDelayMs, CLOSE_CODE, REFUSE_CODE } from '@holdfast/protocol/core';
import type { DisconnectCause } from './core/index.js';

/** Why an attempt failed. */
export interface DialFailure {
  readonly cause: DisconnectCause;
}

/** What a reconnector does. */
export interface ReconnectorActions {
  /** One attempt, or the connection that is there; resolves with `undefined` when connected. */
  connect(): Promise<DialFailure | undefined>;
  /** Gives up the attempt under way, unless the program asked for it. */
  giveUp(): void;
  /** Finds out soon whether the connection still lives. */
  probe(): void;
  /** An attempt follows in `delayMs`, or earlier when the network may be back. */
  scheduled(delayMs: number): void;
  /** Tells when the network may be back, until the returned function is called. */
  watchReturn?(onReturned: () => void): () => void;
}

/** However often a network comes back: so long after one attempt the next one comes, at the earliest, in milliseconds. */
const RETURN_MIN_MS = 1_000;

/** An attempt that has taken so long when the network comes back is asking the network that went, in milliseconds. */
const SLOW_ATTEMPT_MS = 5_000;

/** Dials while somebody wishes it. */
export class Reconnector {
  readonly #runtime: Runtime;
  readonly #backoff: BackoffOptions;
  readonly #actions: ReconnectorActions;
  readonly #wishes = new Set<symbol>();
  /** Ends the attempts that run; `undefined`: none do. */
  #running: AbortController | undefined;
  /** When the current connection came up; `undefined` while there is none. */
  #connectedAtMs: number | undefined;
  /** Why the last connection ended, until attempts to replace it begin. */
  #lost: DisconnectCause | undefined;
  /** Failures in a row. A connection that breaks at once counts as one, else a flapping server is dialed without end. */
  #failures = 0;
  #attemptedAtMs = Number.NEGATIVE_INFINITY;
  #isAttempting = false;
  /** The network may have come back since the latest attempt began. */
  #hasReturned = false;
  /** Makes the wait under way as short as it may be. */
  #hasten: (() => void) | undefined;
  #stopWatching: (() => void) | undefined;

  constructor(runtime: Runtime, backoff: BackoffOptions, actions: ReconnectorActions) {
    this.#runtime = runtime;
    this.#backoff = backoff;
    this.#actions = actions;
  }

  /** Whether somebody wishes a connection. */
  get isHeld(): boolean {
    return this.#wishes.size > 0;
  }

  /**
   * Adds a wish, dials when there is no connection, and returns the function that takes the wish back. Dials at once, or,
   * `afterLoss`, when the backoff of the loss that was told last is over.
   */
  hold(afterLoss = false): () => void {
    const wish = Symbol('wish');
    this.#wishes.add(wish);
    this.#stopWatching ??= this.#actions.watchReturn?.(() => this.#onReturned());
    // With an earlier wish there is a connection, or attempts run, or its loss is about to be told.
    if (this.#wishes.size === 1) {
      if (!afterLoss) this.#lost = undefined;
      this.#start();
    }
    return () => {
      this.#wishes.delete(wish);
      if (this.#wishes.size === 0) this.releaseAll();
    };
  }

  /** Takes every wish back. An attempt under way goes on; nothing follows it. */
  releaseAll(): void {
    this.#wishes.clear();
    this.#stopWatching?.();
    this.#stopWatching = undefined;
    this.#running?.abort();
    this.#running = undefined;
  }

  /** A connection is up, whoever asked for it. */
  onConnected(): void {
    this.#connectedAtMs = this.#runtime.nowMs();
    this.#lost = undefined;
  }

  /** It was lost. */
  onLost(cause: DisconnectCause): void {
    const lastedMs = this.#connectedAtMs === undefined ? 0 : this.#runtime.nowMs() - this.#connectedAtMs;
    this.#connectedAtMs = undefined;
    if (lastedMs >= this.#backoff.maxMs) this.#failures = 0;
    this.#lost = cause;
    if (this.#wishes.size > 0) this.#start();
  }

  #start(): void {
    // Attempts that run look for another loss before they end.
    if (this.#running !== undefined) return;
    const abort = new AbortController();
    this.#running = abort;
    this.#run(abort).catch((error: unknown) => {
      // Only an abort ends the attempts; anything else is a bug and must be seen.
      if (!abort.signal.aborted) throw error;
    });
  }

  async #run(abort: AbortController): Promise<void> {
    const { signal } = abort;
    try {
      do {
        await this.#connect(signal);
        // A connection can be lost before its promise has told that it is there.
      } while (this.#lost !== undefined);
    } finally {
      if (this.#running === abort) this.#running = undefined;
    }
  }

  async #connect(signal: AbortSignal): Promise<void> {
    if (this.#lost !== undefined) await this.#wait(this.#lost, signal);
    this.#lost = undefined;
    for (;;) {
      signal.throwIfAborted();
      const failure = await this.#attempt();
      if (failure === undefined) return;
      await this.#wait(failure.cause, signal);
    }
  }

  async #attempt(): Promise<DialFailure | undefined> {
    this.#attemptedAtMs = this.#runtime.nowMs();
    this.#hasReturned = false;
    this.#isAttempting = true;
    try {
      return await this.#actions.connect();
    } finally {
      this.#isAttempting = false;
    }
  }

  /** The network may be back: what was found out before says little. */
  #onReturned(): void {
    if (this.#connectedAtMs !== undefined) {
      this.#actions.probe();
      return;
    }
    this.#hasReturned = true;
    const isSlow = this.#isAttempting && this.#runtime.nowMs() - this.#attemptedAtMs >= SLOW_ATTEMPT_MS;
    if (isSlow) this.#actions.giveUp();
    this.#hasten?.();
  }

  async #wait(cause: DisconnectCause, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#failures += 1;
    const delayMs = this.#delayMs(cause);
    this.#actions.scheduled(delayMs);
    // Whoever was told may have taken the last wish back.
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const end = (): void => {
        this.#runtime.clearTimer(timer);
        this.#hasten = undefined;
        signal.removeEventListener('abort', onAbort);
      };
      const onDue = (): void => {
        end();
        resolve();
      };
      const onAbort = (): void => {
        end();
        reject(signal.reason);
      };
      const dueMs = this.#runtime.nowMs() + delayMs;
      let timer = this.#runtime.setTimer(delayMs, onDue);
      signal.addEventListener('abort', onAbort, { once: true });
      if (isWish(cause)) return;
      this.#hasten = () => {
        this.#runtime.clearTimer(timer);
        const soonMs = Math.min(dueMs, this.#attemptedAtMs + RETURN_MIN_MS);
        timer = this.#runtime.setTimer(Math.max(0, soonMs - this.#runtime.nowMs()), onDue);
      };
      if (this.#hasReturned) this.#hasten();
    });
  }

  #delayMs(cause: DisconnectCause): number {
    // A refused or replaced device is tried again, since only the server can know when that ends, but never fast.
    const delayMs = isLasting(cause)
      ? this.#backoff.maxMs
      : backoffDelayMs(this.#failures, this.#backoff, this.#runtime.randomUint32);
    return Math.max(delayMs, cause.retryAfterMs ?? 0);
  }
}

/** Whether the server wishes the wait: a network that is back changes nothing. */
function isWish(cause: DisconnectCause): boolean {
  return (cause.retryAfterMs ?? 0) > 0 || isLasting(cause);
}

/** Whether a cause will not go away by dialing again soon: another device has taken this id, or the token is wrong. */
export function isLasting(cause: DisconnectCause): boolean {
  if (cause.kind === 'closedByPeer') return cause.code === CLOSE_CODE.replaced;
  if (cause.kind !== 'refused') return false;
  return cause.code === REFUSE_CODE.unauthorised || cause.code === REFUSE_CODE.versionUnsupported;
}
