// What to expect of a policy in a cell.

import { frameBytes, type LinkShape, outstandingMessagesPerSecond, streamMessagesPerSecond } from './closed-form.js';
import { type Cell, OUTSTANDING, type PolicyName } from './grid.js';
import { MESSAGE_NAME } from './senders.js';

/** The segment of the simulated path, and the packet of the transport. */
const PACKET_BYTES = 576;

/** Messages per second by the closed form. That of the reliable channel is that of WAIT_TIL_SENT, its best case. */
export function expectedMessagesPerSecond(cell: Cell, policy: PolicyName): number {
  const { roundTripMs, bytesPerSecond, sendBufferBytes: bufferBytes, messageBytes } = cell;
  const link: LinkShape = { roundTripMs, bytesPerSecond, bufferBytes, packetBytes: PACKET_BYTES };
  const bytes = frameBytes(MESSAGE_NAME.length, messageBytes);
  if (policy === 'wait-til-sent' || policy === 'reliable') return streamMessagesPerSecond(link, bytes);
  return outstandingMessagesPerSecond(link, bytes, OUTSTANDING[policy]);
}
