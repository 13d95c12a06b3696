// What is recorded of one run: events from the program, the send buffer, the path, the server and the agent, in the order
// in which they happened. The picture knows nothing else.

import type { SendCode } from '@holdfast/transport';
import type { PathEvent } from '../path/events.js';
import type { Outcome, OutcomeFault } from './outcome.js';

/** Something that happened. `atMs` is in virtual milliseconds from the beginning of the recording. */
export type OutcomeEvent = { readonly atMs: number } & OutcomeHappening;

/** What can happen. `message` is the number that the program gave its message; one that is sent again keeps it. */
export type OutcomeHappening =
  /** The program calls `send` with so many bytes of data. `call` counts the calls, from 1. */
  | { readonly type: 'called'; readonly call: number; readonly message: number; readonly dataBytes: number }
  /** That call returns. */
  | { readonly type: 'returned'; readonly call: number; readonly message: number; readonly code: SendCode }
  /** SUSPEND_ON_ERROR: the program is halted, and goes on again. */
  | { readonly type: 'suspended' }
  | { readonly type: 'resumed' }
  /** The device's connection to the server. */
  | { readonly type: 'connected' }
  | { readonly type: 'disconnected'; readonly detail: string }
  /** The send buffer's fill has changed. */
  | { readonly type: 'filled'; readonly usedBytes: number }
  /** The WiFi chip has taken a packet out of it. */
  | { readonly type: 'taken'; readonly bytes: number }
  /** The server ack came back to the device: so many messages of this connection have been received. */
  | { readonly type: 'serverAckCame'; readonly count: number }
  /** The last byte of a message is at the server. */
  | { readonly type: 'received'; readonly message: number }
  | { readonly type: 'serverAckSent'; readonly count: number }
  /** The agent's handler has done its work. */
  | { readonly type: 'handled'; readonly message: number }
  /** The agent lost a message that the server had acknowledged, or was about to. */
  | { readonly type: 'dropped'; readonly message: number; readonly reason: string }
  | { readonly type: 'faultBegan'; readonly fault: OutcomeFault }
  /** A step of a segment on its way, or of the life of a connection's end. */
  | { readonly type: 'path'; readonly step: PathEvent };

/** One run of an outcome. */
export interface OutcomeRecording {
  readonly outcome: Outcome;
  /** In the order in which they happened; of one instant, too. */
  readonly events: readonly OutcomeEvent[];
  /** The send buffer's size, in bytes. */
  readonly capacityBytes: number;
  /** How long the recording is, in milliseconds. */
  readonly lengthMs: number;
}

/** The events of one type. */
export function eventsOf<Type extends OutcomeEvent['type']>(
  recording: OutcomeRecording,
  type: Type,
): Extract<OutcomeEvent, { readonly type: Type }>[] {
  return recording.events.filter((event): event is Extract<OutcomeEvent, { readonly type: Type }> => {
    return event.type === type;
  });
}
