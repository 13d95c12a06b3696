// What goes into the sending half of a channel and what comes out of it.

import type { BackoffOptions, ChannelFrame, RoundTripOptions } from '@holdfast/protocol/core';
import type { OutboxOptions } from './outbox.js';
import type { BatchRecord } from './outbox-record.js';
import type { Run } from './settled-numbers.js';
import type { StoreOperation } from './store-operation.js';

/** The options of a sending half, all present and valid. */
export interface SenderOptions extends OutboxOptions {
  /** Messages that may be sent and not acknowledged. The agent's credit can make it less. */
  readonly windowMaxMessages: number;
  /** The same in bytes. */
  readonly windowMaxBytes: number;
  /** A data frame is closed at this size; one message may be larger. */
  readonly dataFrameMaxBytes: number;
  readonly ackTimeout: RoundTripOptions;
  /** The waits before a message that the agent did not take is sent again. */
  readonly retryBackoff: BackoffOptions;
  /** How long settled records may stay in the store when no other commit takes them along. */
  readonly deleteDelayMs: number;
}

/** What a sending half is told. */
export type SenderInput =
  /** One message, encoded; it gets the number that `nextSequence` said before. */
  | { readonly type: 'send'; readonly entry: Uint8Array }
  /** The turn is over: what was sent in it makes one commit. */
  | { readonly type: 'turnEnded' }
  | { readonly type: 'committed' }
  | { readonly type: 'commitFailed'; readonly detail: string }
  /** The batches asked for by `load`, ascending; none: the store has no more up to `upTo`. */
  | { readonly type: 'loaded'; readonly batches: readonly BatchRecord[]; readonly upTo: number }
  | { readonly type: 'loadFailed' }
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
  /** Read batches from number `from` on, up to about `maxBytes`, and answer with `loaded` or `loadFailed`. */
  | { readonly type: 'load'; readonly from: number; readonly upTo: number; readonly maxBytes: number }
  | { readonly type: 'frame'; readonly frame: ChannelFrame }
  /** These are on disk. */
  | { readonly type: 'stored'; readonly run: Run }
  /** These could not be stored and will never be sent. */
  | { readonly type: 'storeFailed'; readonly run: Run; readonly detail: string }
  /** The agent has handled these. */
  | { readonly type: 'acknowledged'; readonly run: Run };

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
