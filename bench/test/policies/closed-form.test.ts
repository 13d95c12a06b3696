import { describe, expect, test } from 'vitest';
import {
  bufferBytesFor,
  frameBytes,
  halfThroughputRoundTripMs,
  type LinkShape,
  outstandingMessagesPerSecond,
  stopAndWaitMessagesPerSecond,
  streamBytesPerSecond,
  streamMessagesPerSecond,
} from '../../src/policies/closed-form.js';

const FAST: LinkShape = {
  roundTripMs: 100,
  bytesPerSecond: Number.POSITIVE_INFINITY,
  bufferBytes: 3_456,
  packetBytes: 576,
};

test.each([
  // Four bytes of length, the type, the count of the name, seven bytes of name; MessagePack counts with 1, 2 or 4 bytes.
  [64, 4 + 1 + 1 + 7 + 2 + 64],
  [512, 4 + 1 + 1 + 7 + 3 + 512],
  [65_536, 4 + 1 + 1 + 7 + 5 + 65_536],
])('a frame around %d bytes has %d', (dataBytes, bytes) => {
  expect(frameBytes(7, dataBytes)).toBe(bytes);
});

describe('a stream', () => {
  test('carries a buffer for each round trip', () => {
    expect(streamBytesPerSecond(FAST)).toBe(34_560);
    expect(streamMessagesPerSecond(FAST, 576)).toBe(60);
  });

  test('carries no more than the line', () => {
    expect(streamBytesPerSecond({ ...FAST, bytesPerSecond: 12_500, bufferBytes: 1_048_576 })).toBe(12_500);
  });

  test('waits for a packet to get onto a slow line before it can be acknowledged', () => {
    // 576 bytes take 46.08 ms.
    const slow = { ...FAST, roundTripMs: 300, bytesPerSecond: 12_500 };
    expect(streamBytesPerSecond(slow)).toBeCloseTo(3_456_000 / 346.08, 6);
  });

  test('without round trip is as fast as the line', () => {
    expect(streamBytesPerSecond({ ...FAST, roundTripMs: 0, bytesPerSecond: 12_500 })).toBe(12_500);
  });
});

describe('stop and wait', () => {
  test('is one message a round trip', () => {
    expect(stopAndWaitMessagesPerSecond(FAST, 528)).toBe(10);
  });

  test('takes the time on the line as well, for the message and for seven bytes of acknowledgement', () => {
    expect(stopAndWaitMessagesPerSecond({ ...FAST, bytesPerSecond: 12_500 }, 500)).toBeCloseTo(1_000 / 140.56, 6);
  });

  test.each([
    [3_456, 10],
    [3_457, 5],
    [6_912, 5],
    [6_913, 10 / 3],
  ])('waits again whenever a message of %d bytes fills the buffer: %d messages/s', (bytes, perSecond) => {
    expect(stopAndWaitMessagesPerSecond(FAST, bytes)).toBeCloseTo(perSecond, 9);
  });

  test('has half the throughput of the line when waiting takes as long as sending', () => {
    const bytesPerSecond = 12_500;
    const roundTripMs = halfThroughputRoundTripMs(500, bytesPerSecond);
    expect(roundTripMs).toBe(40);
    const half = stopAndWaitMessagesPerSecond({ ...FAST, roundTripMs, bytesPerSecond, bufferBytes: 30_720 }, 500);
    // But for the bytes of the acknowledgement.
    expect((half * 500) / bytesPerSecond).toBeCloseTo(0.5, 2);
  });
});

describe('several outstanding', () => {
  test('are so many times faster than one', () => {
    expect(outstandingMessagesPerSecond({ ...FAST, bufferBytes: 30_720 }, 528, 8)).toBe(80);
  });

  test('are held up by the buffer, of which whole messages count', () => {
    expect(outstandingMessagesPerSecond(FAST, 528, 8)).toBe(60);
  });

  test('one of them is stop and wait, also when it is larger than the buffer', () => {
    expect(outstandingMessagesPerSecond(FAST, 528, 1)).toBe(stopAndWaitMessagesPerSecond(FAST, 528));
    expect(outstandingMessagesPerSecond(FAST, 4_113, 1)).toBe(5);
  });
});

test('the buffer for a link is what the line carries in a round trip', () => {
  expect(bufferBytesFor(100, 125_000)).toBe(12_500);
});
