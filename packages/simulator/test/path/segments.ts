// Segments for the tests of those who carry them.

import type { Segment, SegmentConnection, SegmentKind } from '../../src/path/segment.js';

/** A segment of a device's connection, with so many bytes of payload. */
export function segmentOf(about: {
  kind?: SegmentKind;
  sequence?: number;
  bytes?: number;
  device?: string;
  connection?: SegmentConnection;
}): Segment {
  const { kind = 'data', sequence = 1, bytes = 0, device = 'press-7' } = about;
  return {
    connection: about.connection ?? { device, number: 1 },
    direction: 'up',
    ...{ kind, sequence, length: Math.max(1, bytes), bytes: new Uint8Array(bytes) },
    ...{ ack: 0, sentMs: 0, echoMs: 0, isWithSender: true },
  };
}
