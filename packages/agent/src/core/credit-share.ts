// How much each device may have in flight: its fair share of the room in the agent's queue. It moves in steps of two, and up
// only when there is room to spare, so that devices are not told of every message that comes or goes.

/** The share of one device. */
export class CreditShare {
  readonly #most: number;
  #messages: number;

  /** @param most - no device ever gets more, in messages */
  constructor(most: number) {
    this.#most = most;
    this.#messages = most;
  }

  /** Messages that each device may have in flight. */
  get messages(): number {
    return this.#messages;
  }

  /**
   * Looks at the room and at how many devices share it; returns whether the share has changed. It is 1 at least, and 0 while
   * the agent is overloaded.
   */
  update(room: { readonly freeMessages: number; readonly devices: number; readonly isOverloaded: boolean }): boolean {
    const before = this.#messages;
    this.#messages = room.isOverloaded ? 0 : this.#fairShare(room.freeMessages / Math.max(1, room.devices));
    return this.#messages !== before;
  }

  #fairShare(share: number): number {
    let messages = this.#messages === 0 ? this.#most : this.#messages;
    while (messages > share && messages > 1) messages = Math.ceil(messages / 2);
    // Half as much again as the next step takes: otherwise one message more or less would be a step.
    while (messages < this.#most && share >= 1.5 * this.#next(messages)) messages = this.#next(messages);
    return messages;
  }

  #next(messages: number): number {
    return Math.min(this.#most, messages * 2);
  }
}
