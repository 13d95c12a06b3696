// The lanes of one sender in one epoch. A lane stays for as long as the epoch does, for what was handled of it must not be
// forgotten; one that holds nothing costs little. Their number is bounded, and so are the gaps in what was handled of them.

import { LANES_MAX, type LaneHandled } from '@holdfast/protocol/core';
import { type LaneTotals, ReceivingLane } from './receiving-lane.js';

/** Lanes by name. */
export class ReceivingLanes {
  readonly #lanes = new Map<string, ReceivingLane>();
  #totals: LaneTotals = { waiting: 0, waitingBytes: 0, running: 0, gaps: 0 };

  /** @param recorded - what the inbox has of them */
  constructor(recorded: readonly LaneHandled[]) {
    for (const { lane, handled } of recorded) this.#lanes.set(lane, new ReceivingLane(lane, this.#totals, handled));
  }

  /** Messages that wait in all lanes. */
  get waitingCount(): number {
    return this.#totals.waiting;
  }

  /** Bytes of their data. */
  get waitingBytes(): number {
    return this.#totals.waitingBytes;
  }

  /** When the message came that has waited longest, in all lanes; `undefined`: none waits. */
  get waitingSinceMs(): number | undefined {
    let since: number | undefined;
    for (const lane of this.#lanes.values()) {
      if (lane.waitingSinceMs !== undefined) since = Math.min(since ?? lane.waitingSinceMs, lane.waitingSinceMs);
    }
    return since;
  }

  /** Messages that wait, and those with the handler. */
  get pendingCount(): number {
    return this.#totals.waiting + this.#totals.running;
  }

  /** Ranges that a record needs once everything here is handled, those below the first gaps not counted. */
  get gapCount(): number {
    let count = this.#totals.gaps;
    for (const lane of this.#lanes.values()) count += lane.handled.ranges.length;
    return count;
  }

  /** Whether there is something that no record has. */
  get isUnrecorded(): boolean {
    for (const lane of this.#lanes.values()) if (lane.isUnrecorded) return true;
    return false;
  }

  [Symbol.iterator](): IterableIterator<ReceivingLane> {
    return this.#lanes.values();
  }

  get(name: string): ReceivingLane | undefined {
    return this.#lanes.get(name);
  }

  /** The lane of that name, a new one if need be; `undefined` when there are `LANES_MAX` others. */
  open(name: string): ReceivingLane | undefined {
    const known = this.#lanes.get(name);
    if (known !== undefined || this.#lanes.size >= LANES_MAX) return known;
    const lane = new ReceivingLane(name, this.#totals);
    this.#lanes.set(name, lane);
    return lane;
  }

  /** Forgets everything, what is with handlers too. */
  clear(): void {
    this.#lanes.clear();
    this.#totals = { waiting: 0, waitingBytes: 0, running: 0, gaps: 0 };
  }
}
