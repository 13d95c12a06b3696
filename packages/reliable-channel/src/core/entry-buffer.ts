// Entries one behind the other, as they lie in a batch. They are copied in here as they come and stay where they are: storing
// and sending read the same bytes.

/** Many batches are as large as the one before; a lone message should not cost more than it is. */
const CAPACITY_MIN_BYTES = 512;

/** A growing run of entries. */
export class EntryBuffer {
  #bytes: Uint8Array;
  /** Where each entry ends. */
  #ends: number[] = [];
  /** Entries that were taken from the front, and where the first one behind them begins. */
  #dropped = 0;
  #start = 0;
  #end = 0;

  /** @param capacityBytes - how much it will hold, as far as can be guessed */
  constructor(capacityBytes = 0) {
    this.#bytes = new Uint8Array(Math.max(CAPACITY_MIN_BYTES, capacityBytes));
  }

  /** How many entries there are. */
  get count(): number {
    return this.#ends.length - this.#dropped;
  }

  /** Their bytes. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** Adds an entry; its bytes are the caller's again. */
  push(entry: Uint8Array): void {
    const end = this.#end + entry.length;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, this.#end));
      this.#bytes = grown;
    }
    this.#bytes.set(entry, this.#end);
    this.#ends.push(end);
    this.#end = end;
  }

  /** Takes the first entry away; returns its bytes. */
  dropFirst(): number {
    const end = this.#ends[this.#dropped] ?? this.#end;
    const bytes = end - this.#start;
    this.#dropped += 1;
    this.#start = end;
    return bytes;
  }

  /** The entries, and where each ends in them. Nothing is added any more. */
  finish(): { readonly entries: Uint8Array; readonly ends: Uint32Array } {
    const ends = new Uint32Array(this.count);
    for (let index = 0; index < ends.length; index++) {
      ends[index] = (this.#ends[this.#dropped + index] as number) - this.#start;
    }
    // What is counted as the size of a batch is at least half of the memory that it takes.
    const isLoose = this.length < this.#bytes.length / 2;
    const entries = isLoose ? this.#bytes.slice(this.#start, this.#end) : this.#bytes.subarray(this.#start, this.#end);
    return { entries, ends };
  }
}
