import { defineConfig } from 'vitest/config';

// Tests see a sibling package as its source, so a failing line is a line that somebody wrote.
// The other two are defaults, which a list of our own replaces. A third, `module`, is left out: what it finds is made for
// bundlers, and Node can not always load it.
const conditions = ['@holdfast/source', 'node', 'development|production'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts', 'bench/test/**/*.test.ts'],
    setupFiles: ['test/setup/fail-on-console.ts'],
    // Only what hangs takes so long. No test waits for a time to pass by these, so they are far from what a busy machine needs.
    testTimeout: 180_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
    pool: 'forks',
    maxWorkers: 2,
  },
});
