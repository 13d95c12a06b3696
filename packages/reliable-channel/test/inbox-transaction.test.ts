// Transactions that the application shares with the inbox. The promise is about crashes, so a real process is killed, again and
// again. It uses what `npm run build` has made, as users do.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createVirtualRuntime, seededRandom } from '@holdfast/simulator';
import type { Database } from 'lmdb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CheckedStore, GroupCommit, inboxTransaction, type Store } from '../src/index.js';
import { lmdbStore } from '../src/stores/lmdb.js';
import { memoryStore } from '../src/stores/memory.js';

const PROGRAM = fileURLToPath(new URL('support/inbox-child.mjs', import.meta.url));
const SEED = Number(process.env.HOLDFAST_SEED ?? 7);
const MESSAGES = 600;
const KILLS = 20;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-inbox-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** The first byte of a record, or `undefined`. */
const byteOf = async (store: Store, key: string): Promise<number | undefined> => (await store.get(key))?.[0];
const put = (key: string, byte: number) => [{ type: 'put', key, value: Uint8Array.of(byte) }] as const;

describe.each([
  ['an LMDB store', () => lmdbStore(folder).open()],
  ['a checked one', async () => new CheckedStore(await lmdbStore(folder).open())],
] as const)('a transaction on %s', (_, openStore) => {
  const runtime = createVirtualRuntime({ seed: 1 });
  let store: Store;
  let commits: GroupCommit;

  beforeEach(async () => {
    store = await openStore();
    commits = new GroupCommit(store, runtime);
  });

  afterEach(() => store.close());

  /** Lets a transaction begin, which waits for the end of the turn. */
  async function transact<T>(...[work, operations]: [...TransactionArguments<T>]): Promise<T> {
    const done = inboxTransaction(store, commits, work, operations);
    await runtime.advance(0);
    return done;
  }
  type TransactionArguments<T> = [Parameters<typeof inboxTransaction<T>>[2], Parameters<typeof inboxTransaction<T>>[3]];
  const read = (key: string): Promise<unknown> =>
    transact(
      (database) => database.get(key),
      () => [],
    );

  it('commits the work and the operations that follow from it, and resolves with what the work returned', async () => {
    const result = await transact(
      (database) => {
        database.put('count', 41);
        return 7;
      },
      (byte) => put('inbox/x', byte),
    );
    expect([result, await byteOf(store, 'inbox/x'), await read('count')]).toEqual([7, 7, 41]);
  });

  it('changes nothing when the work throws, or what follows from it does', async () => {
    const work = (database: { put(key: string, value: unknown): unknown }): void => void database.put('count', 1);
    const no = (): never => {
      throw new Error('no');
    };
    await expect(
      transact(
        (database) => {
          work(database);
          no();
        },
        () => put('inbox/x', 1),
      ),
    ).rejects.toThrow('no');
    await expect(transact(work, no)).rejects.toThrow('no');
    expect([await byteOf(store, 'inbox/x'), await read('count')]).toEqual([undefined, undefined]);
    await store.commit(put('inbox/y', 2));
    expect(await byteOf(store, 'inbox/y')).toBe(2);
  });

  it('takes back a work that is not synchronous', async () => {
    await expect(
      transact(
        async (database) => database.put('count', 1),
        () => put('inbox/x', 1),
      ),
    ).rejects.toThrow(TypeError);
    expect([await byteOf(store, 'inbox/x'), await read('count')]).toEqual([undefined, undefined]);
  });

  it('has its own keys: the store and the application do not see those of one another', async () => {
    await transact(
      (database) => void database.put('inbox/x', 'mine'),
      () => put('inbox/x', 1),
    );
    expect([await byteOf(store, 'inbox/x'), await read('inbox/x')]).toEqual([1, 'mine']);
    const keys = await transact(
      (database) => [...(database as Database<unknown, string>).getKeys()],
      () => [],
    );
    expect(keys).toEqual(['inbox/x']);
  });
});

it('a store without transactions refuses one', async () => {
  const store = new CheckedStore(await memoryStore().open());
  const commits = new GroupCommit(store, createVirtualRuntime({ seed: 1 }));
  expect(() =>
    inboxTransaction(
      store,
      commits,
      () => 1,
      () => [],
    ),
  ).toThrow(expect.objectContaining({ code: 'TRANSACTION_REFUSED' }));
});

interface Run {
  readonly acked: number;
  /** How many effects there were; only when the program came to its end. */
  readonly count: number | undefined;
}

/** Runs the program, and kills it when it has told `killAt` acknowledged messages. */
async function run(killAt: number): Promise<Run> {
  const child = spawn(process.execPath, [PROGRAM, folder, String(MESSAGES)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  let acked = 0;
  let count: number | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('failed')) throw new Error(line);
    if (line.startsWith('count ')) count = Number(line.slice(6));
    else if (line !== 'ready') acked = Number(line);
    if (acked >= killAt) child.kill('SIGKILL');
  }
  await closed;
  return { acked, count };
}

it(`effects in the inbox's database happen once, through ${KILLS} kills (HOLDFAST_SEED=${SEED})`, async () => {
  const random = seededRandom(SEED);
  let acked = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const result = await run(acked + 1 + (random() % 50));
    acked = Math.max(acked, result.acked);
  }
  expect(acked).toBeGreaterThan(KILLS);
  const { count } = await run(Number.POSITIVE_INFINITY);
  expect(count).toBe(2 * MESSAGES);
}, 600_000);
