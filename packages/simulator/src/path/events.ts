// What an observer of a simulated path is told: one event for every step of every segment, and for the life of connections.

/** The stages between a device's send buffer and the agent, in the order of the way up. */
export type StageName = 'chip' | 'accessPoint' | 'router' | 'server';

/** `up`: from the device to the server. */
export type PathDirection = 'up' | 'down';

/**
 * What happened. `entered` and `left`: a segment came to a stage or left it. `lost`: it will not come any further.
 * `retransmitted`: a sender sends it again, over the radio or from end to end. `delivered`: bytes went to the program at
 * that end. `opened`, `closed`, `reset`: that end of the connection.
 */
export type PathEventKind = 'entered' | 'left' | 'lost' | 'retransmitted' | 'delivered' | 'opened' | 'closed' | 'reset';

/** One step on the path. */
export interface PathEvent {
  /** In virtual milliseconds. Events come in the order of time. */
  readonly atMs: number;
  /** The device's name. */
  readonly device: string;
  /** Counts the dials of this device, from 1. */
  readonly connection: number;
  readonly direction: PathDirection;
  readonly stage: StageName;
  readonly what: PathEventKind;
  /** Of payload; 0 for segments that open, acknowledge or end. */
  readonly bytes: number;
  /** The place of the first byte in its direction's stream. */
  readonly offset: number;
  /** Which of the device's segments, so that its way can be followed; counts from 1. Absent where an end tells, not a stage. */
  readonly segment?: number;
  /** One line for people: the kind of a segment without payload, or why it was lost. */
  readonly detail?: string;
}
