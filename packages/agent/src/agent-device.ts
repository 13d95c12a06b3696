// One device as the application sees it: the way to send to it.

import type { AnyMessages, DataOf, MessageTypes, NameOf, ReplyOf } from '@holdfast/protocol';
import type { DeadLetterBox, Delivery, SendingHalf, SendingStats, SendOptions } from '@holdfast/reliable-channel';

/** What a device asks of its agent. */
export interface AgentDeviceParts {
  readonly id: string;
  isConnected(): boolean;
  /** Hands the device's sending half to `use` as soon as it is open. */
  useSending<T>(use: (sending: SendingHalf) => T): Promise<T>;
}

/**
 * A device. Made by `agent.device(id)`, whether the device is there or not.
 *
 * @typeParam Commands - what is sent to devices: message names with the types of their data and replies
 */
export class AgentDevice<Commands extends MessageTypes<Commands> = AnyMessages> {
  readonly #parts: AgentDeviceParts;

  constructor(parts: AgentDeviceParts) {
    this.#parts = parts;
  }

  get id(): string {
    return this.#parts.id;
  }

  /** Whether the device has a connection now. One that was cut counts until the server notices. */
  get isConnected(): boolean {
    return this.#parts.isConnected();
  }

  /**
   * Sends a message to the device's channel, with the guarantees of a channel: it waits in the device's outbox until the
   * device's handler has done its work, also while the device is away and while the agent does not run. Resolves when the
   * outbox has taken it; `delivery.stored` and `delivery.settled` tell the rest.
   *
   * @param data - null, booleans, numbers, strings, `Uint8Array`, arrays and plain objects of these
   * @throws HoldfastError `NAME_TOO_LONG`, `MESSAGE_TOO_LARGE`, `DATA_NOT_SERIALISABLE`, `DATA_UNSAFE_KEY`,
   * `HEADERS_TOO_LARGE`, `TOO_MANY_LANES`; `AGENT_NOT_LISTENING`, `AGENT_CLOSED`, `TOO_MANY_DEVICES`, `STORE_FAILED`; nothing has
   * been taken then
   */
  send<Name extends NameOf<Commands>>(
    name: Name,
    data: DataOf<Commands, Name>,
    options?: SendOptions,
  ): Promise<Delivery<ReplyOf<Commands, Name>>> {
    return this.#parts.useSending((sending) => sending.send<ReplyOf<Commands, Name>>(name, data, options));
  }

  /** Resolves when the device's outbox has room. */
  async ready(): Promise<void> {
    await (await this.#parts.useSending((sending) => ({ whenReady: sending.ready() }))).whenReady;
  }

  /** Where the device's outbox stands now. */
  stats(): Promise<SendingStats> {
    return this.#parts.useSending((sending) => sending.stats());
  }

  /** The messages to this device that were given up. */
  deadLetters(): Promise<DeadLetterBox> {
    return this.#parts.useSending((sending) => sending.deadLetters);
  }
}
