// A bounded number of bytes: what a stage, or a sender, may hold. It counts; the bytes lie elsewhere.

import { invariant } from '@holdfast/protocol';

/** Counts bytes against a capacity, and wakes those who wait for room. */
export class ByteRoom {
  readonly capacityBytes: number;
  #usedBytes = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(capacityBytes: number) {
    this.capacityBytes = capacityBytes;
  }

  /** Never above `capacityBytes`. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Takes room for so many bytes, or returns false and takes none. */
  tryTake(bytes: number): boolean {
    if (this.#usedBytes + bytes > this.capacityBytes) return false;
    this.#usedBytes += bytes;
    return true;
  }

  /** Gives room back. Those who wait are called, in the order of their waiting; who fails again waits again. */
  release(bytes: number): void {
    if (bytes === 0) return;
    this.#usedBytes -= bytes;
    invariant(this.#usedBytes >= 0, 'more room was given back than taken');
    for (const onRoom of this.#waiting.splice(0)) onRoom();
  }

  /** Calls `onRoom` once, when there is more room than now. */
  wait(onRoom: () => void): void {
    this.#waiting.push(onRoom);
  }
}
