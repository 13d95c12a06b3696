import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { fileOf, lineOf, portOf, reasonOf, secondsOf, tokenOf } from '../src/option-values.js';
import { temporaryFolder } from './support/cli-process.js';

afterEach(() => vi.unstubAllEnvs());

it.each([
  [portOf, '0', 0],
  [portOf, '65535', 65_535],
  [lineOf, '1', 1],
  [secondsOf, '0.25', 0.25],
  [secondsOf, '604800', 604_800],
])('%o reads %s', (read, text, value) => {
  expect(read(text)).toBe(value);
});

it.each([
  [portOf, ['', '-1', '65536', '1.5', '1e3', ' 1', 'http']],
  [lineOf, ['', '0', '-1', '1.5', '9007199254740992']],
  [secondsOf, ['', '0', '-1', '1e3', '604801', 'Infinity', '5s']],
])('%o reads nothing else', (read, texts) => {
  for (const text of texts) expect(() => read(text), text).toThrow(/It must be/);
});

describe('a token', () => {
  it('comes from the command line before the environment', () => {
    vi.stubEnv('HOLDFAST_TOKEN', 'environment');
    expect(tokenOf('given')).toBe('given');
    expect(tokenOf(undefined)).toBe('environment');
    vi.stubEnv('HOLDFAST_TOKEN', undefined);
    expect(tokenOf(undefined)).toBeUndefined();
  });

  it('must not be empty', () => {
    vi.stubEnv('HOLDFAST_TOKEN', '');
    expect(() => tokenOf(undefined)).toThrow('HOLDFAST_TOKEN is empty');
    expect(() => tokenOf('')).toThrow('--token is empty');
  });
});

it('reads a file, or names option, path and reason', () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'a'), 'text');
  expect(fileOf('--x', join(folder, 'a')).toString()).toBe('text');
  expect(() => fileOf('--x', join(folder, 'b'))).toThrow(/^can not read the file of --x: .*b does not exist$/);
  expect(() => fileOf('--x', folder)).toThrow(/is a folder$/);
  expect(reasonOf(new Error('odd'), 'a')).toBe('a: odd');
});
