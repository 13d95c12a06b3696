// On disks with room; those without are in test/e2e/full-disk.test.ts.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { prepareNewStore } from '../../src/stores/lmdb-new-store.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-new-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('preparing a new store', () => {
  it('leaves a lock file of real bytes, and nothing else', () => {
    prepareNewStore(folder);
    expect(readdirSync(folder)).toEqual(['lock.mdb']);
    const { size, blocks } = statSync(join(folder, 'lock.mdb'));
    if (process.platform !== 'win32') expect(blocks * 512).toBeGreaterThanOrEqual(size);
    expect(readFileSync(join(folder, 'lock.mdb')).every((byte) => byte === 0)).toBe(true);
  });

  it('leaves the lock file of somebody else alone', () => {
    writeFileSync(join(folder, 'lock.mdb'), 'somebody is in here');
    prepareNewStore(folder);
    expect(readFileSync(join(folder, 'lock.mdb'), 'utf8')).toBe('somebody is in here');
  });

  it('takes no notice of what an LMDB left that found no room', () => {
    writeFileSync(join(folder, 'lock.mdb'), '');
    truncateSync(join(folder, 'lock.mdb'), 8_272);
    writeFileSync(join(folder, 'data.mdb'), '');
    prepareNewStore(folder);
    expect(readdirSync(folder).sort()).toEqual(['data.mdb', 'lock.mdb']);
    expect(statSync(join(folder, 'lock.mdb')).size).toBe(8_272);
  });

  it('fails as the file system does where nothing can be written', () => {
    expect(() => prepareNewStore(join(folder, 'missing'))).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  });
});
