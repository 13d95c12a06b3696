import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import * as core from '../src/core/index.js';
import * as main from '../src/index.js';

it('the smallest program of the README runs as printed, and prints what the README says', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const program = /```ts\n(.*?)```/s.exec(readme)?.[1] ?? '';
  const expected = /It prints `(.*)`/.exec(readme)?.[1];
  // A function has no imports; the names that they would bring come in as one argument.
  const body = program.replace(
    /^import (\{.*\}) from '@holdfast\/protocol(\/core)?';$/gm,
    'const $1 = doors["protocol$2"];',
  );
  const printed: unknown[][] = [];
  const console = { log: (...values: unknown[]) => printed.push(values) };
  new Function('doors', 'console', body)({ protocol: main, 'protocol/core': core }, console);
  expect(printed).toEqual([['temperature', { value: { celsius: 73.97 } }]]);
  expect(expected).toBe('temperature { value: { celsius: 73.97 } }');
});
