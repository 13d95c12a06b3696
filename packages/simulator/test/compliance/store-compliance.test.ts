// The suite runs on the stores that are there, and on bad ones: a suite that nothing fails checks nothing.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CheckedStore, type Store, type StoreFactory } from '@holdfast/reliable-channel';
import { lmdbStore } from '@holdfast/reliable-channel/lmdb';
import { memoryStore } from '@holdfast/reliable-channel/memory';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ComplianceError, describeStoreCompliance, type StorePlace } from '../../src/compliance/index.js';
import { failuresOf } from './failing-runner.js';

const runner = { describe, test, beforeEach, afterEach };

function lmdbPlace(): StorePlace {
  const path = mkdtempSync(join(tmpdir(), 'holdfast-compliance-'));
  return { factory: lmdbStore(path), clear: () => rmSync(path, { recursive: true }) };
}

/** The same store behind the layer that checks its records. */
function checked({ factory, ...place }: StorePlace): StorePlace {
  return { ...place, factory: { ...factory, open: async () => new CheckedStore(await factory.open()) } };
}

describeStoreCompliance({ runner, name: 'the memory store', makeStore: () => ({ factory: memoryStore() }) });
describeStoreCompliance({ runner, name: 'the LMDB store', makeStore: lmdbPlace });
describeStoreCompliance({
  runner,
  name: 'the checked store in memory',
  makeStore: () => checked({ factory: memoryStore() }),
});
describeStoreCompliance({ runner, name: 'the checked store on LMDB', makeStore: () => checked(lmdbPlace()) });

/** A memory store that does one thing wrong. */
function broken(change: (store: Store, factory: StoreFactory) => Partial<Store>): () => StorePlace {
  return () => {
    const factory = memoryStore();
    const open = async (): Promise<Store> => {
      const store = await factory.open();
      return { ...store, ...change(store, factory) };
    };
    return { factory: { ...factory, open } };
  };
}

const BROKEN: readonly [string, string, () => StorePlace][] = [
  [
    'forgets at the end',
    'has everything when it is opened again',
    () => {
      let factory = memoryStore();
      const open = async (): Promise<Store> => {
        const store = await factory.open();
        return {
          ...store,
          close: async () => {
            await store.close();
            factory = memoryStore();
          },
        };
      };
      return { factory: { name: 'forgetful', open } };
    },
  ],
  [
    'lets two in',
    'is not opened twice at one time',
    () => {
      const factory = memoryStore();
      const opened = factory.open();
      return { factory: { name: 'open house', open: async () => ({ ...(await opened), close: async () => {} }) } };
    },
  ],
  [
    'applies commits in pieces',
    'shows all of a commit or nothing of it',
    broken((store) => ({
      commit: async (operations) => {
        for (const operation of operations) {
          await store.commit([operation]);
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      },
    })),
  ],
  [
    'counts the upper bound in',
    'reads from the first bound',
    broken((store) => ({
      read: (range) => store.read({ ...range, to: `${range.to}\0` }),
    })),
  ],
  [
    'reads without end',
    'stops a read when maxBytes are there',
    broken((store) => ({
      read: (range) => store.read({ ...range, maxBytes: Number.MAX_SAFE_INTEGER }),
    })),
  ],
  [
    'gives out its own bytes',
    'gives out copies: changing them',
    broken((store) => {
      const shared = new Map<string, Uint8Array | undefined>();
      return {
        get: async (key) => {
          if (!shared.has(key)) shared.set(key, await store.get(key));
          return shared.get(key);
        },
        commit: async (operations) => {
          shared.clear();
          await store.commit(operations);
        },
      };
    }),
  ],
  [
    'sorts as people do',
    'orders keys by their characters',
    broken((store) => ({
      read: async (range) => (await store.read(range)).sort((a, b) => a.key.localeCompare(b.key)),
    })),
  ],
  [
    'goes on when it is closed',
    'refuses everything once it is closed',
    () => {
      const factory = memoryStore();
      let opened: Promise<Store> | undefined;
      const open = async (): Promise<Store> => {
        opened ??= factory.open();
        return { ...(await opened), close: async () => {} };
      };
      return { factory: { name: 'undying', open } };
    },
  ],
  [
    'turns commits around',
    'applies commits that are under way at one time in the order',
    broken((store) => {
      let latest = Promise.resolve();
      let delayMs = 50;
      return {
        commit: (operations) => {
          delayMs = Math.max(0, delayMs - 1);
          const committed = new Promise((resolve) => setTimeout(resolve, delayMs)).then(() => store.commit(operations));
          latest = latest.then(() => committed);
          return committed;
        },
        close: async () => {
          await latest;
          await store.close();
        },
      };
    }),
  ],
];

describe('a store', () => {
  test.each(BROKEN)('that %s fails the test that it %s', async (_, name, makeStore) => {
    const failures = await failuresOf(
      (suite) => describeStoreCompliance({ runner: suite, name: 'it', makeStore }),
      name,
    );
    expect(failures).toEqual([{ name: expect.stringContaining(name), error: expect.any(ComplianceError) }]);
  });

  test('that does nothing wrong fails none', async () => {
    const makeStore = (): StorePlace => ({ factory: memoryStore() });
    expect(await failuresOf((suite) => describeStoreCompliance({ runner: suite, name: 'it', makeStore }))).toEqual([]);
  });
});
