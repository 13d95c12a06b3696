// Holds docs/features.md to the tests: whatever the page says is shown by a test that exists, or is plainly not there yet.
// Evidence in the page is a link to a test file from the root and the beginning of a title in it, `[name](../path) the title`;
// several are parted by `<br>`.

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PAGE = readFileSync(`${ROOT}docs/features.md`, 'utf8');
/** Shorter beginnings of titles could fit anything. */
const TITLE_MIN_LENGTH = 12;
const EVIDENCE = /^\[([^\]]+)\]\(\.\.\/([^)]+\.test\.ts)\) (.+)$/;
const NOT_YET = /^not yet: .{20,}$/;

/** Reads a file of the repository; `undefined` when there is none. */
type ReadFile = (path: string) => string | undefined;

interface Row {
  readonly line: number;
  readonly cells: readonly string[];
}

/** The rows of all tables, without their heads. */
function rowsOf(page: string): Row[] {
  const lines = page.split('\n');
  return lines.flatMap((text, index) => {
    const isRow = text.startsWith('|') && !text.startsWith('|---') && !(lines[index + 1] ?? '').startsWith('|---');
    return isRow
      ? [
          {
            line: index + 1,
            cells: text
              .slice(1, -1)
              .split('|')
              .map((cell) => cell.trim()),
          },
        ]
      : [];
  });
}

/** What is wrong with the rows of a page, one line each. */
function findFaults(page: string, readFile: ReadFile): string[] {
  return rowsOf(page).flatMap(({ line, cells }) => {
    const [feature = '', how = '', shown = ''] = cells;
    if (cells.length !== 3 || feature === '' || how === '') return [`line ${line}: a row has three cells`];
    return shown.split('<br>').flatMap((text) => {
      const fault = NOT_YET.test(text) ? undefined : faultOf(text, readFile);
      return fault === undefined ? [] : [`line ${line}: ${fault}`];
    });
  });
}

function faultOf(evidence: string, readFile: ReadFile): string | undefined {
  const [, name = '', path = '', title = ''] = EVIDENCE.exec(evidence) ?? [];
  if (path === '') return `this is no evidence, nor a reason: ${evidence}`;
  if (!path.endsWith(`/${name}`)) return `${name} is not the name of ${path}`;
  const source = readFile(path);
  if (source === undefined) return `there is no ${path}`;
  if (title.length < TITLE_MIN_LENGTH) return `the title is too short to be found: ${title}`;
  return isTitleIn(source, title) ? undefined : `no title in ${path} begins with: ${title}`;
}

function isTitleIn(source: string, title: string): boolean {
  return [`'`, '"', '`'].some((quote) => source.includes(quote + title));
}

function readFromRepository(path: string): string | undefined {
  return existsSync(ROOT + path) ? readFileSync(ROOT + path, 'utf8') : undefined;
}

describe('docs/features.md', () => {
  test('names tests that exist, by titles that they have', () => {
    expect(findFaults(PAGE, readFromRepository)).toEqual([]);
  });

  test('has a row for each feature that was looked for in others, and for each that none of them has', () => {
    const sections = PAGE.split(/^## /m).slice(1);
    const counts = sections.map((section) => [section.split('\n')[0], rowsOf(section).length]);
    expect(counts).toEqual([
      ['What a messenger in JavaScript can have', 29],
      ['What a device has besides', 15],
      ['What none of those that were looked at has', 12],
    ]);
  });

  test('names each feature once', () => {
    const features = rowsOf(PAGE).map(({ cells }) => cells[0]);
    expect(features).toEqual([...new Set(features)]);
  });

  test('leads to all experiments in which others failed', () => {
    const named = [...PAGE.matchAll(/\) E(\d+) /g)].map(([, number]) => Number(number));
    const all = Array.from({ length: 15 }, (_, index) => index + 1);
    expect([...new Set(named)].sort((a, b) => a - b)).toEqual(all);
  });
});

describe('the check of the page', () => {
  const readFile: ReadFile = (path) =>
    path === 'test/x.test.ts' ? "test('keeps what it was given', () => {" : undefined;
  const page = (shown: string) => `| feature | how | shown by |\n|---|---|---|\n| one | so | ${shown} |`;

  test.each([
    '[x.test.ts](../test/x.test.ts) keeps what it was given',
    '[x.test.ts](../test/x.test.ts) keeps what it was<br>[x.test.ts](../test/x.test.ts) keeps what it was given',
    'not yet: nobody has asked for it',
  ])('takes %s', (shown) => {
    expect(findFaults(page(shown), readFile)).toEqual([]);
  });

  test.each([
    ['there is no test/y.test.ts', '[y.test.ts](../test/y.test.ts) keeps what it was given'],
    ['no title in test/x.test.ts begins with', '[x.test.ts](../test/x.test.ts) loses what it was given'],
    ['no title in test/x.test.ts begins with', '[x.test.ts](../test/x.test.ts) what it was given'],
    ['y.test.ts is not the name of', '[y.test.ts](../test/x.test.ts) keeps what it was given'],
    ['too short', '[x.test.ts](../test/x.test.ts) keeps'],
    ['no evidence, nor a reason', 'not yet'],
    ['no evidence, nor a reason', 'of course'],
    ['a row has three cells', 'not yet: nobody has asked for it | more'],
  ])('finds that %s', (fault, shown) => {
    expect(findFaults(page(shown), readFile)).toEqual([expect.stringContaining(fault)]);
  });
});
