// The IndexedDB store in a real browser.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PageApi } from './page/page.js';
import { BrowserProfile, type RunningBrowser } from './support/browser.js';
import { type Site, startSite } from './support/site.js';

declare const holdfast: PageApi;

type OpenStore = Awaited<ReturnType<ReturnType<PageApi['idbStore']>['open']>>;

let site: Site;
let profile: BrowserProfile;
let browser: RunningBrowser;

beforeAll(async () => {
  site = await startSite();
  profile = new BrowserProfile();
  browser = await profile.start();
});
afterAll(async () => {
  await profile.remove();
  await site.close();
});

test('does what every store does', async () => {
  const page = await browser.open(site.url);
  const results = await page.evaluate(() => holdfast.checkStore());
  expect(results.length).toBeGreaterThan(25);
  expect(results.filter(({ failure }) => failure !== undefined)).toEqual([]);
  expect(browser.faults).toEqual([]);
  await page.close();
});

test('asks for strict durability', async () => {
  const page = await browser.open(site.url);
  const durabilities = await page.evaluate(async () => {
    const seen: string[] = [];
    const { transaction } = IDBDatabase.prototype;
    IDBDatabase.prototype.transaction = function (...args) {
      const made = transaction.apply(this, args);
      seen.push(made.durability);
      return made;
    };
    const store = await holdfast.idbStore('strict').open();
    await store.commit([{ type: 'put', key: 'a', value: Uint8Array.of(1) }]);
    await store.close();
    return seen;
  });
  expect(durabilities).toEqual(['strict', 'strict']);
  await page.close();
});

test('belongs to one page, until that one closes', async () => {
  const first = await browser.open(site.url);
  const second = await browser.open(site.url);
  await first.evaluate(() => holdfast.idbStore('shared').open());
  const open = () =>
    second.evaluate(async () => {
      try {
        await holdfast.idbStore('shared').open();
        return 'open';
      } catch (error) {
        return String((error as { code: string }).code);
      }
    });
  expect(await open()).toBe('STORE_LOCKED');
  await first.close();
  expect(await open()).toBe('open');
  await second.close();
});

test('says that the browser gives no more room, keeps what it has, and goes on when there is room', async () => {
  // An origin of its own: a browser that has found much room for one does not look again for a while.
  const other = await startSite();
  const page = await browser.open(other.url);
  const session = await browser.context.newCDPSession(page);
  await session.send('Storage.overrideQuotaForOrigin', { origin: other.url, quotaSize: 3_000_000 });
  await page.evaluate(async () => {
    Object.assign(globalThis, { store: await holdfast.idbStore('small').open() });
  });
  /** Commits ten times 20 records of 50 kB, until that fails; what the store says then, and has then. */
  const fill = () =>
    page.evaluate(async () => {
      const { store } = globalThis as unknown as { readonly store: OpenStore };
      let commits = 0;
      let failure: unknown;
      try {
        for (; commits < 10; commits++) {
          const records = Array.from({ length: 20 }, (_, n) => ({
            type: 'put' as const,
            key: `fill/${commits}/${n}`,
            value: crypto.getRandomValues(new Uint8Array(50_000)),
          }));
          await store.commit(records);
        }
      } catch (error) {
        failure = { code: (error as { code: string }).code, message: String(error) };
      }
      const kept = await store.read({ from: 'fill/', to: 'fill0', maxBytes: 100_000_000 });
      return { commits, records: kept.length, failure };
    });
  const full = await fill();
  expect(full.failure).toMatchObject({
    code: 'STORE_FAILED',
    message: expect.stringContaining('the browser gives this site no more room; free some'),
  });
  // Every commit is there, and nothing of the one that failed.
  expect(full.commits).toBeGreaterThan(0);
  expect(full.records).toBe(full.commits * 20);
  await session.send('Storage.overrideQuotaForOrigin', { origin: other.url });
  expect(await fill()).toEqual({ commits: 10, records: 200, failure: undefined });
  await page.close();
  await other.close();
});

test('ends for a page when its user clears the data of the site', async () => {
  const page = await browser.open(site.url);
  await page.evaluate(async () => {
    const store = await holdfast.idbStore('cleared').open();
    await store.commit([{ type: 'put', key: 'a', value: Uint8Array.of(1) }]);
    Object.assign(globalThis, { store });
  });
  const session = await browser.context.newCDPSession(page);
  await session.send('Storage.clearDataForOrigin', { origin: site.url, storageTypes: 'indexeddb' });
  const outcome = await page.evaluate(async () => {
    const { store } = globalThis as unknown as { readonly store: OpenStore };
    try {
      await store.commit([{ type: 'put', key: 'b', value: Uint8Array.of(1) }]);
      return 'committed';
    } catch (error) {
      return String(error);
    }
  });
  expect(outcome).toContain('its data was cleared; reload the page');
  await page.reload();
  const keys = await page.evaluate(async () => {
    const store = await holdfast.idbStore('cleared').open();
    return (await store.read({ from: 'a', to: 'c', maxBytes: 1_000 })).map(({ key }) => key);
  });
  expect(keys).toEqual([]);
  await page.close();
});

test('is refused in a frame that may not store', async () => {
  const page = await browser.open(`${site.url}/sandboxed`);
  const frame = page.frames().at(-1);
  await expect.poll(() => frame?.evaluate(() => typeof (globalThis as { holdfast?: PageApi }).holdfast)).toBe('object');
  const outcome = await frame?.evaluate(async () => {
    try {
      await holdfast.idbStore('outbox').open();
      return { code: 'it opened' };
    } catch (error) {
      const { code, message } = error as { code: string; message: string };
      return { code, message };
    }
  });
  expect(outcome).toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringContaining('sandboxed frame') });
  await page.close();
});

test('asks the browser to keep what it stores', async () => {
  const page = await browser.open(site.url);
  // A browser without a user grants it to sites that it knows; this one it does not know.
  expect(await page.evaluate(() => holdfast.requestPersistence())).toBe(false);
  const session = await browser.context.newCDPSession(page);
  const permission = { name: 'persistent-storage' };
  await session.send('Browser.setPermission', { permission, setting: 'granted', origin: site.url });
  expect(await page.evaluate(() => holdfast.requestPersistence())).toBe(true);
  await page.close();
});
