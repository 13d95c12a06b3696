// How a message can end otherwise than by a plain agent ack.

/** Why a message was evicted. */
export type EvictionCause =
  /** The outbox had no room, and this message was the one to go. */
  | 'outboxFull'
  /** The store could not take it. */
  | 'storeFailed'
  /** A message of low importance that could not go out when it was sent, or whose connection was lost. */
  | 'notSendable'
  /** A newer message with the same coalesce key took its place. */
  | 'replaced'
  /** It waited longer than `outboxMaxAgeMs`. */
  | 'tooOld'
  /** Its record in the store could not be read any more. */
  | 'unreadable';

/** The end of a message that the sender settles by itself, or that the agent refused for good. */
export type GivenUp =
  /** The handler refused it for good, or its attempts are used up. */
  | { readonly status: 'rejected'; readonly reason: string }
  | { readonly status: 'expired'; readonly reason: string }
  | { readonly status: 'evicted'; readonly cause: EvictionCause; readonly reason: string }
  | { readonly status: 'cancelled'; readonly reason: string };
