// A connection to one IndexedDB database, made again when the browser drops it: Safari does so in the background, every
// browser when its storage process dies. What was under way on a lost connection was aborted or is complete, so doing it again
// is safe for whoever writes the same records again.

/** The object store that holds the records. */
const RECORDS = 'records';

/** How long to wait before each further attempt to open: a storage process that died takes a moment to be back. */
const REOPEN_WAITS_MS = [50, 200, 800];

/** Errors of `indexedDB.open` that stay the same however often it is called. */
const LASTING = new Set([
  'SecurityError',
  'NotAllowedError',
  'VersionError',
  'QuotaExceededError',
  'InvalidStateError',
]);

/** Opens a database, and opens it again when need be. */
export class IdbConnection {
  readonly #name: string;
  #database: Promise<IDBDatabase> | undefined;
  #isClosed = false;
  #isAbandoned = false;
  /** The transactions under way. */
  readonly #running = new Set<IDBTransaction>();

  /** @param name - of the database; it is made when it is missing */
  constructor(name: string) {
    this.#name = name;
  }

  /**
   * Runs `work` in a transaction, and once more on a new connection when that fails, unless `isFinal` says that this would
   * change nothing. Rejects with what the browser says.
   */
  async transact<Result>(
    mode: IDBTransactionMode,
    work: (records: IDBObjectStore) => Result | PromiseLike<Result>,
    isFinal: (error: unknown) => boolean,
  ): Promise<Result> {
    const opening = this.#open();
    try {
      return await this.#run(await opening, mode, work);
    } catch (error) {
      if (isFinal(error)) throw error;
      void this.#drop(opening);
      return this.#run(await this.#open(), mode, work);
    }
  }

  /** Closes it for good, when the transactions under way are done. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#database !== undefined) await this.#drop(this.#database);
  }

  /** Lets it go at once and for good: what is under way is undone. */
  abandon(): void {
    this.#isClosed = true;
    this.#isAbandoned = true;
    for (const transaction of this.#running) {
      try {
        transaction.abort();
      } catch {
        // It is over already, and has not said so yet.
      }
    }
    if (this.#database !== undefined) void this.#drop(this.#database);
  }

  #run<Result>(
    database: IDBDatabase,
    mode: IDBTransactionMode,
    work: (records: IDBObjectStore) => Result | PromiseLike<Result>,
  ): Result | PromiseLike<Result> {
    // It was let go while it was being opened: what comes now could be in the way of whoever has the store.
    if (this.#isAbandoned) throw closed();
    // Without this Chrome says that it is done when the operating system has the bytes, and power may still take them.
    const transaction = database.transaction(RECORDS, mode, { durability: 'strict' });
    this.#running.add(transaction);
    for (const end of ['complete', 'abort']) {
      transaction.addEventListener(end, () => this.#running.delete(transaction));
    }
    return work(transaction.objectStore(RECORDS));
  }

  #open(): Promise<IDBDatabase> {
    if (this.#database !== undefined) return this.#database;
    if (this.#isClosed) return Promise.reject(closed());
    const opening = openPatiently(this.#name);
    this.#database = opening;
    opening.then(
      (database) => {
        database.onclose = () => this.#forget(opening);
        // Somebody wants to delete the database or to open a later version of it, and can not while this one is open.
        database.onversionchange = () => void this.#drop(opening);
      },
      () => this.#forget(opening),
    );
    return opening;
  }

  #forget(opening: Promise<IDBDatabase>): void {
    if (this.#database === opening) this.#database = undefined;
  }

  async #drop(opening: Promise<IDBDatabase>): Promise<void> {
    this.#forget(opening);
    await opening.then(
      (database) => database.close(),
      () => {},
    );
  }
}

function closed(): Error {
  return new Error('the store is closed');
}

async function openPatiently(name: string): Promise<IDBDatabase> {
  for (const waitMs of REOPEN_WAITS_MS) {
    try {
      return await openDatabase(name);
    } catch (error) {
      if (LASTING.has((error as DOMException).name)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
  return openDatabase(name);
}

function openDatabase(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(RECORDS);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
