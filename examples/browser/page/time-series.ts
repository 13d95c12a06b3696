// The latest values of something that is looked at at a steady pace.

/** A bounded series of values, `undefined` where there was none. */
export class TimeSeries {
  readonly #max: number;
  #values: (number | undefined)[] = [];

  /** @param max - values kept; at least 1 */
  constructor(max: number) {
    this.#max = max;
  }

  push(value: number | undefined): void {
    this.#values = [...this.#values, value].slice(-this.#max);
  }

  /** Oldest first. */
  get values(): readonly (number | undefined)[] {
    return this.#values;
  }

  get latest(): number | undefined {
    return this.#values.at(-1);
  }

  /** The highest value; 0 when there is none. */
  get highest(): number {
    return this.#values.reduce<number>((highest, value) => Math.max(highest, value ?? 0), 0);
  }
}
