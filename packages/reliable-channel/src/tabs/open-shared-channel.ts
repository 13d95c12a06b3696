// Opens a shared channel in one tab.

import { type AnyMessages, checkText, type MessageTypes } from '@holdfast/protocol';
import type { ReliableChannel } from '../reliable-channel.js';
import type { StoreFactory } from '../store.js';
import { browserTabPort } from './browser-tab-port.js';
import { tabLock } from './leader.js';
import { SharedChannel } from './shared-channel.js';
import type { TabPort } from './tab-port.js';

/** The options of `openSharedChannel`. */
export interface SharedChannelOptions<Incoming extends MessageTypes<Incoming> = AnyMessages> {
  /** Of the outbox within this site, at most 255 bytes; the same in all tabs that share it. It lies where `idbStore(name)` does. */
  readonly name: string;
  /**
   * Makes a transport and opens a channel over it, on the store that it is given. Called in the tab that leads, each time that it
   * begins to; channel and transport are ended for it. In all tabs it has to do the same.
   */
  open(store: StoreFactory): Promise<ReliableChannel<AnyMessages, Incoming>>;
}

/**
 * Opens a channel that all tabs of this site share: every tab may send, one has the outbox and talks to the agent, and when it
 * closes, crashes or is frozen another one takes over. Each message is handled once, in the order of its tab, and settles in the
 * tab that has sent it.
 *
 * @throws TypeError or RangeError that names a wrong option
 * @throws HoldfastError `TABS_UNAVAILABLE` where there are no Web Locks or no BroadcastChannel
 */
export function openSharedChannel<
  Table extends MessageTypes<Table> = AnyMessages,
  Incoming extends MessageTypes<Incoming> = AnyMessages,
>(options: SharedChannelOptions<Incoming>): Promise<SharedChannel<Table, Incoming>> {
  return openSharedChannelIn(browserTabPort(), options);
}

/** The same for a tab of which these are the surroundings. */
export async function openSharedChannelIn<
  Table extends MessageTypes<Table> = AnyMessages,
  Incoming extends MessageTypes<Incoming> = AnyMessages,
>(port: TabPort, { name, open }: SharedChannelOptions<Incoming>): Promise<SharedChannel<Table, Incoming>> {
  checkText('name', name, 255);
  if (typeof open !== 'function') throw new TypeError('open must be a function that opens a channel');
  const random = (): string => port.runtime.randomUint32().toString(36);
  const tab = [random(), random(), random(), random()].join('-');
  // Held before the first message is sent: whoever leads can tell that this tab lives.
  const leave = await new Promise<() => void>((resolve, reject) => {
    port.locks.request(tabLock(name, tab), {}, () => new Promise(resolve)).catch(reject);
  });
  return new SharedChannel({ name, tab, port, leave, open: open as never });
}
