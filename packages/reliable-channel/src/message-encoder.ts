// What a program sends, checked and encoded, as the core takes it; in the span of the sender, where there is tracing.

import { type EncodedMessage, encodeMessage } from '@holdfast/protocol';
import { EntryEncoder, type Headers } from '@holdfast/protocol/core';
import type { OutgoingMessage } from './core/index.js';
import type { Delivery } from './delivery.js';
import { type ResolvedSendOptions, resolveSendOptions, type SendOptions } from './send-options.js';
import { type MessageTelemetry, withFurtherHeaders } from './telemetry.js';

/** Takes a message. Its entry has to be copied: the next message is written over it. */
type Accept<Reply> = (message: OutgoingMessage) => Delivery<Reply>;

/** Encodes the messages of one sending half. */
export class MessageEncoder {
  readonly #telemetry: MessageTelemetry | undefined;
  readonly #entries = new EntryEncoder();

  constructor(telemetry: MessageTelemetry | undefined) {
    this.#telemetry = telemetry;
  }

  /** Hands a message to `accept`, before it returns. @throws as `ReliableChannel.send` does */
  encode<Reply>(name: string, data: unknown, options: SendOptions | undefined, accept: Accept<Reply>): Delivery<Reply> {
    const asked = resolveSendOptions(options);
    const message = encodeMessage(name, data);
    const telemetry = this.#telemetry;
    if (telemetry?.sending === undefined) return accept(this.#outgoing(message, asked, asked.headers));
    return telemetry.sending({ name, lane: asked.lane, bytes: message.data.length }, (further) =>
      accept(this.#outgoing(message, asked, withFurtherHeaders(asked.headers, further))),
    );
  }

  #outgoing(
    { name, data }: EncodedMessage,
    { lane, importance, traits }: ResolvedSendOptions,
    headers: Headers | undefined,
  ): OutgoingMessage {
    return { lane, importance, traits, entry: this.#entries.encode(name, data, headers) };
  }
}
