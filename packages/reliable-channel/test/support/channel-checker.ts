// The judge of a simulated channel. It knows what was sent, what reached which disk, and what the handler did; it knows
// nothing of the code under test. Messages are plain numbers, in the order in which they were sent.

/** Watches one run and throws at the first thing that must not be. */
export class ChannelChecker {
  /** Messages of commits that reached the device's disk and were reported so. */
  readonly #stored = new Set<number>();
  /** Messages of commits that failed. `maybe`: the disk may have them all the same. */
  readonly #failed = new Map<number, 'never' | 'maybe'>();
  /** Those of them that an earlier life of the device has told. */
  readonly #failedBefore = new Set<number>();
  /** The message under each name that ever reached the disk: names must never be used again. */
  readonly #names = new Map<string, number>();
  /** The part of it that the agent's disk does not know of yet. */
  readonly #unrecorded = new Map<string, number>();
  /** How often the handler has done its work, by message. */
  readonly #done = new Map<number, number>();
  /** How often it may have, by message. */
  readonly #allowed = new Map<number, number>();
  /** Messages that the agent's disk knows as handled. */
  readonly #recorded = new Set<number>();
  /** The last message of this life of the agent, and of all its lives. */
  #lastOfLife = 0;
  #highestDone = 0;
  /** Messages that the sending half has told to be acknowledged, in this life of the device. */
  readonly #acknowledged = new Set<number>();

  /** A commit with these messages has reached the device's disk. */
  onDeviceDisk(messages: readonly { readonly message: number; readonly name: string }[]): void {
    for (const { message, name } of messages) {
      const before = this.#names.get(name) ?? message;
      must(before === message, `${name} named message ${before} and now names ${message}`);
      this.#names.set(name, message);
      this.#unrecorded.set(name, message);
      this.#stored.add(message);
    }
  }

  /** A commit with these messages was reported as failed. */
  onCommitFailed(messages: readonly number[], isOnDisk: boolean): void {
    for (const message of messages) {
      this.#stored.delete(message);
      this.#failed.set(message, isOnDisk ? 'maybe' : 'never');
    }
  }

  /** The handler has done its work for the message. */
  onDone(message: number): void {
    const fate = this.#failed.get(message);
    must(this.#stored.has(message) || fate === 'maybe', `message ${message} was handled and never stored`);
    const count = (this.#done.get(message) ?? 0) + 1;
    this.#done.set(message, count);
    must(count <= 1 + (this.#allowed.get(message) ?? 0), `message ${message} was handled ${count} times`);
    must(message > this.#lastOfLife, `message ${message} was handled behind ${this.#lastOfLife}`);
    must(count > 1 || message > this.#highestDone, `message ${message} came first behind ${this.#highestDone}`);
    this.#lastOfLife = message;
    this.#highestDone = Math.max(this.#highestDone, message);
  }

  /** The agent's disk now says of these names that they were handled. */
  onAgentDisk(isHandled: (epoch: string, lane: string, sequence: number) => boolean): void {
    for (const [name, message] of this.#unrecorded) {
      const [epoch, lane, sequence] = name.split('-') as [string, string, string];
      if (!isHandled(epoch, lane, Number(sequence))) continue;
      this.#unrecorded.delete(name);
      must(this.#done.has(message) || this.#failed.has(message), `message ${message} was recorded and not handled`);
      this.#recorded.add(message);
    }
  }

  /** The agent's memory is gone. What it has done and not recorded may come again. */
  onAgentCrash(): void {
    this.#lastOfLife = 0;
    for (const [message, count] of this.#done) {
      if (!this.#recorded.has(message)) this.#allowed.set(message, count);
    }
  }

  /** The device's memory is gone, and with it that some messages could not be stored: it has told that before. */
  onDeviceCrash(): void {
    this.#acknowledged.clear();
    for (const message of this.#failed.keys()) this.#failedBefore.add(message);
  }

  /** The sending half tells that the agent has handled the message. */
  onAcknowledged(message: number): void {
    const isOver = this.#failedBefore.has(message) || (this.#done.has(message) && this.#recorded.has(message));
    must(isOver, `message ${message} was acknowledged too early`);
    must(!this.#acknowledged.has(message), `message ${message} was acknowledged twice`);
    this.#acknowledged.add(message);
  }

  /** Faults have ended and everything has come to rest. */
  onEnd(): void {
    for (const message of this.#stored) must(this.#done.has(message), `message ${message} was stored and is lost`);
  }

  get storedCount(): number {
    return this.#stored.size;
  }

  get repeatedCount(): number {
    return [...this.#done.values()].filter((count) => count > 1).length;
  }
}

function must(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}
