// What a receiver holds: in each lane the messages that wait, in order, and the one that is with the handler. A lane that
// holds nothing costs nothing.

import type { ReceivedMessage } from './receiver-contract.js';

/** One lane. While anything waits, something is with the handler. */
interface ReceivingLane {
  readonly waiting: ReceivedMessage[];
  /** The number with the handler, or 0. */
  running: number;
}

/** The messages that a receiver holds. */
export class ReceivingLanes {
  readonly #lanes = new Map<string, ReceivingLane>();
  #waitingCount = 0;
  #waitingBytes = 0;
  #runningCount = 0;

  /** Messages that wait in all lanes. */
  get waitingCount(): number {
    return this.#waitingCount;
  }

  /** Bytes of their data. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Messages that wait, and those with the handler. */
  get pendingCount(): number {
    return this.#waitingCount + this.#runningCount;
  }

  get names(): readonly string[] {
    return [...this.#lanes.keys()];
  }

  /** Whether the lane holds a message. */
  has(name: string, sequence: number): boolean {
    const lane = this.#lanes.get(name);
    if (lane === undefined) return false;
    const first = lane.waiting[0]?.sequence ?? Number.POSITIVE_INFINITY;
    const last = lane.waiting.at(-1)?.sequence ?? 0;
    return lane.running === sequence || (first <= sequence && sequence <= last);
  }

  /** The last message that the lane holds, or 0. */
  lastOf(name: string): number {
    const lane = this.#lanes.get(name);
    return lane?.waiting.at(-1)?.sequence ?? lane?.running ?? 0;
  }

  /** Puts a message behind all others of its lane. */
  push(message: ReceivedMessage): void {
    let lane = this.#lanes.get(message.lane);
    if (lane === undefined) {
      lane = { waiting: [], running: 0 };
      this.#lanes.set(message.lane, lane);
    }
    lane.waiting.push(message);
    this.#waitingCount += 1;
    this.#waitingBytes += message.data.length;
  }

  /** The next message for the handler, which has it from now on; `undefined` while it has another one of the lane. */
  begin(name: string): ReceivedMessage | undefined {
    const lane = this.#lanes.get(name);
    if (lane === undefined || lane.running !== 0) return undefined;
    const message = this.#shift(lane);
    if (message === undefined) {
      this.#lanes.delete(name);
      return undefined;
    }
    lane.running = message.sequence;
    this.#runningCount += 1;
    return message;
  }

  /** The handler is done with a message; returns the name of its lane, if there is such a message. */
  end(sequence: number): string | undefined {
    for (const [name, lane] of this.#lanes) {
      if (lane.running !== sequence) continue;
      lane.running = 0;
      this.#runningCount -= 1;
      return name;
    }
    return undefined;
  }

  /** Drops what waits in a lane; returns the number of the first of it, or `undefined`. */
  dropWaiting(name: string): number | undefined {
    const lane = this.#lanes.get(name);
    if (lane === undefined) return undefined;
    const first = lane.waiting[0]?.sequence;
    while (this.#shift(lane) !== undefined);
    if (lane.running === 0) this.#lanes.delete(name);
    return first;
  }

  /** Drops what waits below `floor`. */
  dropBelow(floor: number): void {
    for (const lane of this.#lanes.values()) {
      while ((lane.waiting[0]?.sequence ?? floor) < floor) this.#shift(lane);
    }
  }

  /** Forgets everything, what is with the handler too. */
  clear(): void {
    this.#lanes.clear();
    this.#waitingCount = 0;
    this.#waitingBytes = 0;
    this.#runningCount = 0;
  }

  #shift(lane: ReceivingLane): ReceivedMessage | undefined {
    const message = lane.waiting.shift();
    if (message === undefined) return undefined;
    this.#waitingCount -= 1;
    this.#waitingBytes -= message.data.length;
    return message;
  }
}
