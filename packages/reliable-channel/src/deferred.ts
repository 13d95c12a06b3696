// A promise that is settled from outside.

/** A promise, and who settles it. A rejection that nobody looks at is none. */
export class Deferred<Value> {
  readonly promise: Promise<Value>;
  resolve!: (value: Value) => void;
  reject!: (error: unknown) => void;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // A rejection that nobody looks at must not end the program.
    this.promise.catch(() => {});
  }
}
