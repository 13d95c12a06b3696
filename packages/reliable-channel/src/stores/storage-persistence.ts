// Asking the browser to keep this site's data. Without it a browser that runs short of room may delete what a site has
// stored, all of it at once, as it deletes what lies in a cache.

/**
 * Asks the browser to keep this site's data until its user deletes it. Some browsers ask the user, so call it when the user
 * has done something that shows why; others decide by themselves. Resolves with whether the data is kept; does not reject.
 */
export async function requestPersistence(): Promise<boolean> {
  const { storage } = (globalThis.navigator ?? {}) as { readonly storage?: StorageManager };
  if (typeof storage?.persist !== 'function') return false;
  try {
    return (await storage.persisted()) || (await storage.persist());
  } catch {
    // Where the browser forbids storage altogether.
    return false;
  }
}
