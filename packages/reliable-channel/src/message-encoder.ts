// What a program sends, checked and encoded, as the core takes it; in the span of the sender, where there is tracing.

import { checkMessage, type EncodedMessage, encodeMessage } from '@holdfast/protocol';
import { EntryEncoder } from '@holdfast/protocol/core';
import type { OutgoingMessage } from './core/index.js';
import type { Delivery } from './delivery.js';
import { type ResolvedSendOptions, resolveSendOptions, type SendOptions } from './send-options.js';
import { type MessageTelemetry, tellSending } from './telemetry.js';

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
    return this.#hand(encodeMessage(name, data), asked, accept);
  }

  /** The same with a message whose data is encoded already. */
  encodeGiven<Reply>(
    { name, data }: EncodedMessage,
    options: SendOptions | undefined,
    accept: Accept<Reply>,
  ): Delivery<Reply> {
    const asked = resolveSendOptions(options);
    return this.#hand(checkMessage(name, data), asked, accept);
  }

  #hand<Reply>(
    { name, data }: EncodedMessage,
    { lane, importance, traits, headers }: ResolvedSendOptions,
    accept: Accept<Reply>,
  ): Delivery<Reply> {
    // Whoever looks on may encode something before it sends this on, and the codec writes everything over what was before.
    const kept = this.#telemetry === undefined ? data : data.slice();
    return tellSending(this.#telemetry, { name, lane, bytes: data.length }, headers, (all) =>
      accept({ lane, importance, traits, entry: this.#entries.encode(name, kept, all) }),
    );
  }
}
