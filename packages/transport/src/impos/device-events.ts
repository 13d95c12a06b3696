// What a hosted device tells those who watch it.

import type { WakeReason } from './constants.js';
import type { LostEntry } from './nv.js';

/** What a hosted device tells its observers. */
export type DeviceEvent =
  | { readonly type: 'started'; readonly wakeReason: WakeReason }
  /** The program stands still. */
  | { readonly type: 'suspended' }
  /** It goes on where it stood. */
  | { readonly type: 'resumed' }
  /** Its memory is gone; the device wakes every nine minutes to look for a connection. */
  | { readonly type: 'snoozed' }
  | { readonly type: 'slept'; readonly ms: number }
  | { readonly type: 'programFailed'; readonly error: unknown }
  /** An entry of `nv` could not be kept. */
  | ({ readonly type: 'nvEntryLost' } & LostEntry);
