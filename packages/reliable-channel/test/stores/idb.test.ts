// The store over a database in memory, which can be made to fail. What only a real browser shows is in test/browser.

import { describeStoreCompliance } from '@holdfast/simulator/compliance';
import { promisifyRequest } from 'idb-keyval';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { StoreOperation } from '../../src/core/index.js';
import type { Store } from '../../src/store.js';
import { idbStore, openIdb } from '../../src/stores/idb.js';
import { abortWith, type FakeBrowser, FakeLocks, IDBObjectStore, stubBrowser } from '../support/fake-browser.js';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

const runner = { describe, test: it, beforeEach, afterEach };

describeStoreCompliance({
  name: 'the IndexedDB store with Web Locks',
  runner,
  makeStore: () => {
    stubBrowser();
    vi.stubGlobal('navigator', { locks: new FakeLocks() });
    return { factory: idbStore('outbox') };
  },
});

describeStoreCompliance({
  name: 'the IndexedDB store without Web Locks',
  runner,
  makeStore: () => {
    stubBrowser();
    return { factory: idbStore('outbox') };
  },
});

let browser: FakeBrowser;
let store: Store;

function put(key: string, ...bytes: number[]): StoreOperation {
  return { type: 'put', key, value: Uint8Array.from(bytes) };
}

async function keys(from: Store = store): Promise<string[]> {
  const entries = await from.read({ from: 'a', to: 'zz', maxBytes: 1_000_000 });
  return entries.map(({ key }) => key).filter((key) => !key.startsWith('holdfast/'));
}

/** What the database holds under a key, as it lies there. */
async function raw(key: string): Promise<unknown> {
  const database = (await promisifyRequest(browser.factory.open('holdfast/outbox') as never)) as IDBDatabase;
  const found = await promisifyRequest(database.transaction('records').objectStore('records').get(key));
  database.close();
  return found;
}

/** Lets the disk say no to transactions that put something, when all requests have succeeded. Returns the transactions. */
function refuseCommits(count = Number.POSITIVE_INFINITY): Set<IDBTransaction> {
  const refused = new Set<IDBTransaction>();
  const { put: putRecord } = IDBObjectStore.prototype;
  vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, ...args) {
    const request = putRecord.apply(this, args);
    const transaction = this.transaction as unknown as IDBTransaction;
    if (refused.size < count || refused.has(transaction)) {
      refused.add(transaction);
      request.addEventListener('success', () => abortWith(transaction, 'QuotaExceededError'));
    }
    return request;
  });
  return refused;
}

function isOneLineWithAdvice(message: string): boolean {
  return !message.includes('\n') && message.includes('; ') && message.length < 300;
}

describe('an open IndexedDB store', () => {
  beforeEach(async () => {
    browser = stubBrowser();
    store = await idbStore('outbox').open();
  });
  afterEach(async () => {
    await store.close();
  });

  it('outlives the page, and has a name', () => {
    expect(store.isDurable).toBe(true);
    expect(idbStore('outbox').name).toBe('idb outbox');
    for (const name of ['', 'x'.repeat(256), 7 as unknown as string]) expect(() => idbStore(name)).toThrow('name');
  });

  it('is done when the transaction is complete, not when the requests have succeeded', async () => {
    refuseCommits();
    await expect(store.commit([put('b', 1)])).rejects.toMatchObject({ code: 'STORE_FAILED' });
    vi.restoreAllMocks();
    expect(await keys()).toEqual([]);
  });

  it('applies nothing of a commit of which one operation can not be done', async () => {
    const value = { buffer: { byteLength: 1 }, byteLength: 1, canNotBeCopied: () => {} } as unknown as Uint8Array;
    const commit = store.commit([put('b', 1), { type: 'put', key: 'c', value }, put('d', 1)]);
    await expect(commit).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect(await keys()).toEqual([]);
    await store.commit([put('e', 1)]);
    expect(await keys()).toEqual(['e']);
  });

  it('says that there is no room, does not try again, and goes on when there is', async () => {
    const refused = refuseCommits();
    const failure = await store.commit([put('b', 1), put('c', 1)]).catch((error) => error);
    expect(failure).toMatchObject({ code: 'STORE_FAILED', cause: { name: 'QuotaExceededError' } });
    expect(failure.message).toContain('no more room');
    expect(isOneLineWithAdvice(failure.message)).toBe(true);
    expect(refused.size).toBe(1);
    vi.restoreAllMocks();
    await store.commit([put('d', 1)]);
    expect(await keys()).toEqual(['d']);
  });

  it('stores the bytes of a view, not the buffer behind it', async () => {
    const buffer = new Uint8Array(1_000).fill(7);
    await store.commit([{ type: 'put', key: 'a', value: buffer.subarray(10, 13) }]);
    const stored = (await raw('a')) as Uint8Array;
    expect([...stored]).toEqual([7, 7, 7]);
    expect(stored.buffer.byteLength).toBe(3);
    await store.commit([{ type: 'put', key: 'a', value: Buffer.from('pooled') }]);
    expect(((await raw('a')) as Uint8Array).buffer.byteLength).toBe(6);
  });

  it('goes on when the browser drops the connection, also under a commit and under a read', async () => {
    for (let round = 0; round < 20; round++) {
      const commit = store.commit([put(`k${round.toString().padStart(2, '0')}`, round)]);
      const reading = round % 3 === 0 ? keys() : undefined;
      // At another moment each time: before, within and behind the transaction.
      for (let n = 0; n < round; n++) await Promise.resolve();
      browser.dropConnections();
      await commit;
      await reading;
    }
    expect(await keys()).toEqual(Array.from({ length: 20 }, (_, n) => `k${n.toString().padStart(2, '0')}`));
  });

  it('keeps the order of commits under way when the connection goes', async () => {
    const commits = Array.from({ length: 50 }, (_, n) => store.commit([put('last', n), put(`n${n}`, n)]));
    await commits[20];
    browser.dropConnections();
    await Promise.all(commits);
    expect([...((await store.get('last')) ?? [])]).toEqual([49]);
    expect((await keys()).length).toBe(51);
  });

  it('does what comes behind a commit that failed', async () => {
    refuseCommits(1);
    const results = await Promise.allSettled([store.commit([put('b', 1)]), store.commit([put('c', 1)])]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    expect(await keys()).toEqual(['c']);
  });

  it('says what it could not do when the database stays away, and is there again when that is', async () => {
    browser.dropConnections();
    await new Promise((resolve) => setImmediate(resolve));
    vi.stubGlobal('indexedDB', {
      open: () => {
        throw new DOMException('The operation is insecure', 'SecurityError');
      },
    });
    const read = await keys().catch((error) => error);
    const write = await store.commit([put('b', 1)]).catch((error) => error);
    expect(read).toMatchObject({ code: 'STORE_FAILED', message: expect.stringContaining('could not read') });
    expect(write).toMatchObject({ code: 'STORE_FAILED', message: expect.stringContaining('could not write') });
    for (const { message } of [read, write]) expect(isOneLineWithAdvice(message)).toBe(true);
    vi.stubGlobal('indexedDB', browser.factory);
    await store.commit([put('c', 1)]);
    expect(await keys()).toEqual(['c']);
  });

  it('ends for a page whose data is cleared, and leaves the next one an empty store', async () => {
    await store.commit([put('b', 1)]);
    await promisifyRequest(browser.factory.deleteDatabase('holdfast/outbox') as never);
    for (const act of [() => store.commit([put('c', 1)]), () => keys(), () => store.get('b')]) {
      const failure = await act().catch((error) => error);
      expect(failure).toMatchObject({ code: 'STORE_FAILED', message: expect.stringContaining('its data was cleared') });
      expect(isOneLineWithAdvice(failure.message)).toBe(true);
    }
    await store.close();
    store = await idbStore('outbox').open();
    expect(await keys()).toEqual([]);
  });

  it('ends for a page that hung while another one took the store, and changes nothing in it', async () => {
    await store.commit([put('b', 1)]);
    vi.stubGlobal('BroadcastChannel', undefined);
    const taker = await idbStore('outbox').open();
    for (const act of [() => store.commit([put('b', 2), put('c', 1)]), () => keys(), () => store.get('b')]) {
      await expect(act()).rejects.toMatchObject({
        code: 'STORE_FAILED',
        message: expect.stringContaining('another page of this browser has taken it'),
      });
    }
    expect(await keys(taker)).toEqual(['b']);
    expect([...((await taker.get('b')) ?? [])]).toEqual([1]);
    await taker.commit([put('d', 1)]);
    await taker.close();
  });
});

describe('a store that its page lets go at once', () => {
  const sharing = (abandoned: AbortSignal) => ({ abandoned, onLost: () => {} });

  it('is free for another one, has no half of a commit, and takes nothing more from that page', async () => {
    browser = stubBrowser();
    const locks = new FakeLocks();
    vi.stubGlobal('navigator', { locks });
    const abandoned = new AbortController();
    const leaving = await openIdb('outbox', sharing(abandoned.signal));
    await leaving.commit([put('a', 1)]);
    const commit = leaving.commit([put('b', 1), put('c', 1)]).catch((error) => error);
    abandoned.abort();
    await expect(leaving.commit([put('d', 1)])).rejects.toThrow('the store is closed');
    store = await idbStore('outbox').open();
    const failure = await commit;
    if (failure !== undefined) expect(failure).toMatchObject({ code: 'STORE_FAILED' });
    expect(await keys()).toEqual(failure === undefined ? ['a', 'b', 'c'] : ['a']);
    await expect(leaving.commit([put('d', 1)])).rejects.toMatchObject({ code: 'STORE_FAILED' });
    await leaving.close();
    expect(locks.isHeld('holdfast/store/outbox')).toBe(true);
    await store.commit([put('e', 1)]);
    await store.close();
  });

  it.each(Array.from({ length: 40 }, (_, turns) => turns))(
    "while it is being opened, %i turns after that began, is free for another one and stays that one's",
    async (turns) => {
      browser = stubBrowser();
      const locks = new FakeLocks();
      vi.stubGlobal('navigator', { locks });
      const abandoned = new AbortController();
      const leaving = openIdb('outbox', sharing(abandoned.signal)).catch((error) => error);
      for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
      abandoned.abort();
      store = await idbStore('outbox').open();
      await leaving;
      // Whatever it had begun before it stood still and did after that: it is not the owner.
      await store.commit([put('a', 1)]);
      expect(await keys()).toEqual(['a']);
      await store.close();
      await expect.poll(() => locks.isHeld('holdfast/store/outbox')).toBe(false);
    },
  );

  it('is taken from one of those who share it, who is told so before its work fails', async () => {
    browser = stubBrowser();
    vi.stubGlobal('navigator', { locks: new FakeLocks() });
    const { signal } = new AbortController();
    const told: string[] = [];
    const first = await openIdb('outbox', { abandoned: signal, onLost: () => told.push('lost') });
    await first.commit([put('a', 1)]);
    store = await openIdb('outbox', sharing(signal));
    expect(told).toEqual([]);
    for (const act of [() => first.commit([put('a', 2)]), () => first.get('a'), () => keys(first)]) {
      await act().catch(({ code }) => told.push(code));
      expect(told.splice(0)).toEqual(['lost', 'STORE_FAILED']);
    }
    expect([...((await store.get('a')) ?? [])]).toEqual([1]);
    await first.close();
    await store.close();
  });

  it('is not shared with a page that wants it for itself', async () => {
    browser = stubBrowser();
    vi.stubGlobal('navigator', { locks: new FakeLocks() });
    const { signal } = new AbortController();
    store = await openIdb('outbox', sharing(signal));
    await expect(idbStore('outbox').open()).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    await store.close();
    store = await idbStore('outbox').open();
    await expect(openIdb('outbox', sharing(signal))).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    await store.close();
  });

  it('is not waited for any more', async () => {
    browser = stubBrowser();
    const locks = new FakeLocks();
    vi.stubGlobal('navigator', { locks });
    store = await idbStore('outbox').open();
    const abandoned = new AbortController();
    const waiting = openIdb('outbox', sharing(abandoned.signal));
    await expect.poll(() => locks.waiting('holdfast/store/outbox')).toBe(1);
    abandoned.abort();
    expect(locks.waiting('holdfast/store/outbox')).toBe(0);
    await expect(waiting).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    await store.close();
    await (await idbStore('outbox').open()).close();
  });

  it('is not opened', async () => {
    browser = stubBrowser();
    const locks = new FakeLocks();
    vi.stubGlobal('navigator', { locks });
    await expect(openIdb('outbox', sharing(AbortSignal.abort()))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(locks.isHeld('holdfast/store/outbox')).toBe(false);
    expect(await browser.factory.databases()).toEqual([]);
  });
});

describe('a store that can not be opened', () => {
  async function failure(): Promise<{ code: string; message: string }> {
    try {
      await (await idbStore('outbox').open()).close();
    } catch (error) {
      return error as { code: string; message: string };
    }
    throw new Error('it opened');
  }

  beforeEach(() => {
    browser = stubBrowser();
  });

  it.each([
    ['has no IndexedDB', () => vi.stubGlobal('indexedDB', undefined)],
    ['has none in a private window', () => vi.stubGlobal('indexedDB', null)],
    [
      'forbids it in a sandboxed frame',
      () =>
        Object.defineProperty(globalThis, 'indexedDB', {
          configurable: true,
          get: () => {
            throw new DOMException('access is denied for this document', 'SecurityError');
          },
        }),
    ],
    [
      'forbids it in a private window',
      () => {
        vi.mocked(browser.factory.open).mockImplementation(() => {
          throw new DOMException('A mutation operation was attempted', 'InvalidStateError');
        });
      },
    ],
    [
      'forbids locks',
      () => {
        const request = () => Promise.reject(new DOMException('not here', 'SecurityError'));
        vi.stubGlobal('navigator', { locks: { request } });
      },
    ],
  ])('because the browser %s', async (_, arrange) => {
    arrange();
    const { code, message } = await failure();
    expect(code).toBe('STORE_UNAVAILABLE');
    expect(message).toMatch(/^can not open the store outbox: .+; allow this site to store data/);
    expect(isOneLineWithAdvice(message)).toBe(true);
  });

  it('because there is no room', async () => {
    refuseCommits();
    expect(await failure()).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('no more room'),
    });
  });

  it('because a later version of the page has been here', async () => {
    const later = browser.factory.open('holdfast/outbox', 2);
    ((await promisifyRequest(later as never)) as IDBDatabase).close();
    const { code, message } = await failure();
    expect(code).toBe('STORE_FORMAT_UNKNOWN');
    expect(isOneLineWithAdvice(message)).toBe(true);
  });

  it('because its records have another format, and is left as it is', async () => {
    await (await idbStore('outbox').open()).close();
    const database = (await promisifyRequest(browser.factory.open('holdfast/outbox') as never)) as IDBDatabase;
    const { put: putRecord } = IDBObjectStore.prototype;
    const records = database.transaction('records', 'readwrite').objectStore('records') as never;
    await promisifyRequest(putRecord.call(records, { format: 2, owner: 'x' }, 'holdfast/claim') as never);
    database.close();
    expect(await failure()).toMatchObject({
      code: 'STORE_FORMAT_UNKNOWN',
      message: expect.stringContaining('format 2'),
    });
    expect(await raw('holdfast/claim')).toEqual({ format: 2, owner: 'x' });
  });

  it('holds no lock then', async () => {
    const locks = new FakeLocks();
    vi.stubGlobal('navigator', { locks });
    vi.stubGlobal('indexedDB', { open: () => Promise.reject() });
    vi.mocked(browser.factory.open).mockImplementation(() => {
      throw new DOMException('no', 'InvalidStateError');
    });
    vi.stubGlobal('indexedDB', browser.factory);
    await failure();
    await expect.poll(() => locks.isHeld('holdfast/store/outbox')).toBe(false);
  });
});
