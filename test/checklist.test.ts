// Every statement of docs/impos-semantics.md has a test whose title begins with its number, and no test has another number.
// Whether they pass is for `npm run checklist`, which prints all of it, and for the tests themselves.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readSources } from './structure/source.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const page = readFileSync(`${ROOT}docs/impos-semantics.md`, 'utf8');
const stated = [...page.matchAll(/^\| (S\d+a?) \| .+ \| [A-Z, ]+ \|$/gm)].map(([, number]) => number as string);

/** The numbers with which texts of test files begin, titles that is, to the files. */
function testedNumbers(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { path, text } of readSources(ROOT, ['packages', 'test'])) {
    if (!path.endsWith('.test.ts')) continue;
    for (const [, number] of text.matchAll(/['"`](S\d+a?) /g)) {
      found.set(number as string, [...(found.get(number as string) ?? []), path]);
    }
  }
  return found;
}

test('the page states 1 to 44 and 44a, each once', () => {
  expect(stated).toEqual([...Array.from({ length: 44 }, (_, index) => `S${index + 1}`), 'S44a']);
});

test('every statement has a test, and every number a statement', () => {
  const tested = testedNumbers();
  expect(stated.filter((number) => !tested.has(number))).toEqual([]);
  expect([...tested.keys()].filter((number) => !stated.includes(number))).toEqual([]);
});
