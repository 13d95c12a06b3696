// A test runner of the least kind, which keeps the failures of a suite in place of reporting them.

import type { TestRunner } from '../../src/compliance/index.js';

/** One failed test. */
export interface Failure {
  readonly name: string;
  readonly error: Error;
}

/** Runs a suite, or its tests whose names hold `wanted`, and tells what failed. */
export async function failuresOf(define: (runner: TestRunner) => void, wanted = ''): Promise<Failure[]> {
  const tests: { name: string; run: () => Promise<void> }[] = [];
  const before: (() => Promise<void>)[] = [];
  const after: (() => Promise<void>)[] = [];
  define({
    describe: (_, body) => body(),
    test: (name, run) => void (name.includes(wanted) && tests.push({ name, run })),
    beforeEach: (run) => before.push(run),
    afterEach: (run) => after.push(run),
  });
  const failures: Failure[] = [];
  for (const { name, run } of tests) {
    try {
      for (const each of before) await each();
      try {
        await run();
      } finally {
        for (const each of after) await each();
      }
    } catch (error) {
      failures.push({ name, error: error as Error });
    }
  }
  return failures;
}
