// The way of a message into the outbox: it is collected with others of its turn, waits for the commit under way and for room,
// and then goes into the next commit, straight into memory, or, when it is of low importance and can not be sent now, away.

import { lastOf, runOf } from './batch.js';
import { type BatchBounds, BatchCollector, type CollectedMessage } from './batch-collector.js';
import type { LaneRun, OutboxOptions } from './outbox-contract.js';
import type { OutboxTotals } from './outbox-lane.js';
import type { OutboxLanes } from './outbox-lanes.js';
import { batchKey } from './outbox-record.js';
import type { OutboxWrites } from './outbox-writes.js';

/** What has been accepted and is on its way. */
export class Intake {
  readonly #options: OutboxOptions;
  readonly #lanes: OutboxLanes;
  readonly #totals: OutboxTotals;
  readonly #writes: OutboxWrites;
  readonly #collected: BatchCollector;
  /** Whether numbers have to be reserved before what is in memory can go out. */
  needsNumbers = false;

  constructor(options: OutboxOptions, lanes: OutboxLanes, writes: OutboxWrites) {
    this.#options = options;
    this.#lanes = lanes;
    this.#totals = lanes.totals;
    this.#writes = writes;
    this.#collected = new BatchCollector(collectorBounds(options));
  }

  /** Whether nothing is collected. */
  get isEmpty(): boolean {
    return this.#collected.isEmpty;
  }

  /** Bytes of what is collected. */
  get bytes(): number {
    return this.#collected.bytes;
  }

  /** Whether the outbox is at its limits, for a message of this size. */
  isFullFor(entryBytes: number): boolean {
    const { outboxMaxMessages, outboxMaxBytes } = this.#options;
    return this.#totals.messages >= outboxMaxMessages || this.#totals.bytes + entryBytes > outboxMaxBytes;
  }

  /** Whether a message of this size can wait in memory for the outbox to have room. */
  canWait(entryBytes: number): boolean {
    const { whenFull, waitMaxMessages, waitMaxBytes } = this.#options;
    const { messages, bytes } = this.#collected;
    return whenFull === 'wait' && messages < waitMaxMessages && bytes + entryBytes <= waitMaxBytes;
  }

  /** Takes one message and gives it the next number of its lane. */
  collect(message: CollectedMessage, ordinal: number, ageMs: number): number {
    const sequence = this.#lanes.of(message.lane).takeNumber();
    this.#collected.add(message, { sequence, ordinal, ageMs });
    this.#totals.bytes += message.entry.length;
    return sequence;
  }

  /**
   * Brings what was collected on its way, as far as the outbox has room: into the next commit, or, when it is not critical and
   * its lane can send now, straight into memory. Returns the messages of low importance that have to go.
   *
   * @param isClosing - the outbox takes everything, whatever its limits are
   */
  route(canSend: (lane: string) => boolean, isClosing: boolean): LaneRun[] {
    if (this.#writes.isCommitting || this.#collected.isEmpty) return [];
    const gone: LaneRun[] = [];
    for (const batch of this.#collected.take((next) => isClosing || this.#hasRoomFor(next))) {
      const lane = this.#lanes.of(batch.lane);
      if (batch.importance !== 'critical' && canSend(batch.lane)) {
        lane.enter(batch);
        if (lane.numbers.storedNext <= lastOf(batch)) {
          lane.numbers.reserve();
          this.needsNumbers = true;
        }
      } else if (batch.importance === 'low') {
        this.#totals.bytes -= batch.entries.length;
        // What has been cancelled meanwhile has been told.
        for (const run of lane.settle(runOf(batch))) gone.push({ lane: batch.lane, ...run });
      } else {
        lane.enter(batch);
        this.#writes.add(batch, batchKey(this.#options.keyPrefix, batch.lane, batch.first));
      }
    }
    return gone;
  }

  /** What was collected first of all leaves, to make room. */
  dropFirst(): LaneRun | undefined {
    for (let dropped = this.#collected.dropFirst(); dropped !== undefined; dropped = this.#collected.dropFirst()) {
      const { lane, sequence, bytes } = dropped;
      this.#totals.bytes -= bytes;
      const [run] = this.#lanes.of(lane).settle({ first: sequence, last: sequence });
      // What has been cancelled meanwhile has been told.
      if (run !== undefined) return { lane, ...run };
    }
    return undefined;
  }

  #hasRoomFor({ messages, bytes }: { readonly messages: number; readonly bytes: number }): boolean {
    const { whenFull, outboxMaxMessages, outboxMaxBytes } = this.#options;
    if (whenFull !== 'wait') return true;
    const othersMessages = this.#totals.messages - this.#collected.messages;
    const othersBytes = this.#totals.bytes - this.#collected.bytes;
    if (othersMessages <= 0) return true;
    return othersMessages + messages <= outboxMaxMessages && othersBytes + bytes <= outboxMaxBytes;
  }
}

/** A batch must fit into the outbox as a whole, or it would wait for room for ever. */
function collectorBounds(options: OutboxOptions): BatchBounds {
  return {
    batchMaxBytes: Math.min(options.batchMaxBytes, options.outboxMaxBytes),
    batchMaxMessages: Math.min(options.batchMaxMessages, options.outboxMaxMessages),
  };
}
