import { mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lmdbStore } from '@holdfast/reliable-channel/lmdb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lmdbFileFault } from '../../src/stores/lmdb-file.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-lmdb-file-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function makeDatabase(): Promise<string> {
  await (await lmdbStore(folder).open()).close();
  return join(folder, 'data.mdb');
}

describe('lmdbFileFault', () => {
  it('finds nothing wrong with a folder without a database, and with a real one', async () => {
    expect(lmdbFileFault(folder)).toBeUndefined();
    await makeDatabase();
    expect(lmdbFileFault(folder)).toBeUndefined();
  });

  it('takes an empty file for a new database, as LMDB does', async () => {
    writeFileSync(join(folder, 'data.mdb'), '');
    expect(lmdbFileFault(folder)).toBeUndefined();
    await makeDatabase();
  });

  it.each([
    ['a few bytes', 'short'],
    ['another file', 'not a database, but as long as a page '.repeat(300)],
  ])('refuses %s', (_, text) => {
    writeFileSync(join(folder, 'data.mdb'), text);
    expect(lmdbFileFault(folder)).toBe('data.mdb is not a database');
  });

  it.each([100, 4_096])('refuses a database that was cut to %i bytes', async (bytes) => {
    const file = await makeDatabase();
    expect(statSync(file).size).toBeGreaterThan(bytes);
    truncateSync(file, bytes);
    expect(lmdbFileFault(folder)).toBe('data.mdb has been cut short');
    await expect(lmdbStore(folder).open()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });
});
