// What the tabs of a shared channel tell each other. One of them leads: it has the outbox. All hear everything; each message
// says for whom it is. None about a message is repeated: between tabs that live nothing is lost, and when the leader changes, or a
// tab stood still, everything that is open is said anew.

import type { MarkedRun, Run } from '../core/index.js';
import type { Outcome } from '../delivery.js';
import type { SendOptions } from '../send-options.js';

/** What can be asked for a message of a shared channel. All of them are stored before they are sent. */
export type SharedSendOptions = Omit<SendOptions, 'importance'>;

/** A message on its way to the leader. */
export interface HandedMessage {
  /** Counts from 1 in each tab. */
  readonly n: number;
  readonly name: string;
  /** Encoded. */
  readonly data: Uint8Array;
  readonly options: SharedSendOptions | undefined;
}

/** How messages ended. */
export interface HandedEnd {
  readonly outcome: Outcome;
  /** As it came over the wire. */
  readonly reply?: Uint8Array;
  /** Of the error, when they were never taken. */
  readonly code?: string;
}

/** What has become of a tab's messages. */
export type TabNews =
  | ({ readonly type: 'stored' } & MarkedRun)
  | ({ readonly type: 'over'; readonly end: HandedEnd } & Run);

/** What a tab says to the leader. `life` names the leader that is meant; another one does not listen. */
export type ToLeader =
  /** Is there one? */
  | { readonly type: 'who' }
  /** Its first word to a new leader: the messages whose end it waits for, and again all those that it does not know stored. */
  | {
      readonly type: 'join';
      readonly life: string;
      readonly tab: string;
      readonly waiting: readonly Run[];
      readonly messages: readonly HandedMessage[];
    }
  | {
      readonly type: 'hand';
      readonly life: string;
      readonly tab: string;
      readonly messages: readonly HandedMessage[];
    }
  /** It knows how these ended; nobody has to keep that for it. */
  | { readonly type: 'known'; readonly tab: string; readonly runs: readonly Run[] };

/** What the tabs of a shared channel tell each other. */
export type BusMessage =
  | { readonly to: 'leader'; readonly message: ToLeader }
  /** There is a leader, and this is its name. */
  | { readonly to: 'all'; readonly life: string }
  /** Does the one live that holds the lock of those who lead? */
  | { readonly to: 'holder' }
  /** It does, and has not opened the channel yet. */
  | { readonly to: 'waiting' }
  | { readonly to: 'tab'; readonly tab: string; readonly news: readonly TabNews[] };
