// A store that notices when a record is not what was written: a torn write, a bad block, a bit that fell over, a file that
// somebody put back in part. Every value carries a checksum; one that does not fit costs that record alone. It is set aside
// under `quarantine/`, told, counted, and left out; the rest goes on being used.
//
// Between the look at a record and its removal somebody may write it anew, and that must not be lost. So a record that looks
// damaged is looked at a second time: when every commit asked for so far is through, and watching for new ones.

import type { StoreOperation } from './core/index.js';
import { QUARANTINE_MAX_RECORDS, QUARANTINE_PREFIX, Quarantine } from './quarantine.js';
import { sealRecord, unsealRecord } from './sealed-record.js';
import type { Store, StoreEntry, StoreRange } from './store.js';

/** A record that could not be read. */
export interface QuarantinedRecord {
  readonly key: string;
  /** What is wrong with it and where it is now, in one line for people. */
  readonly detail: string;
}

/** Finds the value in a stored record, or `undefined` when the record has to be set aside. */
type ValueIn = (key: string, sealed: Uint8Array) => Uint8Array | undefined;

const MISMATCH = 'the checksum does not fit';

/**
 * A store over another one, with the same contract, that checks what it reads. Keys that begin with `quarantine/` are its
 * own. Closing it closes the other one.
 */
export class CheckedStore implements Store {
  /** As every store that has it does; missing where the other one has none. */
  readonly transaction?: NonNullable<Store['transaction']>;
  readonly #inner: Store;
  readonly #quarantine: Quarantine;
  #observer: ((record: QuarantinedRecord) => void) | undefined;
  /** What has been found before anybody asked. */
  #untold: QuarantinedRecord[] = [];
  #quarantinedCount = 0;
  /** Settles when every commit asked for so far is through. */
  #commits: Promise<void> = Promise.resolve();
  /** Second looks happen one after another; settles when the latest is over. */
  #looks: Promise<unknown> = Promise.resolve();
  /** The record that is being looked at, and whether a commit has touched it since. */
  #watchedKey: string | undefined;
  #isTouched = false;

  constructor(inner: Store) {
    this.#inner = inner;
    this.#quarantine = new Quarantine(inner);
    const { transaction } = inner;
    if (transaction !== undefined) {
      this.transaction = (operations, work) =>
        this.#through(
          transaction.call(inner, () => operations().map((operation) => this.#seal(operation)), work),
        ) as never;
    }
  }

  get isDurable(): boolean {
    return this.#inner.isDurable;
  }

  /** Records that could not be read since the store was opened. */
  get quarantinedCount(): number {
    return this.#quarantinedCount;
  }

  /**
   * Tells `observer`, in place of an earlier one, of every record that can not be read, beginning with those found before
   * anybody observed, at most `QUARANTINE_MAX_RECORDS` of them. The observer must not throw.
   */
  observe(observer: (record: QuarantinedRecord) => void): void {
    this.#observer = observer;
    for (const record of this.#untold.splice(0)) observer(record);
  }

  /**
   * The value under `key`; or `undefined` when there is none, or none that can be read: `isQuarantined` tells the two apart.
   * Rejects when a damaged record could not be set aside, since nobody could tell then.
   */
  async get(key: string): Promise<Uint8Array | undefined> {
    const sealed = await this.#inner.get(key);
    if (sealed === undefined) return undefined;
    return unsealRecord(key, sealed) ?? this.#lookAgain(key, unsealRecord, MISMATCH, true);
  }

  /** As every store does; records that can not be read are left out, and do not count. */
  async read({ from, to, maxBytes }: StoreRange): Promise<StoreEntry[]> {
    const entries: StoreEntry[] = [];
    let next = from;
    let leftBytes = maxBytes;
    // The other store counts seals and damaged records, too, so it may stop early: go on until there is enough or no more.
    for (;;) {
      const sealed = await this.#inner.read({ from: next, to, maxBytes: leftBytes });
      let readBytes = 0;
      const wantedBytes = leftBytes;
      for (const entry of sealed) {
        readBytes += entry.value.length;
        const value = await this.#valueOf(entry);
        if (value === undefined) continue;
        entries.push({ key: entry.key, value });
        leftBytes -= value.length;
      }
      const last = sealed.at(-1);
      if (last === undefined || readBytes < wantedBytes || (entries.length > 0 && leftBytes <= 0)) return entries;
      next = `${last.key}\0`;
    }
  }

  /** Applies all operations or none, and resolves when they are on disk. */
  commit(operations: readonly StoreOperation[]): Promise<void> {
    return this.#through(this.#inner.commit(operations.map((operation) => this.#seal(operation))));
  }

  /**
   * Sets a record aside whose checksum fits and that makes no sense all the same, unless it has been written anew since it
   * was read. Resolves when that is done.
   *
   * @param detail - what is wrong with it, in one line for people
   */
  async quarantine({ key, value }: StoreEntry, detail: string): Promise<void> {
    const isOther = (_: string, sealed: Uint8Array): Uint8Array | undefined => {
      const now = unsealRecord(key, sealed);
      return now !== undefined && isEqual(now, value) ? undefined : sealed;
    };
    await this.#lookAgain(key, isOther, detail, false);
  }

  /** Whether a record of this key was set aside and is still kept, by this or an earlier run. */
  isQuarantined(key: string): Promise<boolean> {
    return this.#quarantine.has(key);
  }

  /** Waits for the commits under way and lets the store go. Idempotent. */
  async close(): Promise<void> {
    await this.#looks;
    await this.#inner.close();
  }

  /** Second looks wait for it. */
  #through<T>(committed: Promise<T>): Promise<T> {
    const before = this.#commits;
    this.#commits = committed.then(
      () => before,
      () => before,
    );
    return committed;
  }

  #seal(operation: StoreOperation): StoreOperation {
    if (operation.key === this.#watchedKey) this.#isTouched = true;
    if (operation.type === 'delete') return operation;
    return { ...operation, value: sealRecord(operation.key, operation.value) };
  }

  async #valueOf({ key, value }: StoreEntry): Promise<Uint8Array | undefined> {
    if (key.startsWith(QUARANTINE_PREFIX)) return undefined;
    return unsealRecord(key, value) ?? this.#lookAgain(key, unsealRecord, MISMATCH, false);
  }

  /**
   * Looks at a record again, and sets it aside if `valueIn` finds no value in it.
   *
   * @param mustMove - reject when it can not be set aside; otherwise that is told, and the record stays where it is
   */
  #lookAgain(key: string, valueIn: ValueIn, detail: string, mustMove: boolean): Promise<Uint8Array | undefined> {
    const look = this.#looks.then(async () => {
      await this.#quarantine.prepare();
      this.#watchedKey = key;
      try {
        for (;;) {
          this.#isTouched = false;
          await this.#commits;
          const sealed = await this.#inner.get(key);
          if (this.#isTouched) continue;
          const value = sealed && valueIn(key, sealed);
          // No waiting between the look and this commit: whoever writes the record from now on does so behind it.
          if (sealed !== undefined && value === undefined)
            await this.#setAside({ key, value: sealed }, detail, mustMove);
          return value;
        }
      } finally {
        this.#watchedKey = undefined;
      }
    });
    this.#looks = look.catch(() => {});
    return look;
  }

  async #setAside({ key, value }: StoreEntry, detail: string, mustMove: boolean): Promise<void> {
    let where: string;
    try {
      const isKept = await this.#quarantine.move(key, value);
      where = isKept ? `it is kept as ${QUARANTINE_PREFIX}${key}` : 'the quarantine is full, so it was dropped';
    } catch (error) {
      if (mustMove) throw error;
      where = `it could not be set aside: ${error instanceof Error ? error.message : String(error)}`;
    }
    this.#quarantinedCount += 1;
    const record = { key, detail: `${detail} (${value.length} bytes); ${where}` };
    if (this.#observer !== undefined) this.#observer(record);
    else if (this.#untold.length < QUARANTINE_MAX_RECORDS) this.#untold.push(record);
  }
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
