// The cores against their vectors, the contract for ports (test/vectors/README.md).

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import Ajv from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { formatVectors } from './vectors/format.js';
import { type Case, playCase, type Step, type VectorFile } from './vectors/play.js';
import { PLAYERS } from './vectors/players/index.js';
import type { Json, JsonObject } from './vectors/players/player.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FOLDER = `${ROOT}test/vectors/`;
const CASES_MIN = 300;
/** Cores whose inputs and outputs are those of their contract; the schema does not repeat it. */
const LOOSE = ['connection-states', 'policies', 'recovery'];

const readJson = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
const names = readdirSync(FOLDER).filter((name) => name.endsWith('.json') && name !== 'schema.json');
const files: readonly VectorFile[] = names.map((name) => readJson(`${FOLDER}${name}`));
const validate = new Ajv.Ajv2020({ strict: true, strictTypes: false, allErrors: true }).compile(
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

/** The case with one thing wrong at a time: an output too many, one too few, another value in an output or in the state. */
function spoiled(given: Case): Case[] {
  return given.steps.flatMap((step, index) => {
    const { outputs, state = {} } = step;
    const changes: Partial<Step>[] = [{ outputs: [...outputs, { type: 'wrong' }] }];
    for (const [at, output] of outputs.entries()) {
      changes.push({ outputs: outputs.filter((_, other) => other !== at) });
      for (const key of Object.keys(output as JsonObject)) {
        const wrong = { ...(output as JsonObject), [key]: 'wrong' };
        changes.push({ outputs: outputs.map((other) => (other === output ? wrong : other)) });
      }
    }
    for (const key of Object.keys(state)) changes.push({ state: { ...state, [key]: 'wrong' } });
    return changes.map((changed) => ({
      ...given,
      steps: given.steps.map((other, at) => (at === index ? { ...other, ...changed } : other)),
    }));
  });
}

describe('the files of vectors', () => {
  // With `vitest -u` the files are written anew; see the README before.
  test.each(files)('$core holds what our core does, written as vectors are', async (file) => {
    const cases = file.cases.map((given) => {
      const player = PLAYERS[file.core];
      return player === undefined ? given : { ...given, steps: playCase(player, given) };
    });
    const text = formatVectors({ ...file, cases } as unknown as Json);
    await expect(text).toMatchFileSnapshot(`${FOLDER}${file.core}.json`);
  });

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

  test.each(files)('whatever is wrong in a case of $core is noticed', ({ core, cases }) => {
    const player = PLAYERS[core] as (typeof PLAYERS)[string];
    // What is wrong is played too: a player that repeats what it should compute is no player.
    const isUnnoticed = (wrong: Case) => isDeepStrictEqual(playCase(player, wrong), wrong.steps);
    const unnoticed = cases.filter((given) => spoiled(given).some(isUnnoticed));
    expect(unnoticed.map(({ title }) => title)).toEqual([]);
  });

  test.each(files.filter(({ core }) => !LOOSE.includes(core)))('the schema knows what $core can be asked', (file) => {
    const given = file.cases[0] as Case;
    const [step] = given.steps as [Step];
    const allows = (changed: Partial<Step>) =>
      validate({ ...file, cases: [{ ...given, steps: [{ ...step, ...changed }] }] });
    expect(allows({})).toBe(true);
    expect(allows({ input: { type: 'wrong' } })).toBe(false);
    expect(allows({ input: { ...step.input, wrong: 1 } })).toBe(false);
    expect(allows({ outputs: [{ wrong: 1 }] })).toBe(false);
    expect(allows({ state: { wrong: 1 } })).toBe(false);
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
