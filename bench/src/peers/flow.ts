// A sliding window for contestants that leave it to the application: a message for every acknowledgement.

/** Sends `count` messages with at most `outstandingMax` on their way. */
export class Flow {
  readonly #send: () => void;
  readonly #outstandingMax: number;
  #unsent = 0;
  #outstanding = 0;
  #finish: (() => void) | undefined;

  /** @param send - sends one message; `acknowledged` may be called before it returns */
  constructor(outstandingMax: number, send: () => void) {
    this.#outstandingMax = outstandingMax;
    this.#send = send;
  }

  /** Resolves when so many messages are acknowledged. One call at a time. */
  deliver(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#unsent = count;
      this.#finish = resolve;
      this.#fill();
    });
  }

  /** So many messages have been acknowledged. @throws Error when they are more than were sent */
  acknowledged(count: number): void {
    if (count > this.#outstanding) throw new Error(`${count} acknowledgements for ${this.#outstanding} messages`);
    this.#outstanding -= count;
    if (this.#unsent > 0) this.#fill();
    else if (this.#outstanding === 0) this.#finish?.();
  }

  #fill(): void {
    while (this.#unsent > 0 && this.#outstanding < this.#outstandingMax) {
      this.#unsent -= 1;
      this.#outstanding += 1;
      this.#send();
    }
  }
}
