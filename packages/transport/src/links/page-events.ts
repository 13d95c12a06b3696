// When a page's network may be back: the browser says that it is online, or the page is seen again or runs again after it was
// hidden or frozen. While it was, timers stood still or were late, so a wait that was begun before says nothing.

/** Where a page's events are told; what is missing on a platform is left out. */
export interface PageEvents {
  readonly window: Pick<EventTarget, 'addEventListener' | 'removeEventListener'>;
  readonly document?:
    | (Pick<EventTarget, 'addEventListener' | 'removeEventListener'> & { readonly visibilityState: string })
    | undefined;
}

/** Calls `onReturned` when the network may be back, until the returned function is called. */
export function watchPage(onReturned: () => void, { window, document }: PageEvents = thisPage()): () => void {
  const onSeen = (): void => {
    if (document?.visibilityState === 'visible') onReturned();
  };
  window.addEventListener('online', onReturned);
  document?.addEventListener('visibilitychange', onSeen);
  document?.addEventListener('resume', onReturned);
  return () => {
    window.removeEventListener('online', onReturned);
    document?.removeEventListener('visibilitychange', onSeen);
    document?.removeEventListener('resume', onReturned);
  };
}

/** A worker has no document, and some platforms no events. */
function thisPage(): PageEvents {
  const { addEventListener, document } = globalThis as Partial<typeof globalThis>;
  return { window: typeof addEventListener === 'function' ? globalThis : new EventTarget(), document };
}
