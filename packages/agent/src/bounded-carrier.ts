// What the agent tells a device that does not read. Every frame of a device can ask for an answer, and the answers to one
// that sends and never reads would pile up here without end. Of the acks of a lane only the latest is kept, for it says all
// that earlier ones said; a device that lets much more than that pile up is let go.

import type { ChannelFrame } from '@holdfast/protocol/core';
import type { ChannelHalf, FrameCarrier, FrameCarrierEvents } from '@holdfast/transport';

/** Frames that wait for a device to read. One that works as it should needs a handful, and an ack for each of its lanes. */
export const UNREAD_FRAMES_MAX = 1_024;

/** Bytes of the results among them: all that the inbox keeps for one sender, four times. */
export const UNREAD_RESULTS_MAX_BYTES = 4 * 1024 * 1024;

/** A carrier that holds frames back while the one below has no room, and not more than the limits. */
export class BoundedCarrier implements FrameCarrier {
  readonly #carrier: FrameCarrier;
  readonly #onOverflow: () => void;
  #held: ChannelFrame[] = [];
  #heldResultBytes = 0;

  /** @param onOverflow - too many frames wait; the connection is to be closed */
  constructor(carrier: FrameCarrier, onOverflow: () => void) {
    this.#carrier = carrier;
    this.#onOverflow = onOverflow;
  }

  get isUp(): boolean {
    return this.#carrier.isUp;
  }

  get freeBytes(): number {
    return this.#held.length > 0 ? 0 : this.#carrier.freeBytes;
  }

  /** Frames that are held back. */
  get heldCount(): number {
    return this.#held.length;
  }

  sendFrame(frame: ChannelFrame): void {
    if (!this.#carrier.isUp) return;
    if (this.freeBytes > 0) {
      this.#carrier.sendFrame(frame);
      return;
    }
    if (frame.type === 'ack' || frame.type === 'opened') {
      this.#held = this.#held.filter((held) => !isOutdatedBy(held, frame));
    }
    this.#held.push(frame);
    this.#heldResultBytes += resultBytes(frame);
    if (this.#held.length <= UNREAD_FRAMES_MAX && this.#heldResultBytes <= UNREAD_RESULTS_MAX_BYTES) return;
    this.#drop();
    this.#onOverflow();
  }

  attach(half: ChannelHalf, events: FrameCarrierEvents): () => void {
    return this.#carrier.attach(half, {
      up: () => events.up(),
      down: () => {
        this.#drop();
        events.down();
      },
      writable: () => {
        this.#release();
        if (this.#held.length === 0) events.writable();
      },
      frame: (frame) => events.frame(frame),
    });
  }

  #release(): void {
    while (this.#carrier.freeBytes > 0) {
      const frame = this.#held.shift();
      if (frame === undefined) return;
      this.#heldResultBytes -= resultBytes(frame);
      this.#carrier.sendFrame(frame);
    }
  }

  #drop(): void {
    this.#held = [];
    this.#heldResultBytes = 0;
  }
}

/** Whether `frame` says everything that a frame before it said. */
function isOutdatedBy(held: ChannelFrame, frame: ChannelFrame): boolean {
  if (held.type === 'ack' && frame.type === 'ack') return held.lane === frame.lane;
  return held.type === 'opened' && frame.type === 'opened';
}

function resultBytes(frame: ChannelFrame): number {
  if (frame.type !== 'results') return 0;
  return frame.results.reduce((sum, each) => sum + (each.kind === 'reply' ? each.value.length : each.reason.length), 0);
}
