// Who has a store of this browser profile open: one page, or one worker. Web Locks end with their page, however that ends.
// A page that came by plain http from another machine has none; there whoever wants the store asks around, and an owner that
// does not answer, because it hangs, is overtaken: the store itself tells it so at its next commit.

/** Lets a store go. */
export type Release = () => void;

/** What pages need that share a store. They agree in their own way on whose turn it is. */
export interface StoreSharing {
  /** Lets the store go at once, as a crash does, also while it is being opened. A commit under way is undone. */
  readonly abandoned: AbortSignal;
  /**
   * Another page has taken the store, or its data was cleared. Called before anything else is told so, and never once it is
   * abandoned.
   */
  onLost(): void;
}

/** How long a page that is going away may take to let its lock go, in milliseconds: a reload is no second page. */
const LOCK_WAIT_MS = 2_000;

/**
 * How long an owner may take to answer, in milliseconds, and in how many pieces: between two of them is read what came while
 * this page stood still.
 */
const ANSWER_WAIT_MS = 200;
const ANSWER_WAIT_PIECES = 4;

/**
 * Takes the store for this page; resolves with `undefined` when another one has it, or when the waiting was abandoned. Pages
 * that share it may have it at one time, and keep out those that do not.
 */
export function claimStore(name: string, sharing?: StoreSharing): Promise<Release | undefined> {
  const key = `holdfast/store/${name}`;
  const { locks } = (globalThis.navigator ?? {}) as { readonly locks?: LockManager };
  if (locks !== undefined) return claimLock(locks, key, sharing);
  return typeof BroadcastChannel === 'function' ? claimByAsking(key) : Promise.resolve(() => {});
}

function claimLock(locks: LockManager, key: string, sharing?: StoreSharing): Promise<Release | undefined> {
  return new Promise((resolve, reject) => {
    const wait = new AbortController();
    const timer = setTimeout(() => wait.abort(), LOCK_WAIT_MS);
    sharing?.abandoned.addEventListener('abort', () => wait.abort());
    const hold = (): Promise<void> => {
      clearTimeout(timer);
      return new Promise((release) => resolve(release));
    };
    const mode = sharing === undefined ? 'exclusive' : 'shared';
    locks.request(key, { signal: wait.signal, mode }, hold).catch((error) => {
      clearTimeout(timer);
      if (wait.signal.aborted) resolve(undefined);
      else reject(error);
    });
  });
}

/** Whoever wants the store has a rank, and so has its owner, the lowest. Who hears of a lower one than its own gives up. */
async function claimByAsking(key: string): Promise<Release | undefined> {
  const channel = new BroadcastChannel(key);
  // In Node an open channel would keep the process.
  (channel as { unref?(): void }).unref?.();
  let rank = 1 + Math.random();
  const isFree = await new Promise<boolean>((resolve) => {
    const wait = (pieces: number): void => {
      if (pieces === 0) resolve(true);
      else setTimeout(wait, ANSWER_WAIT_MS / ANSWER_WAIT_PIECES, pieces - 1);
    };
    wait(ANSWER_WAIT_PIECES);
    channel.onmessage = ({ data: other }) => {
      if (other > rank) channel.postMessage(rank);
      else if (other < rank) resolve(false);
    };
    channel.postMessage(rank);
  });
  rank = 0;
  if (isFree) return () => channel.close();
  channel.close();
  return undefined;
}
