// The timers of the virtual runtime: a binary heap ordered by due time, then by the order in which they were set.
// The rule to know: every entry knows its own place in the heap, so that clearing one costs O(log n) and leaves
// nothing behind. Programs that reset a timeout on every packet clear far more timers than ever fire.

/** One timer. Its holder treats it as opaque. */
export interface QueuedTimer {
  /** Virtual milliseconds at which it fires. */
  readonly dueMs: number;
  /** Rises with every timer set; settles which of two timers of the same instant fires first. */
  readonly order: number;
  readonly callback: () => void;
  /** Its place in the heap, or -1 once it fired or was cleared. */
  place: number;
}

/** A priority queue of timers. */
export class TimerQueue {
  /** The heap: the children of place i are at 2i + 1 and 2i + 2, and none is due before its parent. */
  readonly #heap: QueuedTimer[] = [];
  /** The order of the next timer. */
  #nextOrder = 0;

  /** Adds a timer. `dueMs` is finite. */
  add(dueMs: number, callback: () => void): QueuedTimer {
    const timer: QueuedTimer = { dueMs, order: this.#nextOrder, callback, place: this.#heap.length };
    this.#nextOrder += 1;
    this.#heap.push(timer);
    this.#moveUp(timer);
    return timer;
  }

  /** Takes a timer out. Does nothing when it is not in this queue (any more). */
  remove(timer: QueuedTimer): void {
    if (this.#heap[timer.place] !== timer) return;
    const last = this.#heap.pop() as QueuedTimer;
    if (last !== timer) {
      this.#put(last, timer.place);
      this.#moveUp(last);
      this.#moveDown(last);
    }
    timer.place = -1;
  }

  /** The timer that fires next, or `undefined`. It stays in the queue. */
  get first(): QueuedTimer | undefined {
    return this.#heap[0];
  }

  /** How many timers are waiting. */
  get size(): number {
    return this.#heap.length;
  }

  #moveUp(timer: QueuedTimer): void {
    while (timer.place > 0) {
      const parent = this.#heap[(timer.place - 1) >> 1] as QueuedTimer;
      if (!isBefore(timer, parent)) return;
      this.#swap(timer, parent);
    }
  }

  #moveDown(timer: QueuedTimer): void {
    for (;;) {
      const left = this.#heap[2 * timer.place + 1];
      if (left === undefined) return;
      const right = this.#heap[2 * timer.place + 2];
      const child = right !== undefined && isBefore(right, left) ? right : left;
      if (!isBefore(child, timer)) return;
      this.#swap(timer, child);
    }
  }

  #swap(one: QueuedTimer, other: QueuedTimer): void {
    const place = one.place;
    this.#put(one, other.place);
    this.#put(other, place);
  }

  #put(timer: QueuedTimer, place: number): void {
    this.#heap[place] = timer;
    timer.place = place;
  }
}

function isBefore(one: QueuedTimer, other: QueuedTimer): boolean {
  return one.dueMs < other.dueMs || (one.dueMs === other.dueMs && one.order < other.order);
}
