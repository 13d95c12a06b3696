// What the compliance suites need of a test runner. Vitest, Mocha, Jest and Node's own have it under these names, or nearly.

/** The functions of a test runner, handed in by whoever calls a suite. */
export interface TestRunner {
  describe(name: string, define: () => void): unknown;
  /** `test`, or `it`. */
  test(name: string, run: () => Promise<void>): unknown;
  beforeEach(run: () => Promise<void>): unknown;
  afterEach(run: () => Promise<void>): unknown;
}
