// What it is good for is in test/browser/kill.test.ts, with the browser that needs it.

import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { renewLog } from '../../src/stores/idb-log-renewal.js';
import { type FakeBrowser, stubBrowser } from '../support/fake-browser.js';

let browser: FakeBrowser;

beforeEach(() => {
  browser = stubBrowser();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

it('makes a database and deletes it, and leaves nothing', async () => {
  const remove = vi.spyOn(browser.factory, 'deleteDatabase');
  await renewLog('holdfast/outbox');
  expect(browser.factory.open).toHaveBeenCalledTimes(1);
  expect(remove).toHaveBeenCalledWith(expect.stringMatching(/^holdfast\/outbox\/renewal\/./));
  expect(await browser.factory.databases()).toEqual([]);
});

it('is not held up by a page that stands still in the middle of it', async () => {
  const { deleteDatabase } = browser.factory;
  const remove = vi.spyOn(browser.factory, 'deleteDatabase').mockReturnValue({} as never);
  void renewLog('holdfast/outbox');
  await expect.poll(() => remove.mock.calls.length).toBe(1);
  remove.mockImplementation((...args) => deleteDatabase.apply(browser.factory, args));
  await renewLog('holdfast/outbox');
  expect(await browser.factory.databases()).toHaveLength(1);
});

it('says nothing of what it can not do', async () => {
  vi.mocked(browser.factory.open).mockImplementation(() => {
    throw new DOMException('not here', 'SecurityError');
  });
  await renewLog('holdfast/outbox');
  vi.mocked(browser.factory.open).mockImplementation(() => {
    const request = { error: new DOMException('no room', 'QuotaExceededError') } as IDBOpenDBRequest;
    queueMicrotask(() => request.onerror?.(new Event('error')));
    return request as never;
  });
  await renewLog('holdfast/outbox');
});
