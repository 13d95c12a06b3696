// Prints what the transport promises of impOS, statement by statement, with the tests that show it: `npm run checklist`.
// Statements come from docs/impos-semantics.md, results from a run of all tests whose titles begin with numbers, as `S19 ...`
// or `S25 S27 ...`; such a test counts for each of them.
// Ends with 1 when a statement has no test or a test has failed.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

const ROOT = new URL('..', import.meta.url).pathname;
const STATEMENT = /^\| (S\d+a?) \| (.+) \| [A-Z, ]+ \|$/;
const NUMBERED = /^((?:S\d+a? )+)(.*)$/s;

/** The statements of the page: number to text. */
function readStatements() {
  const page = readFileSync(join(ROOT, 'docs/impos-semantics.md'), 'utf8');
  return new Map(
    [...page.split('\n')]
      .map((line) => STATEMENT.exec(line))
      .filter(Boolean)
      .map((row) => [row[1], row[2]]),
  );
}

/** Runs the numbered tests and returns them: numbers, the rest of the title, file, whether they passed. */
function runTests() {
  const folder = mkdtempSync(join(tmpdir(), 'checklist-'));
  const report = join(folder, 'report.json');
  try {
    // Vitest matches the whole name: the names of the groups, then the title.
    const pattern = '(^| )S[0-9]+a? ';
    const args = ['node_modules/vitest/vitest.mjs', 'run', '-t', pattern, '--reporter=json', `--outputFile=${report}`];
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
    if (status !== 0 && status !== 1) throw new Error(`the tests could not be run: ${stderr}`);
    const { testResults } = JSON.parse(readFileSync(report, 'utf8'));
    return testResults.flatMap(({ name, assertionResults }) =>
      assertionResults
        .filter(({ title, status: state }) => NUMBERED.test(title) && state !== 'skipped' && state !== 'pending')
        .map(({ title, status: state }) => {
          const [, numbers, text] = NUMBERED.exec(title);
          return { numbers: numbers.trim().split(' '), text, file: relative(ROOT, name), state };
        }),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const statements = readStatements();
console.error('Running the tests whose titles begin with a number...');
const tests = runTests();
let isGood = true;
for (const [number, statement] of statements) {
  const own = tests.filter(({ numbers }) => numbers.includes(number));
  const failed = own.filter(({ state }) => state !== 'passed');
  const verdict = own.length === 0 ? 'NO TEST' : failed.length > 0 ? 'FAILED' : 'pass';
  isGood &&= verdict === 'pass';
  console.log(`${number.padEnd(4)}  ${verdict.padEnd(7)}  ${statement}`);
  const shown = failed.length > 0 ? failed : own;
  for (const { text, file } of shown) console.log(`${' '.repeat(15)}${text}  (${file})`);
}
for (const { numbers, text } of tests) {
  const unknown = numbers.filter((number) => !statements.has(number));
  for (const number of unknown) console.log(`${number}  UNKNOWN  no such statement: ${text}`);
  isGood &&= unknown.length === 0;
}
const shown = [...statements.keys()].filter((number) => tests.some(({ numbers }) => numbers.includes(number)));
console.log(
  `\n${shown.length} of ${statements.size} statements have tests; ${tests.length} tests, ${tests.filter(({ state }) => state === 'passed').length} passed.`,
);
process.exitCode = isGood ? 0 : 1;
