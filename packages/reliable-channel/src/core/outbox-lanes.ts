// The lanes of one outbox, and what they hold together.

import { LANES_MAX } from '@holdfast/protocol/core';
import { isInStore } from './batch.js';
import type { OpenedOutbox } from './outbox-contract.js';
import { OutboxLane, type OutboxTotals } from './outbox-lane.js';

/** All lanes that have ever been used. */
export class OutboxLanes {
  readonly totals: OutboxTotals;
  readonly #lanes = new Map<string, OutboxLane>();
  readonly #maxAgeMs: number;

  /**
   * @param opened - as the store has them
   * @param maxAgeMs - a message that has waited so long is too old; may be infinite
   */
  constructor({ meta, lanes }: OpenedOutbox, maxAgeMs: number) {
    this.#maxAgeMs = maxAgeMs;
    this.totals = { messages: 0, loadedBytes: 0, bytes: meta.bytes };
    const bounds = { hasRecords: meta.bytes > 0, maxAgeMs, totals: this.totals };
    for (const record of lanes) this.#lanes.set(record.lane, new OutboxLane(record, bounds));
  }

  get all(): Iterable<OutboxLane> {
    return this.#lanes.values();
  }

  /** Whether nothing is in any of them, settled messages in batches that are on their way included. */
  get areEmpty(): boolean {
    if (this.totals.messages > 0 || this.totals.loadedBytes > 0) return false;
    return [...this.#lanes.values()].every(({ entering, hasUnloaded }) => entering.length === 0 && !hasUnloaded);
  }

  /** Bytes of the batches in memory that a crash would take, with the commit that is being begun on disk. */
  get unstoredBytes(): number {
    let bytes = 0;
    for (const { yielding, entering } of this.#lanes.values()) {
      for (const batch of yielding) if (!isInStore(batch)) bytes += batch.entries.length;
      for (const batch of entering) if (!isInStore(batch)) bytes += batch.entries.length;
    }
    return bytes;
  }

  get(name: string): OutboxLane | undefined {
    return this.#lanes.get(name);
  }

  /** Whether a lane of this name exists, or may be opened. */
  accepts(name: string): boolean {
    return this.#lanes.has(name) || this.#lanes.size < LANES_MAX;
  }

  /** The lane of this name; a new one, when there is none yet. */
  of(name: string): OutboxLane {
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      const record = { lane: name, floor: 1, next: 1, reserved: 0, failedSequence: 0, failures: 0 };
      lane = new OutboxLane(record, { hasRecords: false, maxAgeMs: this.#maxAgeMs, totals: this.totals });
      this.#lanes.set(name, lane);
    }
    return lane;
  }
}
