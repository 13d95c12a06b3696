// Runs of numbers in order, with a value for each. New ones nearly always come at the end, and old ones go from the front.

/** Something that stands for `count` numbers in a row. */
export interface Span {
  readonly count: number;
}

/** An ordered list of spans that do not overlap. */
export class Spans<Value extends Span> {
  readonly #startOf: (value: Value) => number;
  readonly #values: Value[] = [];

  /** @param startOf - the first number of a span; that of one in the list never changes */
  constructor(startOf: (value: Value) => number) {
    this.#startOf = startOf;
  }

  /** The last one. */
  get last(): Value | undefined {
    return this.#values.at(-1);
  }

  add(value: Value): void {
    this.#values.splice(this.#indexFrom(this.#startOf(value)), 0, value);
  }

  delete(value: Value): void {
    const index = this.#indexFrom(this.#startOf(value));
    if (this.#values[index] === value) this.#values.splice(index, 1);
  }

  /** Those that share a number with this run, ascending. */
  overlapping(first: number, last: number): Value[] {
    const found: Value[] = [];
    for (let index = this.#indexFrom(first); index < this.#values.length; index++) {
      const value = this.#values[index] as Value;
      if (this.#startOf(value) > last) break;
      found.push(value);
    }
    return found;
  }

  /** The index of the first one that ends at `number` or later. */
  #indexFrom(number: number): number {
    let low = 0;
    let high = this.#values.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const value = this.#values[middle] as Value;
      if (this.#startOf(value) + value.count <= number) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
