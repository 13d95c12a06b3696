// What goes into the sending half of a channel and what comes out of it.

import type { BackoffOptions, ChannelFrame, RoundTripOptions } from '@holdfast/protocol/core';
import type { Importance, MessageTraits } from './message-traits.js';
import type { LaneRun, OutboxOptions } from './outbox-contract.js';
import type { GivenUp } from './outcome.js';
import type { LoadedRecords, LoadRequest } from './storage-schedule.js';
import type { StoreOperation } from './store-operation.js';

/** The options of a sending half, all present and valid. */
export interface SenderOptions extends OutboxOptions {
  /** Messages that may be sent and not acknowledged. The agent's credit can make it less. */
  readonly windowMaxMessages: number;
  /** The same in bytes. */
  readonly windowMaxBytes: number;
  /** A data frame is closed at this size; one message may be larger. */
  readonly dataFrameMaxBytes: number;
  /** The lanes' priorities; higher goes first; a lane that is missing has 0. */
  readonly lanePriorities: ReadonlyMap<string, number>;
  readonly ackTimeout: RoundTripOptions;
  /** The waits before a message that the agent did not take is sent again. */
  readonly retryBackoff: BackoffOptions;
  /** So often may its handler refuse a message before it is a dead letter; may be infinite. */
  readonly maxAttempts: number;
  /** How long settled records may stay in the store when no other commit takes them along. */
  readonly deleteDelayMs: number;
}

/** One message for a sending half, encoded. */
export interface OutgoingMessage {
  readonly lane: string;
  /** Copied when the message is taken; then the bytes are the caller's again. */
  readonly entry: Uint8Array;
  readonly importance: Importance;
  readonly traits: MessageTraits;
}

/** What a sending half is told. */
export type SenderInput =
  /** One message; it gets the number that `nextSequence` said before. `refusalOf` has said that it can be taken. */
  | { readonly type: 'send'; readonly message: OutgoingMessage }
  /** The turn is over: what was sent in it makes one commit. */
  | { readonly type: 'turnEnded' }
  /** The caller does not want this message to be sent any more; what is in flight is not called back. */
  | { readonly type: 'cancel'; readonly lane: string; readonly sequence: number }
  /** Nobody wants this dead letter. */
  | { readonly type: 'discardDeadLetter'; readonly id: number }
  | { readonly type: 'committed' }
  | { readonly type: 'commitFailed'; readonly detail: string }
  /** The batches asked for by `load`. */
  | ({ readonly type: 'loaded' } & LoadedRecords)
  | { readonly type: 'loadFailed'; readonly lane: string }
  | { readonly type: 'linkUp' }
  | { readonly type: 'linkDown' }
  /** How many bytes the send buffer takes now. */
  | { readonly type: 'room'; readonly bytes: number }
  /** A frame from the receiving half. */
  | { readonly type: 'frame'; readonly frame: ChannelFrame }
  /** No more sending; what is settled is deleted at once. */
  | { readonly type: 'close' };

/** What a sending half wants done, or tells. */
export type SenderOutput =
  /** Commit these, all or nothing, and answer with `committed` or `commitFailed`. */
  | { readonly type: 'commit'; readonly operations: readonly StoreOperation[] }
  /** Read these, and answer with `loaded` or `loadFailed`. */
  | ({ readonly type: 'load' } & LoadRequest)
  | { readonly type: 'frame'; readonly frame: ChannelFrame }
  /** These are on disk. */
  | ({ readonly type: 'stored' } & LaneRun)
  /** The agent has handled these. */
  | ({ readonly type: 'acknowledged' } & LaneRun)
  /** The agent has handled this one, and its handler answered. MessagePack. */
  | { readonly type: 'replied'; readonly lane: string; readonly sequence: number; readonly value: Uint8Array }
  /** These are over without having been handled, or the agent refused them for good. */
  | ({ readonly type: 'givenUp'; readonly outcome: GivenUp; readonly attempts: number } & LaneRun);

/** Why a message can not be taken now. */
export type Refused =
  /** The outbox is full. */
  | 'outboxFull'
  /** It may not be stored, and can not go out now. */
  | 'notSendable';

/** Where a sending half stands with its receiver. */
export type SenderState =
  /** No connection. */
  | 'down'
  /** The receiver has been told the epoch; its answer is awaited. */
  | 'opening'
  /** Data flows. */
  | 'open'
  /** Nothing is sent any more. */
  | 'closed';
