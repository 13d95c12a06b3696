// What an agent tells its observers, and what it counts.

import type { ChannelEvent } from '@holdfast/reliable-channel';
import type { DropReason } from './core/index.js';
import type { RetryReason } from './reliable-messages.js';

/** What an agent tells its observers. */
export type AgentEvent =
  | { readonly type: 'deviceConnected'; readonly device: string; readonly peer: string }
  | { readonly type: 'deviceDisconnected'; readonly device: string; readonly detail: string }
  /** A newer connection has taken a device's id; the older one has been told and closed. */
  | { readonly type: 'deviceReplaced'; readonly device: string; readonly peer: string }
  | { readonly type: 'refused'; readonly device: string; readonly peer: string; readonly reason: string }
  /** A connection ended before a device was let in. */
  | { readonly type: 'handshakeFailed'; readonly peer: string; readonly detail: string }
  /** A plain message never reached its handler, or the handler failed: it is gone. */
  | { readonly type: 'messageDropped'; readonly device: string; readonly name: string; readonly reason: DropReason }
  /** A handler threw or rejected. */
  | { readonly type: 'handlerFailed'; readonly device: string; readonly name: string; readonly error: unknown }
  /**
   * A message of a channel was refused for good: by its handler, by its schema, or because its data makes no sense. `message`
   * is its id.
   */
  | {
      readonly type: 'messageRejected';
      readonly device: string;
      readonly name: string;
      readonly message: string;
      readonly reason: string;
    }
  /**
   * What a handler returned can not be sent: it is too large, or no plain data. Its message counts as handled, and the sender
   * gets no reply.
   */
  | {
      readonly type: 'replyDropped';
      readonly device: string;
      readonly name: string;
      readonly message: string;
      readonly detail: string;
    }
  /** The queue has reached its limit, or is down to half of it. */
  | { readonly type: 'overloadChanged'; readonly isOverloaded: boolean }
  /** What the channel towards a device has to tell; see `ChannelEvent`. */
  | { readonly type: 'deviceChannel'; readonly device: string; readonly event: ChannelEvent }
  /** The inbox could not be read or written. */
  | { readonly type: 'storeProblem'; readonly device: string; readonly detail: string }
  /**
   * A record of the inbox can not be read; it was set aside, and the rest is used. The device whose record it was begins
   * anew: what it had sent and not yet seen acknowledged can be handled once more.
   */
  | { readonly type: 'recordQuarantined'; readonly key: string; readonly detail: string };

/** Where an agent stands, and what it has counted since it was created. */
export interface AgentStats {
  readonly connections: number;
  /** Devices that are connected. */
  readonly devices: number;
  /** Messages that wait for handlers, plain and reliable. */
  readonly queuedMessages: number;
  /** Bytes of their data. */
  readonly queuedBytes: number;
  /** How long the one of them has waited that has waited longest, in milliseconds; 0: none waits. */
  readonly oldestWaitMs: number;
  /** Handlers that have not ended. */
  readonly runningHandlers: number;
  /** Messages that each device's channel may have in flight now. */
  readonly creditMessages: number;
  /** Results of handlers that their senders are not known to have, of the devices in memory. */
  readonly keptResults: number;
  /** Messages in the outboxes of the devices in memory, and their bytes. */
  readonly outboxMessages: number;
  readonly outboxBytes: number;
  /** Dead letters of the devices in memory. */
  readonly deadLetters: number;
  readonly isOverloaded: boolean;
  readonly isRestarting: boolean;
  /** Plain messages that the server has received and acknowledged. */
  readonly receivedMessages: number;
  /** Messages whose handler has done its work, plain and reliable. */
  readonly handledMessages: number;
  /** Those of channels whose handler answered with a value that could be sent. */
  readonly repliedMessages: number;
  /** Messages of channels that were refused for good. */
  readonly rejectedMessages: number;
  /** How often messages of channels had to come again, by reason. */
  readonly retriedMessages: Readonly<Record<RetryReason, number>>;
  /** Plain messages that were lost here, by reason. */
  readonly droppedMessages: Readonly<Record<DropReason, number>>;
}
