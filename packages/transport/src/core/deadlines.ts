// Everything that one connection waits for, and what follows when it does not come: the end of the attempt, of the
// handshake or of closing; the callers' patience; the other end's silence.

import type { Frame } from '@holdfast/protocol/core';
import type { Callers } from './callers.js';
import type { DisconnectCause } from './disconnect-cause.js';
import { Keepalive, type KeepaliveOptions } from './keepalive.js';

/** What the clock asks for: a frame to send, or the end of the connection. */
export type DueStep =
  | { readonly type: 'say'; readonly frame: Frame }
  | { readonly type: 'drop'; readonly cause: DisconnectCause };

/** The deadlines of one connection. */
export class Deadlines {
  readonly #options: KeepaliveOptions;
  readonly #callers: Callers;
  /** Watches the silence; only while connected. */
  #keepalive: Keepalive | undefined;
  /** The end of the attempt, of the handshake, or of closing; whichever the state has. */
  #stateMs = Number.POSITIVE_INFINITY;
  #pingNonce = 0;

  constructor(options: KeepaliveOptions, callers: Callers) {
    this.#options = options;
    this.#callers = callers;
  }

  /** The state must have changed by `dueMs`, and by any earlier time that was set since the link was idle. */
  limitState(dueMs: number): void {
    this.#stateMs = Math.min(this.#stateMs, dueMs);
  }

  /** The connection is up: it may stay so, as long as the other end is heard. */
  onConnected(nowMs: number): void {
    this.#stateMs = Number.POSITIVE_INFINITY;
    this.#keepalive = new Keepalive(this.#options, nowMs);
  }

  /** Bytes came. */
  onReceived(nowMs: number): void {
    this.#keepalive?.onReceived(nowMs);
  }

  /** The link may have died unseen. Returns what finds out, if nothing does yet. */
  probe(nowMs: number): DueStep | undefined {
    return this.#keepalive?.probe(nowMs) === true ? this.#ping() : undefined;
  }

  /** The connection is over; `stateMs`: when its last bytes must have left. */
  onOver(stateMs = Number.POSITIVE_INFINITY): void {
    this.#stateMs = stateMs;
    this.#keepalive = undefined;
  }

  /** What is due at `nowMs`. */
  check(nowMs: number): DueStep | undefined {
    if (nowMs >= this.#stateMs) return drop('handshakeTimeout', 'the other end did not answer in time');
    if (this.#callers.expire(nowMs)) return drop('sendTimeout', 'a send timed out, so the connection was dropped');
    const due = this.#keepalive?.check(nowMs);
    if (due === 'dead') return drop('keepaliveTimeout', 'the other end has gone silent');
    return due === 'ping' ? this.#ping() : undefined;
  }

  /** Not later than anything that will be due; `undefined`: nothing will be. */
  nextTimeoutMs(): number | undefined {
    const keepaliveMs = this.#keepalive?.nextTimeoutMs() ?? Number.POSITIVE_INFINITY;
    const dueMs = Math.min(this.#stateMs, this.#callers.earliestDeadlineMs, keepaliveMs);
    return dueMs === Number.POSITIVE_INFINITY ? undefined : dueMs;
  }

  #ping(): DueStep {
    this.#pingNonce = (this.#pingNonce + 1) % 2 ** 32;
    return { type: 'say', frame: { type: 'ping', nonce: this.#pingNonce } };
  }
}

function drop(kind: DisconnectCause['kind'], detail: string): DueStep {
  return { type: 'drop', cause: { kind, detail } };
}
