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
  type SendCode,
  SUSPEND_ON_ERROR,
  type WaitFor,
} from './core/index.js';
import { Dialer } from './dialer.js';
import type { FrameCarrier } from './frame-carrier.js';
import { resolveTransportOptions, type TransportOptions } from './options.js';
import type { DialFailure } from './reconnector.js';
import { type RecoveryEvent, RecoveryHost } from './recovery-host.js';
import { checkTimeoutSeconds, DEFAULT_SEND_POLICY, sendPolicy } from './send-policy.js';
import type { TransportEvent } from './transport-events.js';

/** How long `connect` tries when it is not told, in milliseconds; impOS waits as long. */
const CONNECT_TIMEOUT_MS = 60_000;
/** The device's end of a connection to its agent. Made by `createTransport`. */
export class Transport {
  readonly deviceId: string;
  /** For channels: carries their frames over this connection. */
  readonly carrier: FrameCarrier;
  /** The clock that this transport runs on; a channel above it uses the same one. */
  readonly runtime: Runtime;
  readonly #dialer: Dialer;
  readonly #host: ConnectionHost;
  readonly #recovery: RecoveryHost;
  readonly #observers = new Listeners<TransportEvent>();
  readonly #handlers = new Map<string, (data: unknown) => void>();
  #policy = DEFAULT_SEND_POLICY;
  #unexpectedDisconnect: ((reason: ConnectReason) => void) | undefined;
  /** Those who wait for a connection, however long that takes. */
  #untilUp: ((reason: ConnectReason) => void)[] = [];
  /** Attempts under way that the program asked for, and not the recovery. */
  #asked = 0;
  /** Those who wait for the attempt under way. */
  #connecting: ((reason: ConnectReason) => void)[] = [];
  #disconnecting: (() => void)[] = [];
  /** Why the latest attempt failed; told with `connectFailed`. */
  #lastCause: DisconnectCause = { kind: 'asked', detail: 'no attempt yet' };
  /** How the latest attempt since the last connection failed; nobody answered when none has ended. */
  #lastReason: ConnectReason = CONNECT_REASON.noServer;

  constructor(options: TransportOptions) {
    const resolved = resolveTransportOptions(options);
    this.deviceId = resolved.connection.deviceId;
    this.runtime = resolved.runtime;
    this.#dialer = new Dialer(resolved.link);
    this.#host = new ConnectionHost(resolved.connection, resolved.runtime, {
      event: (event) => this.#onEvent(event),
      message: (name, data) => this.#onMessage(name, data),
      abandonDial: () => this.#dialer.abandon(),
    });
    this.carrier = this.#host;
    this.#recovery = new RecoveryHost(resolved.runtime, resolved, {
      connect: () => this.#redial(),
      scheduled: (delayMs) => this.#observers.emit({ type: 'reconnectScheduled', delayMs }),
      watchReturn: (onReturned) => resolved.link.watchReturn?.(onReturned) ?? (() => {}),
      giveUp: () => {
        if (this.#asked === 0) this.#host.feed({ type: 'giveUp' });
      },
      probe: () => this.#host.feed({ type: 'probe' }),
      event: (event) => this.#onRecovery(event),
    });
  }

  /**
   * Sends a message as the policy says, and resolves with its send code; 0 is success. It does not reject for anything that
   * a network can do. Under SUSPEND_ON_ERROR no error is a result: the send waits for the next connection and is made again
   * there, so under WAIT_FOR_ACK the message may arrive more than once. Under the other policies it is sent once at most.
   *
   * @param name - any string that is not empty, at most 255 bytes in UTF-8
   * @param data - null, booleans, numbers, strings, `Uint8Array`, arrays and plain objects of these
   * @throws HoldfastError `NAME_TOO_LONG`, `MESSAGE_TOO_LARGE`, `DATA_NOT_SERIALISABLE`, `DATA_UNSAFE_KEY`,
   * `TOO_MANY_SENDS`; nothing has been sent then
   */
  async send(name: string, data: unknown): Promise<SendCode> {
    const sent = this.#host.send(name, data, this.#policy);
    this.#needConnection();
    return sent;
  }

  /**
   * Resolves with true when the server has acknowledged every message that was sent before; with false when that takes longer
   * than `timeoutSeconds`, there is no connection, or it ends. False does not prove that anything was lost. Never closes the
   * connection.
   *
   * @param timeoutSeconds - from 0 to 3600, fractions allowed
   */
  async flush(timeoutSeconds: number): Promise<boolean> {
    return this.#host.flush(checkTimeoutSeconds(timeoutSeconds));
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
    this.#policy = sendPolicy(onError, waitFor, timeoutSeconds);
  }

  /**
   * Registers who is told that a connection was lost and has not come back by itself within the grace; in place of an earlier
   * one, `undefined`: nobody. Only under the policies that return on errors; not when `disconnect` was called, and not when a
   * first attempt fails. The reason is that of the last attempt to get it back.
   */
  onUnexpectedDisconnect(callback: ((reason: ConnectReason) => void) | undefined): void {
    this.#unexpectedDisconnect = callback;
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
   * an attempt is under way, it takes part in that one. Under SUSPEND_ON_ERROR it resolves when there is a connection, however
   * many attempts that takes, or with `notConnected` after `disconnect`; `timeoutMs` means nothing then (impOS).
   *
   * @param options - `timeoutMs`: for the link and the handshake together. 60000 when left out
   */
  async connect(options: { readonly timeoutMs?: number } = {}): Promise<ConnectReason> {
    const timeoutMs = checkNumber('timeoutMs', options.timeoutMs ?? CONNECT_TIMEOUT_MS, { min: 1, max: 86_400_000 });
    if (this.isConnected()) return CONNECT_REASON.connected;
    if (this.#policy.onError === SUSPEND_ON_ERROR) {
      return new Promise((resolve) => {
        this.#untilUp.push(resolve);
        this.#needConnection();
      });
    }
    this.#asked += 1;
    const reason = await this.#attempt(timeoutMs);
    this.#asked -= 1;
    return reason;
  }

  /**
   * Keeps the connection up from now on: dials, and dials again after every loss, with backoff and jitter. Returns the
   * function that ends this one wish; when no wish is left, nothing is dialed any more and the connection stays.
   */
  keepConnected(): () => void {
    return this.#recovery.hold();
  }

  /**
   * Ends the connection, or the attempt, and every wish to keep it. Resolves when the link is gone: what was in the send
   * buffer has left by then, or a second has passed.
   */
  disconnect(): Promise<void> {
    this.#recovery.onNotWanted();
    return new Promise((resolve) => {
      const isIdle = this.#host.isIdle;
      if (!isIdle) this.#disconnecting.push(resolve);
      // Sends that are held get their answer even when there is nothing to close.
      this.#host.feed({ type: 'disconnect', code: CLOSE_CODE.normal, reason: 'the device disconnects' });
      this.#tellUntilUp(CONNECT_REASON.notConnected);
      if (isIdle) resolve();
    });
  }

  /**
   * Forgets the program as a restart of it does: its handlers, its callback, its policy; its calls under way never get a
   * result. The connection and the size of the send buffer stay (impOS: `server.restart`); `fromPowerOff`: they do not, the
   * connection goes without a word and what was in the buffer is lost.
   */
  restartProgram(options: { readonly fromPowerOff?: boolean } = {}): void {
    if (options.fromPowerOff === true) this.#host.powerOff();
    else this.#host.restart();
    this.#policy = DEFAULT_SEND_POLICY;
    this.#unexpectedDisconnect = undefined;
    this.#untilUp = [];
    this.#handlers.clear();
  }

  /** Ends everything at once, as a device does that loses its power: nothing is kept, and nothing dials any more. */
  powerOff(): void {
    this.#recovery.onNotWanted();
    this.restartProgram({ fromPowerOff: true });
  }

  /** Watches connections come and go. Returns the function that ends the watching. */
  observe(observer: (event: TransportEvent) => void): () => void {
    return this.#observers.add(observer);
  }

  /** SUSPEND_ON_ERROR: a call to the server makes the connection that it needs. */
  #needConnection(): void {
    if (this.#policy.onError === SUSPEND_ON_ERROR && !this.isConnected()) this.#recovery.onNeeded();
  }

  #attempt(timeoutMs: number): Promise<ConnectReason> {
    return new Promise((resolve) => {
      this.#connecting.push(resolve);
      this.#host.feed({ type: 'connect', timeoutMs });
    });
  }

  async #redial(): Promise<DialFailure | undefined> {
    const reason = await this.#attempt(CONNECT_TIMEOUT_MS);
    return reason === CONNECT_REASON.connected ? undefined : { cause: this.#lastCause };
  }

  #tellUntilUp(reason: ConnectReason): void {
    for (const resolve of this.#untilUp.splice(0)) resolve(reason);
  }

  #onRecovery(event: RecoveryEvent): void {
    switch (event.type) {
      case 'suspend':
        this.#observers.emit({ type: 'suspended' });
        return;
      case 'resume':
        this.#observers.emit({ type: 'resumed', hasSnoozed: event.hasSnoozed });
        return;
      case 'snooze':
        this.#observers.emit({ type: 'snoozed' });
        return;
      case 'lossDeclared': {
        const reason = this.#lastReason;
        this.#observers.emit({ type: 'lossDeclared', reason });
        callUserCode(() => this.#unexpectedDisconnect?.(reason));
        return;
      }
    }
  }

  #onEvent(event: HostEvent): void {
    switch (event.type) {
      case 'dial':
        void this.#dialer.dial(this.#host);
        return;
      case 'connected':
        this.#lastReason = CONNECT_REASON.noServer;
        this.#recovery.onConnected();
        this.#observers.emit({ type: 'connected' });
        this.#tellUntilUp(CONNECT_REASON.connected);
        return;
      case 'connectDone':
        this.#onConnectDone(event.reason);
        return;
      case 'disconnected':
        this.#lastCause = event.cause;
        this.#observers.emit(event);
        if (event.cause.kind !== 'asked') this.#recovery.onLost(event.cause, this.#suspends);
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
      // An attempt that was given up says nothing about the network.
      if (reason !== CONNECT_REASON.notConnected) this.#lastReason = reason;
      this.#observers.emit({ type: 'connectFailed', reason, cause: this.#lastCause });
    }
    for (const resolve of waiting) resolve(reason);
  }

  /** Whether a loss makes the program stand still: by its policy, or because sends of that policy wait. */
  get #suspends(): boolean {
    return this.#policy.onError === SUSPEND_ON_ERROR || this.#host.holdsSends;
  }

  #onMessage(name: string, data: unknown): void {
    const handler = this.#handlers.get(name);
    if (handler === undefined) this.#observers.emit({ type: 'messageDropped', name });
    else callUserCode(() => handler(data));
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
