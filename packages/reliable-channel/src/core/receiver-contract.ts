// What goes into the receiving half of a channel and what comes out of it.

import type { ChannelFrame, Headers, MessageResult } from '@holdfast/protocol/core';

/** The options of a receiving half, all present and valid. */
export interface ReceiverOptions {
  /** Whose messages these are; names the records in the inbox. */
  readonly senderId: string;
  /**
   * Messages that may be in flight towards this receiver, and so the most that it ever holds, but for one of each lane that
   * holds none.
   */
  readonly creditMessages: number;
}

/** A message on its way to the handler. */
export interface ReceivedMessage {
  readonly epoch: string;
  readonly lane: string;
  readonly sequence: number;
  readonly name: string;
  readonly headers: Headers | undefined;
  /** MessagePack. */
  readonly data: Uint8Array;
  /** How often the message, or the first one sent with it, has been sent; more than 1: it may have been seen before. */
  readonly attempt: number;
}

/** What a handler answered beyond "done"; kept until the sender is known to have it. */
export type HandlerAnswer =
  /** MessagePack. */
  { readonly kind: 'reply'; readonly value: Uint8Array } | { readonly kind: 'rejected'; readonly reason: string };

/** A message that a handler is done with. */
export interface HandledMessage {
  readonly epoch: string;
  readonly lane: string;
  readonly sequence: number;
  readonly answer?: HandlerAnswer | undefined;
}

/** Results of one lane, ascending by their numbers. */
export interface LaneResults {
  readonly lane: string;
  readonly results: readonly MessageResult[];
}

/** Why the receiver does not take messages for now. */
export interface Pause {
  /** A value of `NACK_CODE`. */
  readonly code: number;
  readonly retryAfterMs: number;
  readonly reason: string;
}

/** What a receiving half is told. */
export type ReceiverInput =
  | { readonly type: 'linkUp' }
  | { readonly type: 'linkDown' }
  | { readonly type: 'frame'; readonly frame: ChannelFrame }
  /** The handler has done its work, or refuses the message for good. */
  | ({ readonly type: 'handled' } & HandledMessage)
  /** The handler could not: the message is to come again. */
  | {
      readonly type: 'failed';
      readonly epoch: string;
      readonly lane: string;
      readonly sequence: number;
      readonly pause: Pause;
    }
  /** The turn is over: what was handled in it makes one record. */
  | { readonly type: 'turnEnded' }
  /** What `beginRecord` returned is on disk. */
  | { readonly type: 'recorded' }
  /** It could not be stored. */
  | { readonly type: 'recordFailed' }
  /** From now on nothing new is taken. What waits is given back, unless `keepsWaiting` says that it will be handled. */
  | { readonly type: 'pause'; readonly pause: Pause; readonly keepsWaiting?: boolean }
  | { readonly type: 'resume' }
  /** So many messages may be in flight from now on; never above the option `creditMessages`. */
  | { readonly type: 'credit'; readonly messages: number };

/** What a receiving half wants done, or tells. */
export type ReceiverOutput =
  /** Run the handler, and answer with `handled` or `failed`. One at a time in each lane. */
  | { readonly type: 'deliver'; readonly message: ReceivedMessage }
  /**
   * There is something to record: begin a commit, call `beginRecord` when it really begins, store what that returns, and
   * answer with `recorded` or `recordFailed`. One at a time.
   */
  | { readonly type: 'record' }
  | { readonly type: 'frame'; readonly frame: ChannelFrame };
