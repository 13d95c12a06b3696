// Everything that comes in on one connection: the bytes become frames, and each frame a step that the connection takes.
// Until this end is connected only the handshake is spoken, in small frames; handshake.ts says what those mean.

import {
  FRAME_MAX_BYTES,
  type Frame,
  FrameDecoder,
  HANDSHAKE_FRAME_MAX_BYTES,
  isChannelFrame,
  ProtocolError,
} from '@holdfast/protocol/core';
import type { ConnectionOptions } from './contract.js';
import { Handshake, type HandshakeStep } from './handshake.js';

/** What a frame asks of the connection that gets it. */
export type IncomingStep =
  /** `tell` has messages and channel frames here. */
  | HandshakeStep
  /** Send this control frame. */
  | { readonly type: 'say'; readonly frame: Frame }
  /** The other end has received so many message frames. */
  | { readonly type: 'acknowledged'; readonly count: number }
  | { readonly type: 'nothing' };

/** The incoming half of one connection. */
export class Incoming {
  readonly handshake: Handshake;
  readonly #decoder = new FrameDecoder(HANDSHAKE_FRAME_MAX_BYTES);
  #isConnected = false;
  /** Message frames received since the welcome, as the server ack counts them. */
  #receivedCount = 0;
  /** What the latest server ack said. */
  #acknowledgedCount = 0;

  constructor(options: ConnectionOptions) {
    this.handshake = new Handshake(options);
  }

  /** The handshake is over: every frame may come, up to the largest. */
  onConnected(): void {
    this.#isConnected = true;
    this.#decoder.setFrameMaxBytes(FRAME_MAX_BYTES);
  }

  /** Takes bytes from the link; they must not change any more. */
  push(bytes: Uint8Array): void {
    this.#decoder.push(bytes);
  }

  /** The next step, or `undefined` when more bytes are needed. Nothing comes behind `over` and `wrong`. */
  next(): IncomingStep | undefined {
    const frame = this.#decoder.next();
    if (frame === undefined) return undefined;
    if (frame instanceof ProtocolError) return { type: 'wrong', error: frame };
    return this.#isConnected ? this.#onFrame(frame) : this.handshake.onFrame(frame);
  }

  /**
   * The server ack that is due, if messages have come since the last one. One for all messages of one piece of the stream:
   * acks cost next to nothing when messages come fast.
   */
  takeServerAck(): Frame | undefined {
    if (this.#receivedCount === this.#acknowledgedCount) return undefined;
    this.#acknowledgedCount = this.#receivedCount;
    return { type: 'serverAck', count: this.#receivedCount };
  }

  #onFrame(frame: Frame): IncomingStep {
    if (isChannelFrame(frame)) return { type: 'tell', output: { type: 'channelFrame', frame } };
    switch (frame.type) {
      case 'message':
        this.#receivedCount += 1;
        return { type: 'tell', output: frame };
      case 'serverAck':
        return { type: 'acknowledged', count: frame.count };
      case 'ping':
        return { type: 'say', frame: { type: 'pong', nonce: frame.nonce } };
      case 'pong':
        return { type: 'nothing' };
      case 'close':
        return { type: 'over', cause: { kind: 'closedByPeer', detail: frame.reason, code: frame.code } };
      default: {
        const message = `a ${frame.type} frame does not belong behind the handshake`;
        return { type: 'wrong', error: new ProtocolError('FRAME_UNEXPECTED', message) };
      }
    }
  }
}
