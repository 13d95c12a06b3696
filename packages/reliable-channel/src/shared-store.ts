// What lies between a channel and the tabs that share its outbox: a store that asks to be told.

import type { Transport } from '@holdfast/transport';
import type { OpenMarks } from './marks-contract.js';
import type { SendingHalf } from './sending-half.js';
import type { StoreFactory } from './store.js';

/** What a channel gives to the tabs that share it. */
export interface SharedParts {
  readonly sending: SendingHalf;
  readonly transport: Transport;
}

/** The store of a shared channel. `openReliableChannel` tells it what it needs to send for other tabs. */
export interface SharedStoreFactory extends StoreFactory {
  /** Makes what knows the tabs' messages among those of the outbox. */
  readonly marks: OpenMarks;
  /** A channel has been opened on it. */
  onOpened(parts: SharedParts): void;
}

/** Whether several tabs share a store. */
export function isSharedStore(factory: StoreFactory): factory is SharedStoreFactory {
  return 'marks' in factory && 'onOpened' in factory;
}
