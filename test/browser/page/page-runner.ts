// A test runner of a few lines, for suites that run inside a page. What its tests come to is told to the test outside.

import type { TestRunner } from '@holdfast/simulator/compliance';

/** What became of one test. `failure`: what went wrong, or `undefined`. */
export interface TestResult {
  readonly name: string;
  readonly failure: string | undefined;
}

type Step = () => Promise<void>;

/** Gathers tests, then runs them one after another. One `describe` is all that it knows. */
export class PageRunner implements TestRunner {
  readonly #tests: { readonly name: string; readonly run: Step }[] = [];
  readonly #before: Step[] = [];
  readonly #after: Step[] = [];

  describe(_: string, define: () => void): void {
    define();
  }

  readonly test = (name: string, run: Step): void => void this.#tests.push({ name, run });
  readonly beforeEach = (run: Step): void => void this.#before.push(run);
  readonly afterEach = (run: Step): void => void this.#after.push(run);

  async run(): Promise<TestResult[]> {
    const results: TestResult[] = [];
    for (const { name, run } of this.#tests) {
      let failure: string | undefined;
      try {
        for (const step of [...this.#before, run, ...this.#after]) await step();
      } catch (error) {
        failure = String(error);
      }
      results.push({ name, failure });
    }
    return results;
  }
}
