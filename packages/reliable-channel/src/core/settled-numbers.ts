// Which messages need no more sending: acknowledged, or never stored. Everything below the floor is settled; above it, a
// few ranges, while messages are acknowledged out of order.

import { AckRanges, type RangeList } from '@holdfast/protocol/core';

/** A run of sequence numbers, both ends included. */
export interface Run {
  readonly first: number;
  readonly last: number;
}

/** A growing set of settled sequence numbers. */
export class SettledNumbers {
  readonly #settled: AckRanges;

  /** @param floor - everything below it is settled */
  constructor(floor: number) {
    this.#settled = new AckRanges({ cumulative: floor - 1, ranges: [] });
  }

  /** The lowest number that is not settled. */
  get floor(): number {
    return this.#settled.cumulative + 1;
  }

  has(sequence: number): boolean {
    return sequence < this.floor || this.#rangeAt(sequence) !== undefined;
  }

  /** Whether all of a run is settled. */
  hasRun(first: number, last: number): boolean {
    if (last < this.floor) return true;
    const range = this.#settled.ranges[this.#indexFrom(last)];
    return range !== undefined && range.first <= Math.max(first, this.floor);
  }

  /** What of a run is settled, ascending. */
  runsIn(first: number, last: number): Run[] {
    const runs: Run[] = [];
    if (first < this.floor) runs.push({ first, last: Math.min(last, this.floor - 1) });
    const { ranges } = this.#settled;
    for (let index = this.#indexFrom(first); index < ranges.length; index++) {
      const range = ranges[index] as Run;
      if (range.first > last) break;
      runs.push({ first: Math.max(first, range.first), last: Math.min(last, range.last) });
    }
    return runs;
  }

  /** The highest number below `sequence` that is not settled, or 0. */
  unsettledBelow(sequence: number): number {
    const range = this.#rangeAt(sequence - 1);
    const candidate = range === undefined ? sequence - 1 : range.first - 1;
    return candidate >= this.floor ? candidate : 0;
  }

  /** The lowest number from `sequence` on that is not settled. */
  unsettledFrom(sequence: number): number {
    const candidate = Math.max(sequence, this.floor);
    const range = this.#rangeAt(candidate);
    return range === undefined ? candidate : range.last + 1;
  }

  /** Adds a set; returns the runs in it that are news, ascending. */
  addAll(handled: RangeList): Run[] {
    const news: Run[] = [];
    this.#addAndTell(1, handled.cumulative, news);
    for (const range of handled.ranges) this.#addAndTell(range.first, range.last, news);
    return news;
  }

  #addAndTell(first: number, last: number, news: Run[]): void {
    if (last < this.floor) return;
    const begin = Math.max(first, this.floor);
    let from = begin;
    const { ranges } = this.#settled;
    for (let index = this.#indexFrom(begin); index < ranges.length; index++) {
      const known = ranges[index] as Run;
      if (known.first > last) break;
      if (from < known.first) news.push({ first: from, last: known.first - 1 });
      from = known.last + 1;
    }
    if (from <= last) news.push({ first: from, last });
    this.#settled.addRange(begin, last);
  }

  /** The range that holds `sequence`: ranges never touch, so there is one at most. */
  #rangeAt(sequence: number): Run | undefined {
    const range = this.#settled.ranges[this.#indexFrom(sequence)];
    return range !== undefined && range.first <= sequence ? range : undefined;
  }

  /** The index of the first range that ends at `sequence` or later. There can be as many ranges as messages in memory. */
  #indexFrom(sequence: number): number {
    const { ranges } = this.#settled;
    let low = 0;
    let high = ranges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ranges[middle] as Run).last < sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
