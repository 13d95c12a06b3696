// What a sending half tells its observers, and what it counts.

import type { EvictionCause, SenderState } from './core/index.js';
import type { Outcome } from './delivery.js';

/** Messages `first` to `last` of a lane. */
interface Messages {
  readonly lane: string;
  readonly first: number;
  readonly last: number;
}

/** What a channel tells its observers. */
export type ChannelEvent =
  /** These are on disk. */
  | ({ readonly type: 'stored' } & Messages)
  /** These have been handled by the agent. */
  | ({ readonly type: 'acknowledged' } & Messages)
  /** These are over without that. */
  | ({ readonly type: 'givenUp'; readonly outcome: Extract<Outcome, { readonly attempts: number }> } & Messages)
  /** Where the channel stands with the agent has changed. */
  | { readonly type: 'stateChanged'; readonly state: SenderState }
  /** The store could not do what was asked; the channel goes on and tries again. */
  | { readonly type: 'storeProblem'; readonly detail: string }
  /** A handler of this end threw or rejected; the message comes again. */
  | { readonly type: 'handlerFailed'; readonly name: string; readonly error: unknown }
  /** A handler's reply could not be sent; its message counts as handled without one. */
  | { readonly type: 'replyDropped'; readonly name: string; readonly detail: string }
  /** The data of a message from the other end makes no sense; it was refused for good. */
  | { readonly type: 'dataRefused'; readonly name: string; readonly detail: string }
  /**
   * A record of the store can not be read; it was set aside, and the rest is used. Where it was a batch of messages, these are
   * not sent any more. What was found while the channel was opened is told in the next turn of the event loop.
   */
  | { readonly type: 'recordQuarantined'; readonly key: string; readonly detail: string };

/** Where a sending half stands. */
export interface SendingStats {
  readonly state: SenderState;
  /**
   * The number that the next message of the lane `''` gets; the first message of an outbox is 1. After a crash it tells a
   * producer of critical messages where to go on: everything below was stored, unless its delivery said otherwise, and
   * everything else was not.
   */
  readonly nextSequence: number;
  /** Messages that are not settled, in memory or in the store. */
  readonly outboxMessages: number;
  readonly outboxBytes: number;
  /** How long the oldest message in memory has waited, in milliseconds; 0: none waits. */
  readonly oldestAgeMs: number;
  /** The lanes that have ever been used. */
  readonly lanes: readonly LaneStats[];
  /** Messages sent and not acknowledged. */
  readonly inFlightMessages: number;
  /** The smoothed time from sending to the agent ack, in milliseconds. */
  readonly roundTripMs: number | undefined;
  readonly deadLetters: number;
  readonly deadLetterBytes: number;
  /** Since the channel was opened: */
  readonly acceptedMessages: number;
  /** Messages sent, those sent again included. */
  readonly attempts: number;
  readonly acknowledgedMessages: number;
  readonly rejectedMessages: number;
  readonly expiredMessages: number;
  readonly cancelledMessages: number;
  /** Of all causes together. */
  readonly evictedMessages: number;
  readonly evictedBy: Readonly<Record<EvictionCause, number>>;
  /** Dead letters that made room for others. */
  readonly droppedDeadLetters: number;
}

/** Where a channel stands. */
export interface ChannelStats extends SendingStats {
  /** Records of the store that could not be read. */
  readonly quarantinedRecords: number;
}

/** Where one lane stands. */
export interface LaneStats {
  readonly lane: string;
  /** The number that its next message gets. */
  readonly nextSequence: number;
  /** Messages of it that are not settled. */
  readonly messages: number;
}
