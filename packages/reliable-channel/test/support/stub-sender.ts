// A sender that does what the test says, at the other end of a carrier without a network.

import { encodeData } from '@holdfast/protocol';
import type { ChannelFrame, Headers } from '@holdfast/protocol/core';
import { encodeEntry } from '@holdfast/protocol/core';
import type { ChannelHalf, FrameCarrier, FrameCarrierEvents } from '@holdfast/transport';

const EPOCH = '00000000000000aa';

/** A message of a frame. */
export interface StubMessage {
  readonly name?: string;
  readonly data?: unknown;
  readonly headers?: Headers;
  /** In place of `data`. */
  readonly bytes?: Uint8Array;
}

/** A carrier, and what came over it. */
export class StubSender implements FrameCarrier {
  readonly frames: ChannelFrame[] = [];
  readonly isUp = true;
  readonly freeBytes = 100_000;
  #events: FrameCarrierEvents | undefined;

  sendFrame(frame: ChannelFrame): void {
    this.frames.push(frame);
  }

  attach(_half: ChannelHalf, events: FrameCarrierEvents): () => void {
    this.#events = events;
    events.up();
    return () => {
      this.#events = undefined;
    };
  }

  frame(frame: ChannelFrame): void {
    this.#events?.frame(frame);
  }

  open(lanes: readonly { readonly lane: string; readonly floor: number }[] = [], epoch = EPOCH): void {
    this.frame({ type: 'open', epoch, lanes });
  }

  /** Sends messages of a lane, from number `first` on. */
  send(first: number, messages: readonly StubMessage[], { lane = '', after = first - 1 } = {}): void {
    const pieces = messages.map(({ name = 'reading', data = null, headers, bytes }) =>
      encodeEntry(name, bytes ?? Uint8Array.from(encodeData(data)), headers),
    );
    const entries = Buffer.concat(pieces);
    const count = messages.length;
    this.frame({ type: 'data', epoch: EPOCH, lane, floor: 1, after, first, attempt: 1, count, entries });
  }

  framesOf<Type extends ChannelFrame['type']>(type: Type): Extract<ChannelFrame, { type: Type }>[] {
    return this.frames.filter((frame): frame is Extract<ChannelFrame, { type: Type }> => frame.type === type);
  }

  /** The latest ack of a lane: everything up to this number. */
  ackedUpTo(lane = ''): number {
    return Math.max(0, ...this.framesOf('ack').map((frame) => (frame.lane === lane ? frame.handled.cumulative : 0)));
  }
}
