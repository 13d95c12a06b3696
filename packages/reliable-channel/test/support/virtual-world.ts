// Virtual time and a disk for simulations of the bare cores: no promise, no shell, nothing that is not in this file.

import { pick, randomInteger, seededRandom } from '@holdfast/simulator';
import type { StoreOperation } from '../../src/core/index.js';

interface PlannedEvent {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** A clock that jumps from event to event. One seed makes one run. */
export class VirtualWorld {
  nowMs = 0;
  /** Events in a heap: the earliest is the first; of the same time, the one that was planned first. */
  readonly #heap: PlannedEvent[] = [];
  readonly #draw: () => number;
  #order = 0;
  #eventsOfInstant = 0;

  constructor(seed: number) {
    this.#draw = seededRandom(seed);
  }

  readonly random = (): number => this.#draw();

  between(min: number, max: number): number {
    return randomInteger(this.#draw, { min, max });
  }

  /** True once in `n` calls. */
  oneIn(n: number): boolean {
    return this.between(1, n) === 1;
  }

  pick<Item>(items: readonly Item[]): Item {
    return pick(this.#draw, items);
  }

  after(delayMs: number, run: () => void): void {
    this.#push({ atMs: this.nowMs + delayMs, order: this.#order++, run });
  }

  /** Runs events until `isDone` or until the time is up; says whether it was done. */
  runUntil(isDone: () => boolean, limitMs: number): boolean {
    const endMs = this.nowMs + limitMs;
    while (!isDone()) {
      const next = this.#heap[0];
      if (next === undefined || next.atMs > endMs) {
        this.nowMs = endMs;
        return isDone();
      }
      this.#pop();
      this.#eventsOfInstant = next.atMs > this.nowMs ? 0 : this.#eventsOfInstant + 1;
      if (this.#eventsOfInstant > 10_000) throw new Error(`time stands still at ${this.nowMs} ms`);
      this.nowMs = next.atMs;
      next.run();
    }
    return true;
  }

  #push(event: PlannedEvent): void {
    const heap = this.#heap;
    let index = heap.push(event) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (isBefore(heap[parent] as PlannedEvent, event)) break;
      heap[index] = heap[parent] as PlannedEvent;
      index = parent;
    }
    heap[index] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const moved = heap.pop() as PlannedEvent;
    if (heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as PlannedEvent, heap[child] as PlannedEvent)) child += 1;
      if (isBefore(moved, heap[child] as PlannedEvent)) break;
      heap[index] = heap[child] as PlannedEvent;
      index = child;
    }
    heap[index] = moved;
  }
}

function isBefore(a: PlannedEvent, b: PlannedEvent): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

/** What survives a crash. */
export class Disk {
  readonly records = new Map<string, Uint8Array>();

  apply(operations: readonly StoreOperation[]): void {
    for (const operation of operations) {
      if (operation.type === 'put') this.records.set(operation.key, operation.value.slice());
      else this.records.delete(operation.key);
    }
  }

  /** Records from `from` on and below `to`, at least one and then up to `maxBytes`. */
  read(from: string, to: string, maxBytes: number): Uint8Array[] {
    const values: Uint8Array[] = [];
    let bytes = 0;
    for (const key of [...this.records.keys()].sort()) {
      if (key < from || key >= to) continue;
      if (values.length > 0 && bytes >= maxBytes) break;
      const value = (this.records.get(key) as Uint8Array).slice();
      values.push(value);
      bytes += value.length;
    }
    return values;
  }
}
