// What an agent tells its observers, and what it counts.

import type { DropReason } from './core/index.js';

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
  /** The queue has reached its limit, or is down to half of it. */
  | { readonly type: 'overloadChanged'; readonly isOverloaded: boolean }
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
  readonly isOverloaded: boolean;
  readonly isRestarting: boolean;
  /** Plain messages that the server has received and acknowledged. */
  readonly receivedMessages: number;
  /** Messages whose handler has done its work, plain and reliable. */
  readonly handledMessages: number;
  /** Plain messages that were lost here, by reason. */
  readonly droppedMessages: Readonly<Record<DropReason, number>>;
}
