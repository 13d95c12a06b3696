// The port between a connection and a channel: whoever carries channel frames, the device's transport or the agent's end,
// looks like this. A channel sees ups and downs, frames, and how much room there is; nothing else of the connection.

import type { ChannelFrame } from '@holdfast/protocol/core';

/** Which half of a channel: the one that sends messages and hears of acks, or the one that receives and acknowledges. */
export type ChannelHalf = 'sending' | 'receiving';

/** What a carrier tells its channel. */
export interface FrameCarrierEvents {
  /** Frames can flow. Also told at once to a channel that attaches while the connection is up. */
  up(): void;
  /** They can not any more; what was sent and not acknowledged may be lost. */
  down(): void;
  /** There is room for more. */
  writable(): void;
  /** A frame from the other end. */
  frame(frame: ChannelFrame): void;
}

/** Carries the frames of a channel. */
export interface FrameCarrier {
  readonly isUp: boolean;
  /**
   * Bytes that fit into the send buffer now; 0 while a frame waits for room. A frame may be larger: it streams through.
   */
  readonly freeBytes: number;
  /** Sends a frame behind all others; drops it when the connection is down. */
  sendFrame(frame: ChannelFrame): void;
  /**
   * Takes one half of a channel; returns the function that lets it go.
   *
   * @throws HoldfastError `CHANNEL_EXISTS` when it has such a half already: two numberings towards one inbox would each take
   * the other's messages for their own
   */
  attach(half: ChannelHalf, events: FrameCarrierEvents): () => void;
}
