// A tab of a real browser: Web Locks, a BroadcastChannel, IndexedDB, and what the browser says of the page's life.

import { HoldfastError, systemRuntime } from '@holdfast/protocol';
import { openIdb } from '../stores/idb.js';
import type { PageEvents, TabLocks, TabPort } from './tab-port.js';

/** The surroundings of this tab. @throws HoldfastError `TABS_UNAVAILABLE` */
export function browserTabPort(): TabPort {
  const { locks } = (globalThis.navigator ?? {}) as { readonly locks?: LockManager };
  if (locks === undefined) throw unavailable('Web Locks; a page has them when it came by https, or from this machine');
  if (typeof BroadcastChannel !== 'function') throw unavailable('BroadcastChannel');
  return {
    runtime: systemRuntime(),
    locks: locks as TabLocks,
    openBus: (name, onMessage) => {
      const channel = new BroadcastChannel(name);
      channel.onmessage = ({ data }) => onMessage(data);
      return { post: (message) => channel.postMessage(message), close: () => channel.close() };
    },
    openStore: openIdb,
    watchPage,
  };
}

function unavailable(what: string): HoldfastError {
  const advice = 'open an ordinary channel in one tab instead';
  return new HoldfastError('TABS_UNAVAILABLE', `tabs can not share a channel here: there is no ${what}; ${advice}`);
}

/** Not every browser says `freeze`; a page that is kept for the way back stands still as well. */
function watchPage({ freeze, resume }: PageEvents): () => void {
  const onHide = ({ persisted }: Event & { persisted?: boolean }): void => void (persisted && freeze());
  const onShow = ({ persisted }: Event & { persisted?: boolean }): void => void (persisted && resume());
  const listeners: [EventTarget | undefined, string, (event: Event) => void][] = [
    // A worker has no document.
    [globalThis.document, 'freeze', freeze],
    [globalThis.document, 'resume', resume],
    [globalThis, 'pagehide', onHide],
    [globalThis, 'pageshow', onShow],
  ];
  for (const [target, type, listener] of listeners) target?.addEventListener(type, listener);
  return () => {
    for (const [target, type, listener] of listeners) target?.removeEventListener(type, listener);
  };
}
