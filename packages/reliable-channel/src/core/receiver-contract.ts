// What goes into the receiving half of a channel and what comes out of it.

import type { ChannelFrame } from '@holdfast/protocol/core';
import type { InboxRecord } from './inbox-record.js';

/**
 * The data of the messages that may wait in a receiver, in bytes: four times what a sender has in flight unless told
 * otherwise. The message that goes beyond is still taken.
 */
export const WAITING_MAX_BYTES = 4 * 1024 * 1024;

/** The options of a receiving half, all present and valid. */
export interface ReceiverOptions {
  /** Messages that may be in flight towards this receiver, and so the most that it ever holds. */
  readonly creditMessages: number;
}

/** A message on its way to the handler. */
export interface ReceivedMessage {
  readonly epoch: string;
  readonly sequence: number;
  readonly lane: string;
  readonly name: string;
  /** MessagePack. */
  readonly data: Uint8Array;
  /** How often the message, or the first one sent with it, has been sent; more than 1: it may have been seen before. */
  readonly attempt: number;
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
  /** The handler has done its work. */
  | { readonly type: 'handled'; readonly epoch: string; readonly sequence: number }
  /** The handler could not: the message is to come again. */
  | { readonly type: 'failed'; readonly epoch: string; readonly sequence: number; readonly pause: Pause }
  /** The turn is over: what was handled in it makes one record. */
  | { readonly type: 'turnEnded' }
  /** The last `record` is on disk. */
  | { readonly type: 'recorded' }
  /** It could not be stored. */
  | { readonly type: 'recordFailed' }
  /** From now on nothing new is taken. What waits is given back, unless `keepsWaiting` says that it will be handled. */
  | { readonly type: 'pause'; readonly pause: Pause; readonly keepsWaiting?: boolean }
  | { readonly type: 'resume' };

/** What a receiving half wants done, or tells. */
export type ReceiverOutput =
  /** Run the handler, and answer with `handled` or `failed`. One at a time in each lane. */
  | { readonly type: 'deliver'; readonly message: ReceivedMessage }
  /** Store this, and answer with `recorded` or `recordFailed`. One at a time. */
  | { readonly type: 'record'; readonly record: InboxRecord }
  | { readonly type: 'frame'; readonly frame: ChannelFrame };
