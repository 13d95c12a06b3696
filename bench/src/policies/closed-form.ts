// What arithmetic says a link can carry under each policy. docs/throughput.md derives these and says where they hold.

/** A link as the formulas see it. */
export interface LinkShape {
  /** Of a packet of no length, in milliseconds; the time to put bytes on the line comes on top. */
  readonly roundTripMs: number;
  /** Of the slowest part; Infinity: unlimited. */
  readonly bytesPerSecond: number;
  /** What the link keeps until it is acknowledged, in bytes. */
  readonly bufferBytes: number;
  /** What is put on the line and acknowledged as one, in bytes. */
  readonly packetBytes: number;
}

/** Length, type and the count of the name; docs/protocol.md has the frame. */
const FRAME_FIELDS_BYTES = 4 + 1 + 1;
/** Length, type, and a count of up to two bytes. */
const SERVER_ACK_BYTES = 4 + 1 + 2;

/** A plain message on the wire: frame, name, and a `Uint8Array` of `dataBytes` as MessagePack. */
export function frameBytes(nameBytes: number, dataBytes: number): number {
  const binaryHeaderBytes = dataBytes < 2 ** 8 ? 2 : dataBytes < 2 ** 16 ? 3 : 5;
  return FRAME_FIELDS_BYTES + nameBytes + binaryHeaderBytes + dataBytes;
}

/**
 * Bytes per second when the sender never waits: what the line carries, or a buffer for every round trip of a packet,
 * whichever is less.
 */
export function streamBytesPerSecond({ roundTripMs, bytesPerSecond, bufferBytes, packetBytes }: LinkShape): number {
  const packetRoundTripMs = roundTripMs + (packetBytes * 1_000) / bytesPerSecond;
  return Math.min(bytesPerSecond, (bufferBytes * 1_000) / packetRoundTripMs);
}

/** Messages per second when the sender never waits: WAIT_TIL_SENT, and the reliable channel. */
export function streamMessagesPerSecond(link: LinkShape, messageBytes: number): number {
  return streamBytesPerSecond(link) / messageBytes;
}

/**
 * Messages per second when each waits for the acknowledgement of the one before: a round trip, and the time on the line for
 * the message and for its acknowledgement. A message that is larger than the buffer waits, whenever the buffer is full, until
 * the first packet in it has been acknowledged.
 */
export function stopAndWaitMessagesPerSecond(link: LinkShape, messageBytes: number): number {
  const { roundTripMs, bytesPerSecond, bufferBytes, packetBytes } = link;
  const lineMs = (bytes: number): number => (bytes * 1_000) / bytesPerSecond;
  const fullBuffers = Math.floor((messageBytes - 1) / bufferBytes);
  const waitingMs =
    fullBuffers * (roundTripMs + lineMs(packetBytes)) + lineMs(messageBytes - fullBuffers * bufferBytes);
  return 1_000 / (roundTripMs + Math.max(lineMs(messageBytes), waitingMs) + lineMs(SERVER_ACK_BYTES));
}

/**
 * The same with `outstanding` of them on their way: so many times faster, until buffer or line are full. Of the buffer, whole
 * messages count: the part of one that goes ahead alone is of no use until the rest follows.
 */
export function outstandingMessagesPerSecond(link: LinkShape, messageBytes: number, outstanding: number): number {
  const waiting = outstanding * stopAndWaitMessagesPerSecond(link, messageBytes);
  const whole = Math.max(1, Math.floor(link.bufferBytes / messageBytes)) * messageBytes;
  const bufferBytes = Math.min(link.bufferBytes, whole);
  return Math.min(waiting, streamMessagesPerSecond({ ...link, bufferBytes }, messageBytes));
}

/** The buffer that keeps a line busy, in bytes: what it carries in a round trip. */
export function bufferBytesFor(roundTripMs: number, bytesPerSecond: number): number {
  return (bytesPerSecond * roundTripMs) / 1_000;
}

/**
 * The round trip from which on stop-and-wait has less than half the throughput of the line, in milliseconds: when waiting
 * takes longer than sending.
 */
export function halfThroughputRoundTripMs(messageBytes: number, bytesPerSecond: number): number {
  return (messageBytes * 1_000) / bytesPerSecond;
}
