// What a transport tells of its connection.

import type { ConnectReason, DisconnectCause } from './core/index.js';

/** What a transport tells its observers. */
export type TransportEvent =
  | { readonly type: 'connected' }
  | { readonly type: 'disconnected'; readonly cause: DisconnectCause }
  /** An attempt to connect failed. */
  | { readonly type: 'connectFailed'; readonly reason: ConnectReason; readonly cause: DisconnectCause }
  /** `keepConnected` dials again after this wait. */
  | { readonly type: 'reconnectScheduled'; readonly delayMs: number }
  /** SUSPEND_ON_ERROR: sends wait from now on until there is a connection. */
  | { readonly type: 'suspended' }
  /** They go on. `hasSnoozed`: the device has slept in between. */
  | { readonly type: 'resumed'; readonly hasSnoozed: boolean }
  /** A minute of dialing was in vain: the device sleeps now, and wakes to try again. */
  | { readonly type: 'snoozed' }
  /** RETURN_ON_ERROR: the connection has not come back by itself; nothing dials any more. */
  | { readonly type: 'lossDeclared'; readonly reason: ConnectReason }
  /** A message from the agent that nobody listens to. */
  | { readonly type: 'messageDropped'; readonly name: string };
