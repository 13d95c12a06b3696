// A store in the browser's IndexedDB, on idb-keyval. Commits are flushed to disk, and are done when their transaction is
// complete: that a request succeeded says only that it was queued.
//
// One record says whose the store is and which life of it this is. Every transaction looks at it first. So a page that was
// overtaken by another one, or whose data was cleared, is told so, and never goes on in what is not its own any more.

import { checkText, HoldfastError } from '@holdfast/protocol';
import { get, promisifyRequest, type UseStore } from 'idb-keyval';
import type { StoreOperation } from '../core/index.js';
import type { Store, StoreEntry, StoreFactory, StoreRange } from '../store.js';
import { IdbConnection } from './idb-connection.js';
import { renewLog } from './idb-log-renewal.js';
import { claimStore, type StoreSharing } from './idb-owner.js';

export type { StoreSharing } from './idb-owner.js';
export { requestPersistence } from './storage-persistence.js';

/** The layout of keys and records that this code writes. */
const FORMAT = 1;
const CLAIM_KEY = 'holdfast/claim';

/** Records that a read asks for at first; it asks for twice as many each time, up to the second number. */
const READ_RECORDS = 8;
const READ_RECORDS_MAX = 256;

/** Whose a store is. */
interface Claim {
  readonly format: number;
  /** This opening of the store. */
  readonly owner: string;
}

/**
 * A store in IndexedDB, in a database of its own, made when it is missing. What is in it lasts as long as the browser keeps
 * this site's data: ask for that with `requestPersistence`.
 *
 * One page or worker at a time has it open; another one is refused with `STORE_LOCKED`. Where there are no Web Locks, that is in
 * a page that came by plain http from another machine, an owner that does not answer loses the store.
 *
 * @param name - of the store within this site, at most 255 bytes; give every outbox its own
 */
export function idbStore(name: string): StoreFactory {
  checkText('name', name, 255);
  return { name: `idb ${name}`, open: () => openIdb(name) };
}

/**
 * Opens what `idbStore` opens.
 *
 * @param sharing - for one of several pages that share it: it is not refused because another one of them has the store, but takes
 * it from that one
 * @throws HoldfastError as that does
 */
export async function openIdb(name: string, sharing?: StoreSharing): Promise<Store> {
  checkAvailable(name);
  const release = await claimStore(name, sharing).catch((cause) => Promise.reject(unavailable(name, cause)));
  if (release === undefined) {
    const advice = 'close that page, or give this one a store of its own';
    throw new HoldfastError('STORE_LOCKED', `the store ${name} is open in another page of this browser; ${advice}`);
  }
  const databaseName = `holdfast/${name}`;
  const connection = new IdbConnection(databaseName);
  const abandoned = sharing?.abandoned;
  // Nothing that is awaited below may come to an end in time.
  abandoned?.addEventListener('abort', () => {
    connection.abandon();
    release();
  });
  try {
    abandoned?.throwIfAborted();
    await renewLog(databaseName);
    return new IdbStore(connection, await claim(connection, name), release, sharing?.onLost);
  } catch (cause) {
    await connection.close();
    release();
    throw cause instanceof HoldfastError ? cause : unavailable(name, cause);
  }
}

/** Reading `indexedDB` throws where the browser forbids storage altogether. */
function checkAvailable(name: string): void {
  let factory: IDBFactory | undefined;
  try {
    factory = globalThis.indexedDB;
  } catch (cause) {
    throw unavailable(name, cause);
  }
  if (!factory) throw unavailable(name, new Error('this browser has no IndexedDB here'));
}

/** Checks the format and makes this opening the owner. */
async function claim(connection: IdbConnection, name: string): Promise<string> {
  const owner = Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join('-');
  await connection.transact(
    'readwrite',
    async (records) => {
      const done = complete(records.transaction);
      // It is waited for below; until then nobody looks at it.
      done.catch(() => {});
      const before = (await promisifyRequest(records.get(CLAIM_KEY))) as Partial<Claim> | undefined;
      if (before !== undefined && before.format !== FORMAT) {
        records.transaction.abort();
        throw unknownFormat(name, `format ${String(before.format)}`);
      }
      records.put({ format: FORMAT, owner } satisfies Claim, CLAIM_KEY);
      await done;
    },
    isFinal,
  );
  return owner;
}

class IdbStore implements Store {
  readonly isDurable = true;
  readonly #connection: IdbConnection;
  readonly #owner: string;
  readonly #release: () => void;
  readonly #onLost: (() => void) | undefined;
  /** The last commit, whatever became of it. One at a time: what is done again must not come behind what came later. */
  #last: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(connection: IdbConnection, owner: string, release: () => void, onLost: (() => void) | undefined) {
    this.#connection = connection;
    this.#owner = owner;
    this.#release = release;
    this.#onLost = onLost;
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return reading(get<Uint8Array>(key, this.#use));
  }

  read(range: StoreRange): Promise<StoreEntry[]> {
    return reading(this.#use('readonly', (records) => readRange(records, range)));
  }

  commit(operations: readonly StoreOperation[]): Promise<void> {
    const apply = (): Promise<void> =>
      this.#connection.transact('readwrite', (records) => this.#apply(records, operations), isFinal);
    const commit = this.#last.then(apply).catch((cause) => Promise.reject(failed('write', cause)));
    this.#last = commit.catch(() => {});
    return commit;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#last;
    await this.#connection.close();
    this.#release();
  }

  /** What idb-keyval reads through. */
  readonly #use: UseStore = (mode, work) =>
    this.#connection.transact(
      mode,
      async (records) => {
        // Both at once: the claim costs no round trip of its own.
        const [found, result] = await Promise.all([promisifyRequest(records.get(CLAIM_KEY)), work(records)]);
        this.#check(found);
        return result;
      },
      isFinal,
    );

  #apply(records: IDBObjectStore, operations: readonly StoreOperation[]): Promise<void> {
    const { transaction } = records;
    let failure: unknown;
    const fail = (error: unknown): void => {
      try {
        transaction.abort();
        failure = error;
      } catch {
        // It is over already, and says itself why.
      }
    };
    const done = complete(transaction).catch((error) => Promise.reject(failure ?? error));
    const claimed = records.get(CLAIM_KEY);
    claimed.onsuccess = () => {
      try {
        this.#check(claimed.result);
      } catch (error) {
        fail(error);
      }
    };
    try {
      for (const operation of operations) {
        if (operation.type === 'put') records.put(ownBytes(operation.value), operation.key);
        else records.delete(operation.key);
      }
    } catch (error) {
      fail(error);
    }
    return done;
  }

  #check(found: Partial<Claim> | undefined): void {
    if (found?.owner === this.#owner) return;
    this.#onLost?.();
    const what = found === undefined ? 'its data was cleared' : 'another page of this browser has taken it';
    throw new HoldfastError('STORE_FAILED', `the store is not this page's any more: ${what}; reload the page`);
  }
}

/** Resolves when everything is on disk, rejects when nothing is. */
function complete(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error('the browser ended the transaction'));
  });
}

async function readRange(records: IDBObjectStore, { from, to, maxBytes }: StoreRange): Promise<StoreEntry[]> {
  const entries: StoreEntry[] = [];
  let bytes = 0;
  let last: string | undefined;
  for (let count = READ_RECORDS; (last ?? from) < to; count = Math.min(2 * count, READ_RECORDS_MAX)) {
    const range = IDBKeyRange.bound(last ?? from, to, last !== undefined, true);
    const [keys, values] = await Promise.all([
      promisifyRequest(records.getAllKeys(range, count)),
      promisifyRequest(records.getAll(range, count)),
    ]);
    for (const [index, key] of keys.entries()) {
      const value = values[index] as Uint8Array;
      entries.push({ key: key as string, value });
      bytes += value.length;
      if (bytes >= maxBytes) return entries;
    }
    if (keys.length < count) return entries;
    last = keys.at(-1) as string;
  }
  return entries;
}

/** The browser would store the whole buffer behind a part of it. */
function ownBytes(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : '';
}

/** Whether trying again on another connection would change nothing. */
function isFinal(error: unknown): boolean {
  return error instanceof HoldfastError || ['QuotaExceededError', 'DataCloneError'].includes(nameOf(error));
}

function reading<Result>(result: Promise<Result>): Promise<Result> {
  return result.catch((cause) => Promise.reject(failed('read', cause)));
}

const NO_ROOM = 'the browser gives this site no more room';

function failed(what: 'read' | 'write', cause: unknown): HoldfastError {
  if (cause instanceof HoldfastError) return cause;
  const isFull = nameOf(cause) === 'QuotaExceededError';
  const detail = isFull ? NO_ROOM : describe(cause);
  const advice = isFull ? 'free some, or let the outbox hold less' : 'reload the page if this goes on';
  return new HoldfastError('STORE_FAILED', `the store could not ${what}: ${detail}; ${advice}`, { cause });
}

const FORBIDDEN =
  'allow this site to store data, leave the private window or the sandboxed frame, or use memoryStore()';

function unavailable(name: string, cause: unknown): HoldfastError {
  if (nameOf(cause) === 'VersionError') return unknownFormat(name, 'a later format');
  const isFull = nameOf(cause) === 'QuotaExceededError';
  const detail = isFull ? NO_ROOM : describe(cause);
  const advice = isFull ? 'free some' : FORBIDDEN;
  return new HoldfastError('STORE_UNAVAILABLE', `can not open the store ${name}: ${detail}; ${advice}`, { cause });
}

function unknownFormat(name: string, found: string): HoldfastError {
  const advice = 'load the page that wrote it, or choose another name';
  const message = `the store ${name} has ${found}, this version reads format ${FORMAT}; ${advice}`;
  return new HoldfastError('STORE_FORMAT_UNKNOWN', message);
}

function describe(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.message === '' ? cause.name : cause.message;
}
