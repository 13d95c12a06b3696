// Which messages are on their way. A channel tells how many are in flight, of all lanes together; it sends what it has
// lane by lane, the lane of the highest priority first, and in order within each. That is enough to follow each lane.

import type { LaneStats } from '@holdfast/reliable-channel';

interface Lane {
  readonly name: string;
  /** The lowest number that is not settled; `undefined` before the lane was looked at. */
  first: number | undefined;
  unsettled: number;
  inFlight: number;
}

/** Follows what is in flight in each lane. */
export class LaneFlight {
  readonly #lanes: readonly Lane[];

  /** @param names - the lanes, the one of the highest priority first; all of different priorities */
  constructor(names: readonly string[]) {
    this.#lanes = names.map((name) => ({ name, first: undefined, unsettled: 0, inFlight: 0 }));
  }

  /** These are over. */
  onSettled(name: string, first: number, last: number): void {
    const lane = this.#lanes.find((each) => each.name === name);
    if (lane === undefined) return;
    lane.inFlight = Math.max(0, lane.inFlight - (last - first + 1));
    // One from the middle, called back for example, moves nothing.
    if (lane.first === undefined || first <= lane.first) lane.first = Math.max(lane.first ?? 0, last + 1);
  }

  /** Looks at the channel's numbers: `total` messages are in flight. */
  update(stats: readonly LaneStats[], total: number): void {
    for (const { lane: name, nextSequence, messages } of stats) {
      const lane = this.#lanes.find((each) => each.name === name);
      if (lane === undefined) continue;
      lane.first ??= nextSequence - messages;
      lane.unsettled = messages;
      lane.inFlight = Math.min(lane.inFlight, messages);
    }
    let more = total - this.#lanes.reduce((sum, { inFlight }) => sum + inFlight, 0);
    for (const lane of this.#lanes) {
      if (more <= 0) break;
      const sent = Math.min(more, lane.unsettled - lane.inFlight);
      lane.inFlight += sent;
      more -= sent;
    }
    for (const lane of [...this.#lanes].reverse()) {
      if (more >= 0) break;
      const back = Math.min(-more, lane.inFlight);
      lane.inFlight -= back;
      more += back;
    }
  }

  /** Messages of the lane up to this number have been sent. 0: none */
  sentUpTo(name: string): number {
    const lane = this.#lanes.find((each) => each.name === name);
    return lane?.first === undefined ? 0 : lane.first - 1 + lane.inFlight;
  }
}
