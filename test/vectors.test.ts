// The cores against their vectors, the contract for ports (test/vectors/README.md).

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import Ajv from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { type Case, playCase, type VectorFile } from './vectors/play.js';
import { PLAYERS } from './vectors/players/index.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FOLDER = `${ROOT}test/vectors/`;
const CASES_MIN = 150;

const readJson = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
const names = readdirSync(FOLDER).filter((name) => name.endsWith('.json') && name !== 'schema.json');
const files: readonly VectorFile[] = names.map((name) => readJson(`${FOLDER}${name}`));
const validate = new Ajv.Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true }).compile(
  readJson(`${FOLDER}schema.json`),
);

for (const { core, cases } of files) {
  describe(core, () => {
    test.each(cases)(`${core}: $title`, (given) => {
      const player = PLAYERS[core];
      if (player === undefined) throw new Error(`there is no player for ${core}`);
      expect(playCase(player, given)).toEqual(given.steps);
    });
  });
}

/** The headings of a page, as links write them. */
function anchorsOf(path: string): string[] {
  const headings = [...readFileSync(path, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, text]) => text as string);
  return headings.map((text) =>
    text
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replace(/ /g, '-'),
  );
}

describe('the files of vectors', () => {
  test.each(files)('$core keeps to the schema', (file) => {
    if (!validate(file)) expect.fail(JSON.stringify(validate.errors, undefined, 1));
    expect(PLAYERS).toHaveProperty(file.core);
  });

  test('there is one for every player, named after its core', () => {
    expect(files.map(({ core }) => core).sort()).toEqual(Object.keys(PLAYERS).sort());
    expect(names).toEqual(files.map(({ core }) => `${core}.json`));
  });

  test(`there are ${CASES_MIN} cases at least, each with a title of its own in its file`, () => {
    for (const { cases } of files) expect(new Set(cases.map(({ title }) => title)).size).toBe(cases.length);
    expect(files.flatMap(({ cases }) => cases).length).toBeGreaterThanOrEqual(CASES_MIN);
  });

  test('every case leads to a place that exists', () => {
    const wrong = files
      .flatMap(({ cases }) => cases.flatMap(({ spec }) => spec))
      .filter((place) => {
        const [path = '', anchor = ''] = place.split('#');
        return !existsSync(`${ROOT}${path}`) || !anchorsOf(`${ROOT}${path}`).includes(anchor);
      });
    expect([...new Set(wrong)]).toEqual([]);
  });

  test.each(files)('a wrong output in $core is noticed, and so is a missing one', ({ core, cases }) => {
    const player = PLAYERS[core] as (typeof PLAYERS)[string];
    const given = cases[0] as Case;
    const [step, ...rest] = given.steps;
    const wrong = { ...given, steps: [{ ...step, outputs: [...(step?.outputs ?? []), { type: 'wrong' }] }, ...rest] };
    expect(playCase(player, wrong as Case)).not.toEqual(wrong.steps);
  });

  test('draws that do not match what a case lists are noticed', () => {
    const given: Case = {
      title: 'x',
      spec: [],
      options: { minMs: 1, maxMs: 2 },
      steps: [{ input: { type: 'delay', failures: 1 }, outputs: [] }],
    };
    const player = PLAYERS.backoff as (typeof PLAYERS)[string];
    expect(() => playCase(player, given)).toThrow('more random');
    expect(() => playCase(player, { ...given, random: [1, 2] })).toThrow('fewer random');
  });
});
