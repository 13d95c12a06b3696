// The send buffer: a bounded FIFO of bytes. Bytes leave in the order they came, when the link has taken them.
// It grows only, until the device restarts (impOS), and the memory behind it is claimed as it fills.

import { invariant } from '@holdfast/protocol/core';

/** The bounds of a send buffer, in bytes. */
export interface SendBufferOptions {
  readonly sendBufferBytes: number;
  readonly sendBufferMaxBytes: number;
}

/** The least memory that is claimed at once, in bytes. */
const STORAGE_MIN_BYTES = 512;

/** A ring of bytes with a capacity. */
export class SendBuffer {
  readonly #options: SendBufferOptions;
  /** How many bytes may wait. Never above the limit; shrinks only with `reset`. */
  #capacityBytes: number;
  /** The ring. Doubles while it is smaller than the capacity and full. */
  #storage = new Uint8Array(0);
  /** Where the oldest byte lies in the ring. */
  #head = 0;
  #usedBytes = 0;

  constructor(options: SendBufferOptions) {
    invariant(options.sendBufferBytes <= options.sendBufferMaxBytes, 'a send buffer begins within its limit');
    this.#capacityBytes = options.sendBufferBytes;
    this.#options = options;
  }

  get capacityBytes(): number {
    return this.#capacityBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  get freeBytes(): number {
    return this.#capacityBytes - this.#usedBytes;
  }

  /** Asks for a capacity. A smaller one changes nothing, one above the limit is cut to it. Returns the one before. */
  grow(bytes: number): number {
    const before = this.#capacityBytes;
    this.#capacityBytes = Math.max(before, Math.min(bytes, this.#options.sendBufferMaxBytes));
    return before;
  }

  /** Takes as much of `bytes` from `offset` on as fits, and returns how much that was. */
  write(bytes: Uint8Array, offset = 0): number {
    const count = Math.min(bytes.length - offset, this.freeBytes);
    if (count === 0) return 0;
    this.#reserve(this.#usedBytes + count);
    const tail = (this.#head + this.#usedBytes) % this.#storage.length;
    const untilWrap = Math.min(count, this.#storage.length - tail);
    this.#storage.set(bytes.subarray(offset, offset + untilWrap), tail);
    this.#storage.set(bytes.subarray(offset + untilWrap, offset + count), 0);
    this.#usedBytes += count;
    return count;
  }

  /**
   * The oldest bytes, at most `maxBytes`, as a view that stays valid until they are released; fewer where the ring wraps.
   */
  peek(maxBytes: number): Uint8Array {
    const count = Math.min(maxBytes, this.#usedBytes, this.#storage.length - this.#head);
    return this.#storage.subarray(this.#head, this.#head + count);
  }

  /** Drops the oldest `count` bytes: the link has taken them. */
  release(count: number): void {
    invariant(count <= this.#usedBytes, 'only bytes that are there can be released');
    this.#usedBytes -= count;
    this.#head = this.#usedBytes === 0 ? 0 : (this.#head + count) % this.#storage.length;
  }

  /** Drops everything: the connection is gone, and what was on its way with it. */
  clear(): void {
    this.#usedBytes = 0;
    this.#head = 0;
    // A link may still hold a view of the ring; it must not see the next connection's bytes.
    this.#storage = new Uint8Array(0);
  }

  /** Drops everything and takes back all growth: the device restarts. */
  reset(): void {
    this.clear();
    this.#capacityBytes = this.#options.sendBufferBytes;
  }

  #reserve(needed: number): void {
    if (needed <= this.#storage.length) return;
    const doubled = Math.max(STORAGE_MIN_BYTES, needed, this.#storage.length * 2);
    const storage = new Uint8Array(Math.max(needed, Math.min(doubled, this.#capacityBytes)));
    const untilWrap = Math.min(this.#usedBytes, this.#storage.length - this.#head);
    storage.set(this.#storage.subarray(this.#head, this.#head + untilWrap));
    storage.set(this.#storage.subarray(0, this.#usedBytes - untilWrap), untilWrap);
    this.#storage = storage;
    this.#head = 0;
  }
}
