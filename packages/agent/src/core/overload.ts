// When an agent says that it is overloaded, and when it says that it is not any more. Between the two lies a gap, so that
// it does not change its mind with every message.

/** Watches one count against its limit. */
export class Overload {
  readonly #limit: number;
  #isOverloaded = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get isOverloaded(): boolean {
    return this.#isOverloaded;
  }

  /** Looks at the count; says what changed: it begins at the limit and ends at half of it. */
  update(count: number): 'begins' | 'ends' | undefined {
    if (!this.#isOverloaded && count >= this.#limit) {
      this.#isOverloaded = true;
      return 'begins';
    }
    if (this.#isOverloaded && count <= this.#limit / 2) {
      this.#isOverloaded = false;
      return 'ends';
    }
    return undefined;
  }
}
