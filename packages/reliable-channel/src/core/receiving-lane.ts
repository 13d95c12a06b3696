// One lane of a sender: what was handled of its numbers, what waits in order, and the message that is with the handler.

import { AckRanges, EMPTY_RANGES, type RangeList } from '@holdfast/protocol/core';
import { INBOX_RANGES_MAX } from './inbox-record.js';
import type { ReceivedMessage } from './receiver-contract.js';

/** What the lanes of one sender hold together. */
export interface LaneTotals {
  /** Messages that wait. */
  waiting: number;
  /** Bytes of their data. */
  waitingBytes: number;
  /** Messages with the handler. */
  running: number;
  /** Messages of both kinds that begin a new range when they are handled. */
  gaps: number;
}

interface HeldMessage {
  readonly message: ReceivedMessage;
  readonly sinceMs: number;
  readonly opensGap: boolean;
}

/** One lane. */
export class ReceivingLane {
  readonly name: string;
  readonly #totals: LaneTotals;
  readonly #handled: AckRanges;
  /** What is on disk, and so may be said. */
  #recorded: RangeList;
  readonly #waiting: HeldMessage[] = [];
  #running: HeldMessage | undefined;
  /** Whether something was handled that no record under way has. */
  isUnrecorded = false;

  constructor(name: string, totals: LaneTotals, handled: RangeList = EMPTY_RANGES) {
    this.name = name;
    this.#totals = totals;
    this.#handled = new AckRanges(handled);
    this.#recorded = handled;
  }

  /** What was handled, recorded or not, and everything below the floor. */
  get handled(): AckRanges {
    return this.#handled;
  }

  /** The part of it that is on disk, and everything below the floor. */
  get recorded(): RangeList {
    return this.#recorded;
  }

  /** Whether a message of the lane is with the handler. */
  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** Whether nothing waits and nothing is with the handler. */
  get isEmpty(): boolean {
    return this.#running === undefined && this.#waiting.length === 0;
  }

  /** Whether the message waits or is with the handler. */
  holds(sequence: number): boolean {
    const first = this.#waiting[0]?.message.sequence ?? Number.POSITIVE_INFINITY;
    return sequence === this.#running?.message.sequence || (first <= sequence && sequence <= this.#lastHeld);
  }

  /** Whether a message may come behind what the lane has, when its nearest unsettled predecessor is `before`. */
  isNext(sequence: number, before: number): boolean {
    if (sequence <= this.#lastHeld) return false;
    return before === 0 || before === this.#lastHeld || this.#handled.has(before);
  }

  /** Whether numbers are missing before it, so that it will begin a range of its own. */
  opensGap(sequence: number): boolean {
    return this.#lastHeld !== sequence - 1 && !this.#handled.has(sequence - 1);
  }

  /** When the message came that has waited longest; `undefined`: none waits. */
  get waitingSinceMs(): number | undefined {
    return this.#waiting[0]?.sinceMs;
  }

  /** Puts a message behind all others. */
  push(message: ReceivedMessage, nowMs: number): void {
    const opensGap = this.opensGap(message.sequence);
    this.#waiting.push({ message, opensGap, sinceMs: nowMs });
    this.#totals.waiting += 1;
    this.#totals.waitingBytes += message.data.length;
    if (opensGap) this.#totals.gaps += 1;
  }

  /** The next message for the handler, which has it from now on; `undefined` when none waits. */
  begin(): ReceivedMessage | undefined {
    this.#running = this.#shift();
    if (this.#running === undefined) return undefined;
    this.#totals.running += 1;
    if (this.#running.opensGap) this.#totals.gaps += 1;
    return this.#running.message;
  }

  /** The handler is done with the message. Returns false when it does not have that one. */
  end(sequence: number): boolean {
    if (this.#running?.message.sequence !== sequence) return false;
    this.#totals.running -= 1;
    if (this.#running.opensGap) this.#totals.gaps -= 1;
    this.#running = undefined;
    return true;
  }

  /** Adds a number to what was handled. */
  add(sequence: number): void {
    if (this.#handled.has(sequence)) return;
    this.#handled.add(sequence);
    this.isUnrecorded = true;
  }

  /** This is on disk now. */
  onRecorded(handled: RangeList): void {
    const recorded = new AckRanges(handled);
    // The floor may have risen meanwhile.
    recorded.raiseFloor(this.#recorded.cumulative + 1);
    this.#recorded = recorded.snapshot(INBOX_RANGES_MAX);
  }

  /** Below this the sender sends nothing again: what waits there is dropped, and gaps there are forgotten. */
  raiseFloor(floor: number): void {
    if (floor <= this.#recorded.cumulative + 1) return;
    this.#handled.raiseFloor(floor);
    // What the sender has given up needs no record before it is left behind.
    const recorded = new AckRanges(this.#recorded);
    recorded.raiseFloor(floor);
    this.#recorded = recorded.snapshot(INBOX_RANGES_MAX);
    while ((this.#waiting[0]?.message.sequence ?? floor) < floor) this.#shift();
  }

  /** Drops what waits; returns the number of the first of it, or `undefined`. */
  dropWaiting(): number | undefined {
    const first = this.#waiting[0]?.message.sequence;
    while (this.#shift() !== undefined);
    return first;
  }

  /** The last number that it holds, or 0. */
  get #lastHeld(): number {
    return (this.#waiting.at(-1) ?? this.#running)?.message.sequence ?? 0;
  }

  #shift(): HeldMessage | undefined {
    const held = this.#waiting.shift();
    if (held === undefined) return undefined;
    this.#totals.waiting -= 1;
    this.#totals.waitingBytes -= held.message.data.length;
    if (held.opensGap) this.#totals.gaps -= 1;
    return held;
  }
}
