// The port to tracing and metrics: what wants to know of each message as it is sent and handled, and of the figures. Where
// it is not set, nothing is called. telemetry/opentelemetry.ts is an adapter of it.

import { HEADERS_MAX, HEADERS_MAX_BYTES, type Headers, hasLoneSurrogate, utf8Length } from '@holdfast/protocol/core';
import type { Delivery } from './delivery.js';

/** A message that is being sent. */
export interface SendingMessage {
  readonly name: string;
  readonly lane: string;
  /** Of its data, encoded. */
  readonly bytes: number;
}

/** A message that is being handled. */
export interface HandlingMessage {
  readonly name: string;
  readonly lane: string;
  /** `undefined` for a plain message. */
  readonly id: string | undefined;
  readonly headers: Headers;
  readonly attempt: number;
  /** The device that sent it; missing at a device: the agent did. */
  readonly device?: string | undefined;
}

/** How a handler ended, as far as telemetry needs to know. `undefined`: done, without a reply. */
export type HandlingEnd = { readonly status: string; readonly error?: unknown } | undefined;

/** What wants to know of messages. Nothing here may throw. */
export interface MessageTelemetry {
  /**
   * Called for each message in place of sending it. It must call `send`, at once and once, and return or throw what that does.
   *
   * @param send - sends it, with these headers beside its own: those that the message has already, and what would be more than
   *   a message may have, are left out
   */
  sending?<Sent extends Delivery>(message: SendingMessage, send: (headers?: Headers) => Sent): Sent;
  /** Called for each message that has a handler, in place of running it. It must call `run`, once, and return what that does. */
  handling?<End extends HandlingEnd>(message: HandlingMessage, run: () => End | Promise<End>): End | Promise<End>;
}

/** What wants to know of messages and of figures. */
export interface Telemetry<Stats> extends MessageTelemetry {
  /** Called once when there are figures. Returns what ends the measuring, called once. @param stats - the figures now */
  measuring?(stats: () => Stats): () => void;
}

/** Sends a message under the eyes of whoever wants to know. @param send - takes all headers of it */
export function tellSending<Sent extends Delivery>(
  telemetry: MessageTelemetry | undefined,
  message: SendingMessage,
  headers: Headers | undefined,
  send: (headers: Headers | undefined) => Sent,
): Sent {
  if (telemetry?.sending === undefined) return send(headers);
  return telemetry.sending(message, (further) => send(withFurtherHeaders(headers, further)));
}

/** Headers of a message and further ones, which have to stand back: where there is no room they are left out. */
export function withFurtherHeaders(own: Headers | undefined, further: Headers | undefined): Headers | undefined {
  if (further === undefined) return own;
  const headers = new Map(Object.entries(own ?? {}));
  let bytes = 0;
  for (const [name, value] of headers) bytes += utf8Length(name) + utf8Length(value);
  for (const [name, value] of Object.entries(further)) {
    const room = HEADERS_MAX_BYTES - bytes;
    const isText = name !== '' && typeof value === 'string' && !hasLoneSurrogate(name) && !hasLoneSurrogate(value);
    if (!isText || headers.has(name) || headers.size >= HEADERS_MAX) continue;
    const needed = utf8Length(name) + utf8Length(value);
    if (needed > room || utf8Length(name) > 255) continue;
    headers.set(name, value);
    bytes += needed;
  }
  return headers.size === 0 ? undefined : Object.fromEntries(headers);
}
