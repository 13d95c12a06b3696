// Fails a test that prints. A line on the console is either a forgotten trace or a warning that nobody reads.
// A test that expects output replaces the method itself, with `vi.spyOn`.
import { afterAll, afterEach } from 'vitest';

const METHODS = ['debug', 'error', 'info', 'log', 'trace', 'warn'] as const;
const printed: string[] = [];

for (const method of METHODS) {
  console[method] = (...values: unknown[]) => {
    printed.push(`console.${method}: ${values.map(String).join(' ')}`);
  };
}

function failIfPrinted(): void {
  const lines = printed.splice(0);
  if (lines.length > 0) throw new Error(`stray console output:\n${lines.join('\n')}`);
}

afterEach(failIfPrinted);
// What was printed outside any test.
afterAll(failIfPrinted);
