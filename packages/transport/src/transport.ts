// The device's end: dials the server, sends under a policy, hears messages from the agent. Everything that decides lies in
// core/; this file turns calls into inputs and outputs into promises and events.

import { callUserCode, checkInteger, checkNumber, Listeners, type Runtime } from '@holdfast/protocol';
import { CLOSE_CODE } from '@holdfast/protocol/core';
import { ConnectionHost, type HostEvent } from './connection-host.js';
import {
  CONNECT_REASON,
  type ConnectReason,
  type DisconnectCause,
  type OnError,
  RETURN_ON_ERROR,
  type SendCode,
  WAIT_FOR_ACK,
  WAIT_TIL_SENT,
  type WaitFor,
} from './core/index.js';
import type { FrameCarrier } from './frame-carrier.js';
import { type Link, LinkError, type Pipe } from './link.js';
import { resolveTransportOptions, type TransportOptions } from './options.js';
import { type DialFailure, Reconnector } from './reconnector.js';

/** How long `connect` tries when it is not told, in milliseconds; impOS waits as long. */
const CONNECT_TIMEOUT_MS = 60_000;
/** The send timeout to begin with, in seconds; impOS's default. */
const SEND_TIMEOUT_SECONDS = 30;

/** What a transport tells its observers. */
export type TransportEvent =
  | { readonly type: 'connected' }
  | { readonly type: 'disconnected'; readonly cause: DisconnectCause }
  /** An attempt to connect failed. */
  | { readonly type: 'connectFailed'; readonly reason: ConnectReason; readonly cause: DisconnectCause }
  /** `keepConnected` dials again after this wait. */
  | { readonly type: 'reconnectScheduled'; readonly delayMs: number }
  /** A message from the agent that nobody listens to. */
  | { readonly type: 'messageDropped'; readonly name: string };

/** The device's end of a connection to its agent. Made by `createTransport`. */
export class Transport {
  readonly deviceId: string;
  /** For channels: carries their frames over this connection. */
  readonly carrier: FrameCarrier;
  /** The clock that this transport runs on; a channel above it uses the same one. */
  readonly runtime: Runtime;
  readonly #link: Link;
  readonly #host: ConnectionHost;
  readonly #reconnector: Reconnector;
  readonly #observers = new Listeners<TransportEvent>();
  readonly #handlers = new Map<string, (data: unknown) => void>();
  #waitFor: WaitFor = WAIT_TIL_SENT;
  #timeoutMs = SEND_TIMEOUT_SECONDS * 1_000;
  /** Those who wait for the attempt under way. */
  #connecting: ((reason: ConnectReason) => void)[] = [];
  #disconnecting: (() => void)[] = [];
  /** Ends the dialing of a link that is not open yet. */
  #dialAbort: AbortController | undefined;
  /** Why the latest attempt failed; told with `connectFailed`. */
  #lastCause: DisconnectCause = { kind: 'asked', detail: 'no attempt yet' };

  constructor(options: TransportOptions) {
    const resolved = resolveTransportOptions(options);
    this.deviceId = resolved.connection.deviceId;
    this.runtime = resolved.runtime;
    this.#link = resolved.link;
    this.#host = new ConnectionHost(resolved.connection, resolved.runtime, {
      event: (event) => this.#onEvent(event),
      message: (name, data) => this.#onMessage(name, data),
      abandonDial: () => this.#dialAbort?.abort(),
    });
    this.carrier = this.#host;
    this.#reconnector = new Reconnector(resolved.runtime, resolved.reconnectBackoff, {
      connect: () => this.#attempt(),
      scheduled: (delayMs) => this.#observers.emit({ type: 'reconnectScheduled', delayMs }),
    });
  }

  /**
   * Sends a message at most once, as the policy says, and resolves with its send code; 0 is success. It does not reject
   * for anything that a network can do.
   *
   * @param name - any string that is not empty, at most 255 bytes in UTF-8
   * @param data - null, booleans, numbers, strings, `Uint8Array`, arrays and plain objects of these
   * @throws HoldfastError `NAME_TOO_LONG`, `MESSAGE_TOO_LARGE`, `DATA_NOT_SERIALISABLE`, `DATA_UNSAFE_KEY`,
   * `TOO_MANY_SENDS`; nothing has been sent then
   */
  async send(name: string, data: unknown): Promise<SendCode> {
    return this.#host.send(name, data, this.#waitFor, this.#timeoutMs);
  }

  /** Registers the handler for messages of `name` from the agent, in place of an earlier one. */
  on(name: string, handler: (data: unknown) => void): void {
    this.#handlers.set(name, handler);
  }

  /**
   * Sets what later sends wait for, how long, and what happens when that fails (impOS: `server.setsendtimeoutpolicy`).
   *
   * @param timeoutSeconds - from 0 to 3600, fractions allowed
   */
  setSendTimeoutPolicy(onError: OnError, waitFor: WaitFor, timeoutSeconds: number): void {
    if (onError !== RETURN_ON_ERROR) throw new RangeError(`onError must be RETURN_ON_ERROR, not ${String(onError)}`);
    if (waitFor !== WAIT_TIL_SENT && waitFor !== WAIT_FOR_ACK) {
      throw new RangeError(`waitFor must be WAIT_TIL_SENT or WAIT_FOR_ACK, not ${String(waitFor)}`);
    }
    this.#timeoutMs = checkNumber('timeoutSeconds', timeoutSeconds, { min: 0, max: 3_600 }) * 1_000;
    this.#waitFor = waitFor;
  }

  /** Asks for a larger send buffer, up to `sendBufferMaxBytes`; it never shrinks. Returns the size before, in bytes. */
  setSendBufferSize(bytes: number): number {
    return this.#host.growSendBuffer(checkInteger('bytes', bytes, { min: 0, max: Number.MAX_SAFE_INTEGER }));
  }

  /** Size, fill and room of the send buffer, in bytes. */
  get sendBuffer(): { readonly capacityBytes: number; readonly usedBytes: number; readonly freeBytes: number } {
    const { capacityBytes, usedBytes, freeBytes } = this.#host.sendBuffer;
    return { capacityBytes, usedBytes, freeBytes };
  }

  isConnected(): boolean {
    return this.#host.isUp;
  }

  /**
   * Tries to connect once and resolves with the reason why that ended; `CONNECT_REASON.connected` is success. Called while
   * an attempt is under way, it takes part in that one.
   *
   * @param options - `timeoutMs`: for the link and the handshake together. 60000 when left out
   */
  connect(options: { readonly timeoutMs?: number } = {}): Promise<ConnectReason> {
    const timeoutMs = checkNumber('timeoutMs', options.timeoutMs ?? CONNECT_TIMEOUT_MS, { min: 1, max: 86_400_000 });
    return new Promise((resolve) => {
      this.#connecting.push(resolve);
      this.#host.feed({ type: 'connect', timeoutMs });
    });
  }

  /**
   * Keeps the connection up from now on: dials, and dials again after every loss, with backoff and jitter. Returns the
   * function that ends this one wish; when no wish is left, nothing is dialed any more and the connection stays.
   */
  keepConnected(): () => void {
    return this.#reconnector.hold();
  }

  /**
   * Ends the connection, or the attempt, and every wish to keep it. Resolves when the link is gone: what was in the send
   * buffer has left by then, or a second has passed.
   */
  disconnect(): Promise<void> {
    this.#reconnector.releaseAll();
    return new Promise((resolve) => {
      if (this.#host.isIdle) resolve();
      else {
        this.#disconnecting.push(resolve);
        this.#host.feed({ type: 'disconnect', code: CLOSE_CODE.normal, reason: 'the device disconnects' });
      }
    });
  }

  /** Watches connections come and go. Returns the function that ends the watching. */
  observe(observer: (event: TransportEvent) => void): () => void {
    return this.#observers.add(observer);
  }

  async #attempt(): Promise<DialFailure | undefined> {
    const reason = await this.connect();
    return reason === CONNECT_REASON.connected ? undefined : { cause: this.#lastCause };
  }

  #onEvent(event: HostEvent): void {
    switch (event.type) {
      case 'dial':
        void this.#dial();
        return;
      case 'connected':
        this.#reconnector.onConnected();
        this.#observers.emit({ type: 'connected' });
        return;
      case 'connectDone':
        this.#onConnectDone(event.reason);
        return;
      case 'disconnected':
        this.#lastCause = event.cause;
        this.#observers.emit(event);
        this.#reconnector.onLost(event.cause);
        return;
      case 'ended':
        this.#lastCause = event.cause;
        return;
      case 'idle':
        for (const resolve of this.#disconnecting.splice(0)) resolve();
        return;
    }
  }

  #onConnectDone(reason: ConnectReason): void {
    const waiting = this.#connecting;
    this.#connecting = [];
    if (reason !== CONNECT_REASON.connected) {
      this.#observers.emit({ type: 'connectFailed', reason, cause: this.#lastCause });
    }
    for (const resolve of waiting) resolve(reason);
  }

  #onMessage(name: string, data: unknown): void {
    const handler = this.#handlers.get(name);
    if (handler === undefined) this.#observers.emit({ type: 'messageDropped', name });
    else callUserCode(() => handler(data));
  }

  async #dial(): Promise<void> {
    const abort = new AbortController();
    this.#dialAbort = abort;
    const prepared = this.#host.preparePipe();
    let pipe: Pipe;
    try {
      pipe = await this.#link.dial(prepared.events, abort.signal);
    } catch (error) {
      if (abort.signal.aborted) return;
      const reason = error instanceof LinkError ? error.reason : CONNECT_REASON.noServer;
      const detail = error instanceof Error ? error.message : String(error);
      this.#host.feed({ type: 'linkFailed', reason, detail });
      return;
    }
    if (abort.signal.aborted) {
      pipe.destroy();
      return;
    }
    this.#dialAbort = undefined;
    prepared.take(pipe, { type: 'linkOpened' });
  }
}

/**
 * Creates the device's end of a connection. It does not dial by itself: call `connect`, or `keepConnected`, or open a
 * reliable channel on it.
 *
 * @throws TypeError or RangeError that names the wrong option
 */
export function createTransport(options: TransportOptions): Transport {
  return new Transport(options);
}
