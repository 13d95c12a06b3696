// Which links, buffers and messages the policies are measured with.

/** One combination. */
export interface Cell {
  readonly roundTripMs: number;
  readonly messageBytes: number;
  readonly sendBufferBytes: number;
  /** Infinity: unlimited. */
  readonly bytesPerSecond: number;
}

/** How a sender waits. */
export type PolicyName = 'wait-til-sent' | 'wait-for-ack' | 'wait-for-ack-8' | 'reliable';

/** All policies, in the order of the table. */
export const POLICIES: readonly PolicyName[] = ['wait-til-sent', 'wait-for-ack', 'wait-for-ack-8', 'reliable'];

/** Sends of WAIT_FOR_ACK that are outstanding at a time, by policy. */
export const OUTSTANDING: Readonly<Record<'wait-for-ack' | 'wait-for-ack-8', number>> = {
  'wait-for-ack': 1,
  'wait-for-ack-8': 8,
};

const BITS_PER_BYTE = 8;
const ROUND_TRIPS_MS = [0, 1, 20, 100, 300];
const MESSAGE_BYTES = [64, 512, 4_096];
const SEND_BUFFER_BYTES = [3_456, 30_720, 1_048_576];
const BYTES_PER_SECOND = [Number.POSITIVE_INFINITY, 1_000_000 / BITS_PER_BYTE, 100_000 / BITS_PER_BYTE];

/** Every combination that takes any time at all; with `isQuick`, the 512-byte messages and the smaller buffers. */
export function gridCells(isQuick: boolean): Cell[] {
  const cells: Cell[] = [];
  for (const bytesPerSecond of BYTES_PER_SECOND) {
    for (const sendBufferBytes of isQuick ? SEND_BUFFER_BYTES.slice(0, 2) : SEND_BUFFER_BYTES) {
      for (const messageBytes of isQuick ? MESSAGE_BYTES.slice(1, 2) : MESSAGE_BYTES) {
        for (const roundTripMs of ROUND_TRIPS_MS) {
          // In virtual time computing takes none: without a round trip and without a bandwidth nothing would.
          if (roundTripMs > 0 || Number.isFinite(bytesPerSecond)) {
            cells.push({ roundTripMs, messageBytes, sendBufferBytes, bytesPerSecond });
          }
        }
      }
    }
  }
  return cells;
}
