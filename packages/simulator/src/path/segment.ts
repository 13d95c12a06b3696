// What travels on a simulated path: a piece of one direction's stream, or a word about the connection.

import type { PathDirection } from './events.js';

/**
 * `open` and `end` stand at the two ends of a stream and are acknowledged like a byte; `data` lies between. `ack` and
 * `reset` have no place in the stream.
 */
export type SegmentKind = 'open' | 'data' | 'end' | 'ack' | 'reset';

/** What can be told of a connection by those who only carry it. */
export interface SegmentConnection {
  /** The device's name. */
  readonly device: string;
  /** Counts the dials of this device, from 1. */
  readonly number: number;
}

/** One segment on its way. Every retransmission is a segment of its own. */
export interface Segment<Connection extends SegmentConnection = SegmentConnection> {
  readonly connection: Connection;
  readonly direction: PathDirection;
  readonly kind: SegmentKind;
  /** The place in the stream: the opening is 0, the first byte 1. */
  readonly sequence: number;
  /** How much of the stream it takes up: the payload's length, 1 for an opening or an end, else 0. */
  readonly length: number;
  readonly bytes: Uint8Array;
  /** Everything below this place of the opposite stream has come. 0: nothing has. */
  readonly ack: number;
  /** When it was sent, in virtual milliseconds. */
  readonly sentMs: number;
  /** When the segment was sent that brought the opposite stream as far as `ack`. */
  readonly echoMs: number;
  /** Whether it is still with the sender: not lost, and not on the first line. */
  isWithSender: boolean;
}
