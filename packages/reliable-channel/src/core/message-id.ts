// The name of a message for good: the same on both ends, across restarts, however often it is sent.

/** The id of message `sequence` of a lane, in one life of the sender's store. */
export function messageId(epoch: string, lane: string, sequence: number): string {
  return `${epoch}-${lane}-${sequence}`;
}
