// The device's handlers for what the agent sends, by message name.

import type { HandlingResult } from './handler-answers.js';
import { type Handled, handlerFailed, nobodyHandles, runHandler } from './handler-run.js';
import type { IncomingMessage } from './incoming-message.js';
import type { MessageTelemetry } from './telemetry.js';

/**
 * Handles one message of the agent. It is acknowledged when the handler returns, or when its promise resolves; what it
 * returns, unless that is `undefined`, is the reply. When it throws or rejects, the message comes again; with
 * `throw reject(reason)` it never does, with `throw retryLater(afterMs)` not before that.
 */
// biome-ignore lint/suspicious/noExplicitAny: without a table of names, data is whatever the program takes it for
export type ChannelHandler<Data = any, Reply = any> = (
  data: Data,
  message: IncomingMessage,
) => Reply | PromiseLike<Reply>;

/** The handlers by message name. */
export class ChannelHandlers {
  readonly #handlers = new Map<string, ChannelHandler>();
  readonly #onFailed: (name: string, error: unknown) => void;

  readonly #telemetry: MessageTelemetry | undefined;

  /** @param onFailed - a handler threw or rejected */
  constructor(onFailed: (name: string, error: unknown) => void, telemetry?: MessageTelemetry) {
    this.#onFailed = onFailed;
    this.#telemetry = telemetry;
  }

  /** Registers a handler in place of an earlier one of the same name. */
  set(name: string, handler: ChannelHandler): void {
    if (typeof handler !== 'function') throw new TypeError(`the handler of ${name} must be a function`);
    this.#handlers.set(name, handler);
  }

  /** Runs the handler of a message. */
  run(message: IncomingMessage): HandlingResult | Promise<HandlingResult> {
    const handler = this.#handlers.get(message.name);
    if (handler === undefined) return nobodyHandles(message.name);
    const run = (): Handled | Promise<Handled> => runHandler(() => handler(message.data, message));
    const telemetry = this.#telemetry;
    const handled = telemetry?.handling === undefined ? run() : telemetry.handling(message, run);
    return handled instanceof Promise
      ? handled.then((later) => this.#resultOf(message.name, later))
      : this.#resultOf(message.name, handled);
  }

  #resultOf(name: string, handled: Handled): HandlingResult {
    if (handled?.status !== 'failed') return handled;
    this.#onFailed(name, handled.error);
    return handlerFailed();
  }
}
