// Sets of sequence numbers as sorted ranges: how a receiver remembers what it handled, and how it says so in an ack.
// Everything up to `cumulative` is in the set; above it, a few ranges. While nothing is skipped there are none.

import { invariant } from './invariant.js';

/** A set of sequence numbers: 1 to `cumulative`, and the ranges above, ascending, apart, both ends included. */
export interface RangeList {
  readonly cumulative: number;
  readonly ranges: readonly SequenceRange[];
}

/** The sequence numbers from `first` to `last`, both included. */
export interface SequenceRange {
  readonly first: number;
  readonly last: number;
}

/** The set without members. */
export const EMPTY_RANGES: RangeList = { cumulative: 0, ranges: [] };

/** A growing set of sequence numbers from 1 on. */
export class AckRanges implements RangeList {
  #cumulative: number;
  /** Ascending; the first begins at `#cumulative + 2` or later; each begins at least 2 behind the end of the one before. */
  readonly #ranges: SequenceRange[];

  constructor(initial: RangeList = EMPTY_RANGES) {
    this.#cumulative = initial.cumulative;
    this.#ranges = [...initial.ranges];
  }

  /** Every number from 1 to this one is a member; the next one is not. */
  get cumulative(): number {
    return this.#cumulative;
  }

  get ranges(): readonly SequenceRange[] {
    return this.#ranges;
  }

  has(sequence: number): boolean {
    return rangesInclude(this, sequence);
  }

  /** Adds every number from `first` to `last`, both included. */
  addRange(first: number, last: number): void {
    invariant(first >= 1 && last >= first, 'a range has at least one sequence number');
    if (last <= this.#cumulative) return;
    // The ranges from `at` to below `end` touch the new one and become part of it.
    const at = this.#indexFrom(first - 1);
    let end = at;
    let from = first;
    let to = last;
    for (let range = this.#ranges[end]; range !== undefined && range.first <= last + 1; range = this.#ranges[end]) {
      from = Math.min(from, range.first);
      to = Math.max(to, range.last);
      end += 1;
    }
    if (from <= this.#cumulative + 1) {
      this.#cumulative = to;
      this.#ranges.splice(0, end);
    } else this.#ranges.splice(at, end - at, { first: from, last: to });
  }

  /** The index of the first range that ends at `sequence` or later. */
  #indexFrom(sequence: number): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ranges[middle] as SequenceRange).last < sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  add(sequence: number): void {
    // The usual case, in order and without gaps, costs one comparison.
    if (sequence === this.#cumulative + 1 && this.#ranges.length === 0) this.#cumulative = sequence;
    else this.addRange(sequence, sequence);
  }

  /** Adds everything below `floor`: the sender will never send it again. */
  raiseFloor(floor: number): void {
    if (floor > this.#cumulative + 1) this.addRange(this.#cumulative + 1, floor - 1);
  }

  /** A copy that does not change any more, cut to the lowest `rangesMax` ranges. */
  snapshot(rangesMax: number): RangeList {
    return { cumulative: this.#cumulative, ranges: this.#ranges.slice(0, rangesMax) };
  }
}

/** Whether `sequence` is in the set. 0, which stands for no message, always is. */
export function rangesInclude(list: RangeList, sequence: number): boolean {
  if (sequence <= list.cumulative) return true;
  return list.ranges.some((range) => sequence >= range.first && sequence <= range.last);
}

/** The highest member of the set, or 0 when it is empty. */
export function highestOf(list: RangeList): number {
  return list.ranges.at(-1)?.last ?? list.cumulative;
}
