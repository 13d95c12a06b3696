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
    return this.#settled.has(sequence);
  }

  /** Whether all of a run is settled. */
  hasRun(first: number, last: number): boolean {
    if (last < this.floor) return true;
    const from = Math.max(first, this.floor);
    return this.#settled.ranges.some((range) => range.first <= from && last <= range.last);
  }

  /** What of a run is settled, ascending. */
  runsIn(first: number, last: number): Run[] {
    const runs = this.#settled.ranges
      .filter((range) => range.last >= first && range.first <= last)
      .map((range) => ({ first: Math.max(first, range.first), last: Math.min(last, range.last) }));
    if (first < this.floor) runs.unshift({ first, last: Math.min(last, this.floor - 1) });
    return runs;
  }

  /** The highest number below `sequence` that is not settled, or 0. */
  unsettledBelow(sequence: number): number {
    let candidate = sequence - 1;
    const { cumulative, ranges } = this.#settled;
    for (let index = ranges.length - 1; index >= 0; index--) {
      const range = ranges[index] as Run;
      if (range.first <= candidate && candidate <= range.last) candidate = range.first - 1;
    }
    return candidate > cumulative ? candidate : 0;
  }

  /** The lowest number from `sequence` on that is not settled. */
  unsettledFrom(sequence: number): number {
    let candidate = Math.max(sequence, this.floor);
    for (const range of this.#settled.ranges) {
      if (range.first <= candidate && candidate <= range.last) candidate = range.last + 1;
    }
    return candidate;
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
    for (const known of this.#settled.ranges) {
      if (known.last < from || known.first > last) continue;
      if (from < known.first) news.push({ first: from, last: known.first - 1 });
      from = known.last + 1;
    }
    if (from <= last) news.push({ first: from, last });
    this.#settled.addRange(begin, last);
  }
}
