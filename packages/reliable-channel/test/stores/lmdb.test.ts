// What only this store can do; what every store must do is tested in packages/simulator/test/compliance.
// A real folder, real processes, real kills. Children are told to act over their standard input and tell what they did on
// their standard output; nobody sleeps.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StoreFactory } from '../../src/store.js';
import { lmdbStore } from '../../src/stores/lmdb.js';
import { thisProcess } from '../../src/stores/process-identity.js';
import { StoreChild } from '../support/store-child.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-lmdb-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Puts a raw record into the store in `path`, as another program would. */
async function putRaw(path: string, key: string, value: string): Promise<void> {
  const database = open<Buffer, string>({ path, noSubdir: false, encoding: 'binary' });
  await database.put(key, Buffer.from(value));
  await database.close();
}

async function failureOf(factory: StoreFactory): Promise<{ code: string; message: string }> {
  try {
    await (await factory.open()).close();
  } catch (error) {
    return error as { code: string; message: string };
  }
  throw new Error('it opened');
}

function isOneLineWithAdvice(message: string): boolean {
  return !message.includes('\n') && message.includes('; ') && message.length < 400;
}

describe('the LMDB store', () => {
  it('makes the folder when it is missing, with all folders above it', async () => {
    const path = join(folder, 'some', 'where.d', 'deep');
    const store = await lmdbStore(path).open();
    expect(store.isDurable).toBe(true);
    expect(readdirSync(path)).toContain('data.mdb');
    await store.close();
  });

  it('refuses a path that is no text', () => {
    expect(() => lmdbStore('')).toThrow(TypeError);
    expect(() => lmdbStore(undefined as unknown as string)).toThrow(TypeError);
  });

  const unusable: [string, () => string][] = [
    [
      'a path below a file',
      () => {
        writeFileSync(join(folder, 'file'), '');
        return join(folder, 'file', 'outbox');
      },
    ],
    [
      'a path that is a file',
      () => {
        writeFileSync(join(folder, 'file'), '');
        return join(folder, 'file');
      },
    ],
    [
      'a data file that is no database',
      () => {
        writeFileSync(join(folder, 'data.mdb'), 'not a database, but as long as a page '.repeat(300));
        return folder;
      },
    ],
    [
      'a data file that was cut off',
      () => {
        writeFileSync(join(folder, 'data.mdb'), new Uint8Array(100));
        return folder;
      },
    ],
  ];
  if (process.platform === 'linux') unusable.push(['a path on a file system of the kernel', () => '/proc/outbox']);
  if (process.getuid?.() !== 0) {
    unusable.push([
      'a folder that is read-only',
      () => {
        mkdirSync(join(folder, 'read-only'), { mode: 0o500 });
        return join(folder, 'read-only');
      },
    ]);
  }

  it.each(unusable)('says in one line what to do about %s', async (_, makePath) => {
    const path = makePath();
    const { code, message } = await failureOf(lmdbStore(path));
    expect(code).toBe('STORE_UNAVAILABLE');
    expect(message).toContain(path);
    expect(message).toSatisfy(isOneLineWithAdvice);
  });

  it('says in one line what to do about the layout of another version', async () => {
    await putRaw(folder, 'holdfast/format', '1');
    const { code, message } = await failureOf(lmdbStore(folder));
    expect(code).toBe('STORE_FORMAT_UNKNOWN');
    expect(message).toContain('has format 1, this version reads format 2');
    expect(message).toSatisfy(isOneLineWithAdvice);
  });

  it('says in one line what to do about an owner that it can not read', async () => {
    await putRaw(folder, 'holdfast/owner', 'no JSON');
    const { code, message } = await failureOf(lmdbStore(folder));
    expect(code).toBe('STORE_FORMAT_UNKNOWN');
    expect(message).toSatisfy(isOneLineWithAdvice);
  });

  it('is refused while another process has it, and that one goes on', async () => {
    const child = await StoreChild.start('hold', folder);
    const { code, message } = await failureOf(lmdbStore(folder));
    expect(code).toBe('STORE_LOCKED');
    expect(message).toContain(`is open in process ${child.pid}`);
    expect(message).toSatisfy(isOneLineWithAdvice);
    await child.end();
  });

  it('is taken over when its process was killed', async () => {
    const child = await StoreChild.start('hold', folder);
    await child.kill();
    const store = await lmdbStore(folder).open();
    expect(await store.get('held')).toBeDefined();
    await store.close();
  });

  it('is let go by a process that closes it', async () => {
    const child = await StoreChild.start('hold', folder);
    await child.end();
    await (await lmdbStore(folder).open()).close();
  });

  it.runIf(process.platform === 'linux')(
    'is taken over when the owner’s number belongs to another process now',
    async () => {
      const { pid } = thisProcess();
      await putRaw(folder, 'holdfast/owner', JSON.stringify({ pid, startedAt: 'another-boot/1' }));
      await (await lmdbStore(folder).open()).close();
      await putRaw(folder, 'holdfast/owner', JSON.stringify(thisProcess()));
      expect((await failureOf(lmdbStore(folder))).code).toBe('STORE_LOCKED');
    },
  );

  it.skipIf(process.platform === 'win32')(
    'tells of a commit that does not fit on the disk, and ends no program by it',
    async () => {
      const child = await StoreChild.start('fill', folder);
      const code = await child.end();
      expect(child.texts).toEqual([
        expect.stringMatching(/^STORE_FAILED: the store could not write: .+; check the disk$/),
      ]);
      expect([code, child.numbers.length > 10]).toEqual([0, true]);
      const store = await lmdbStore(folder).open();
      const entries = await store.read({ from: 'n/', to: 'n~', maxBytes: Number.MAX_SAFE_INTEGER });
      expect(entries.length).toBe(child.numbers.length);
      await store.commit([{ type: 'put', key: 'n/more', value: new Uint8Array(100_000) }]);
      await store.close();
    },
  );

  it('has every commit that was told to be done, after kill -9, ten times', async () => {
    let highest = -1;
    for (let round = 0; round < 10; round++) {
      const child = await StoreChild.start('count', folder);
      await child.told(5 + round * 2);
      await child.kill();
      const told = child.numbers;
      const store = await lmdbStore(folder).open();
      const entries = await store.read({ from: 'n/', to: 'n~', maxBytes: Number.MAX_SAFE_INTEGER });
      await store.close();
      const stored = entries.map(({ key }) => Number(key.slice(2)));
      // Nothing told is missing, and there is no hole: at most the commits on their way are there on top.
      expect(stored).toEqual(stored.map((_, index) => index));
      expect(stored.length - 1).toBeGreaterThanOrEqual(told.at(-1) ?? -1);
      // Each commit wrote its number twice, far apart: it is there as a whole.
      expect(entries.map(({ value }) => value.length)).toEqual(entries.map(() => 2_000));
      expect(stored.length - 1).toBeGreaterThan(highest);
      highest = stored.length - 1;
    }
  });
});
