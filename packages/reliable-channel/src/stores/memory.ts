// A store that forgets with its process: for tests, and for data that may be lost with the device. Opened again within
// the process it has what was committed, so tests can restart what stands on it.

import { HoldfastError } from '@holdfast/protocol';
import type { StoreOperation } from '../core/index.js';
import type { Store, StoreEntry, StoreFactory, StoreRange } from '../store.js';

/** A store in memory. Messages in it are as safe as the process. */
export function memoryStore(): StoreFactory {
  const records = new MemoryRecords();
  let isOpen = false;
  return {
    name: 'memory',
    open: async () => {
      if (isOpen) throw new HoldfastError('STORE_LOCKED', 'this memory store is open already; close it first');
      isOpen = true;
      return openMemory(records, () => {
        isOpen = false;
      });
    },
  };
}

function openMemory(records: MemoryRecords, onClose: () => void): Store {
  let isClosed = false;
  const checkOpen = (): void => {
    if (isClosed) throw new HoldfastError('STORE_FAILED', 'the store is closed; open it again');
  };
  return {
    isDurable: false,
    get: async (key) => {
      checkOpen();
      return records.get(key);
    },
    read: async (range) => {
      checkOpen();
      return records.read(range);
    },
    commit: async (operations) => {
      checkOpen();
      for (const operation of operations) records.apply(operation);
    },
    close: async () => {
      // Closed twice, it must not let go what somebody else has opened since.
      if (!isClosed) onClose();
      isClosed = true;
    },
  };
}

/** An ordered map. New keys nearly always come close to the end, where they are cheap to put in. */
class MemoryRecords {
  readonly #values = new Map<string, Uint8Array>();
  /** Ascending: every key of `#values`, and some that are gone. */
  #keys: string[] = [];

  get(key: string): Uint8Array | undefined {
    return this.#values.get(key)?.slice();
  }

  apply(operation: StoreOperation): void {
    if (operation.type === 'delete') this.#delete(operation.key);
    else this.#put(operation.key, operation.value.slice());
  }

  read({ from, to, maxBytes }: StoreRange): StoreEntry[] {
    const keys = this.#keys;
    const entries: StoreEntry[] = [];
    let bytes = 0;
    for (let index = firstAtLeast(keys, from); index < keys.length; index++) {
      const key = keys[index] as string;
      if (key >= to || (entries.length > 0 && bytes >= maxBytes)) break;
      const value = this.get(key);
      if (value === undefined) continue;
      entries.push({ key, value });
      bytes += value.length;
    }
    return entries;
  }

  #put(key: string, value: Uint8Array): void {
    const index = firstAtLeast(this.#keys, key);
    if (this.#keys[index] !== key) this.#keys.splice(index, 0, key);
    this.#values.set(key, value);
  }

  #delete(key: string): void {
    this.#values.delete(key);
    // Taking keys out one by one would move all others each time.
    if (this.#keys.length > 2 * this.#values.size + 64)
      this.#keys = this.#keys.filter((each) => this.#values.has(each));
  }
}

/** The index of the first key that is not below `from`. */
function firstAtLeast(keys: readonly string[], from: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] as string) < from) low = middle + 1;
    else high = middle;
  }
  return low;
}
