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
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // A poll ends as soon as its condition holds; its default of one second ends it on a machine that stands still for one.
    expect: { poll: { timeout: 20_000 } },
    pool: 'forks',
    maxWorkers: 2,
  },
});
