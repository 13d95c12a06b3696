// The port to the outside: a link is something that can be dialed, a pipe is what comes of it. Adapters lie in links/
// (dialing) and in the agent package (accepting). An adapter moves bytes and reports; it decides nothing.

import type { ConnectReason } from './core/index.js';

/** What an established pipe tells. No event comes after `closed`. */
export interface PipeEvents {
  /** Bytes from the other end, cut anywhere. The array is the receiver's from now on. */
  received(bytes: Uint8Array): void;
  /** The pipe is gone, once. `detail` is one line for people. */
  closed(detail: string): void;
}

/** One established two-way pipe of bytes. */
export interface Pipe {
  /**
   * Hands bytes over; they must not change until `onTaken` is called, once, when the pipe has taken them all. There is at
   * most one write at a time, and none after `end` or `destroy`. A pipe that closes in between need not call `onTaken`.
   */
  write(bytes: Uint8Array, onTaken: () => void): void;
  /** Closes the pipe when everything written has left. */
  end(): void;
  /** Closes the pipe at once. */
  destroy(): void;
  /** The other end's address, for people. */
  readonly peer: string;
}

/** Something that can be dialed: the way from a device to its server. */
export interface Link {
  /** For people: `tcp 127.0.0.1:7400`. */
  readonly name: string;
  /** The most bytes a pipe of this link wants at once. */
  readonly writeMaxBytes: number;
  /**
   * Opens a pipe. Rejects with a `LinkError` when that fails, also when `signal` is aborted, and then leaves nothing open.
   */
  dial(events: PipeEvents, signal: AbortSignal): Promise<Pipe>;
  /**
   * For a link that can tell when its network may be back, as a browser can: calls `onReturned` each time, until the returned
   * function is called. A wait before the next attempt ends with that, an attempt that hangs is made again, and a connection
   * is asked whether it lives.
   */
  watchReturn?(onReturned: () => void): () => void;
}

/** Why a link could not be opened. */
export class LinkError extends Error {
  override readonly name = 'LinkError';
  readonly reason: ConnectReason;

  /** @param message - one line for people: what happened and what to do */
  constructor(reason: ConnectReason, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.reason = reason;
  }
}
