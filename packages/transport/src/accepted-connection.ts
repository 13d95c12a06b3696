// The server's end of one connection: waits for the hello, lets its owner decide, then carries messages and channel frames.

import { callUserCode, type Runtime } from '@holdfast/protocol';
import { CLOSE_CODE } from '@holdfast/protocol/core';
import { ConnectionHost, type HostEvent, type PreparedPipe } from './connection-host.js';
import { type DisconnectCause, RETURN_ON_ERROR, type SendCode, WAIT_TIL_SENT } from './core/index.js';
import type { FrameCarrier } from './frame-carrier.js';
import type { Pipe, PipeEvents } from './link.js';
import { type ConnectionLimits, resolveConnectionLimits } from './options.js';

/** What the owner of an accepted connection is told. */
export interface AcceptedConnectionEvents {
  /** A device wants in; answer with `admit` or `refuse`. */
  hello(deviceId: string, token: string): void;
  /** A plain message. `bytes`: of its data as it came. */
  message(name: string, data: unknown, bytes: number): void;
  /** The connection is over, whether the device was let in or not. Told once. */
  ended(cause: DisconnectCause): void;
}

/** The options of an accepted connection. */
export interface AcceptedConnectionOptions extends ConnectionLimits {
  readonly runtime: Runtime;
  /** The most bytes that the pipe wants at once. */
  readonly writeMaxBytes: number;
}

/** One device's connection, seen from the server. */
export class AcceptedConnection {
  readonly carrier: FrameCarrier;
  readonly #host: ConnectionHost;
  readonly #events: AcceptedConnectionEvents;
  readonly #prepared: PreparedPipe;
  #pipe: Pipe | undefined;
  #ended = false;

  constructor(options: AcceptedConnectionOptions, events: AcceptedConnectionEvents) {
    const limits = resolveConnectionLimits(options);
    const { writeMaxBytes } = options;
    this.#events = events;
    this.#host = new ConnectionHost(
      { ...limits, role: 'accepting', deviceId: '', token: '', writeMaxBytes },
      options.runtime,
      {
        event: (event) => this.#onEvent(event),
        message: (name, data, bytes) => callUserCode(() => events.message(name, data, bytes)),
        abandonDial: () => {},
      },
    );
    this.#prepared = this.#host.preparePipe();
    this.carrier = this.#host;
  }

  /** The events that the pipe must be given. */
  get pipeEvents(): PipeEvents {
    return this.#prepared.events;
  }

  /** The device's address, for people. */
  get peer(): string {
    return this.#pipe?.peer ?? 'nowhere';
  }

  /** Takes the pipe, which is open. The handshake deadline runs from now on. */
  begin(pipe: Pipe): void {
    this.#pipe = pipe;
    this.#prepared.take(pipe, { type: 'accept' });
  }

  /** Lets the device in. */
  admit(): void {
    this.#host.feed({ type: 'admit' });
  }

  /** Keeps it out and closes the connection. */
  refuse(code: number, reason: string, retryAfterMs = 0): void {
    this.#host.feed({ type: 'refuse', code, reason, retryAfterMs });
  }

  /** Sends a plain message; it is lost when the device is away. */
  send(name: string, data: unknown, timeoutMs: number): Promise<SendCode> {
    return this.#host.send(name, data, { onError: RETURN_ON_ERROR, waitFor: WAIT_TIL_SENT, timeoutMs });
  }

  /** Says goodbye and closes. */
  close(code: number = CLOSE_CODE.normal, reason = 'the server closes the connection'): void {
    this.#host.feed({ type: 'disconnect', code, reason });
  }

  #onEvent(event: HostEvent): void {
    if (event.type === 'hello') callUserCode(() => this.#events.hello(event.deviceId, event.token));
    else if ((event.type === 'disconnected' || event.type === 'ended') && !this.#ended) {
      this.#ended = true;
      callUserCode(() => this.#events.ended(event.cause));
    }
  }
}
