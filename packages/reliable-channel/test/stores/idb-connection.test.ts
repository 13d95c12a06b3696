import { promisifyRequest } from 'idb-keyval';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { IdbConnection } from '../../src/stores/idb-connection.js';
import { type FakeBrowser, IDBDatabase, stubBrowser } from '../support/fake-browser.js';

let browser: FakeBrowser;
let connection: IdbConnection;

beforeEach(() => {
  browser = stubBrowser();
  connection = new IdbConnection('test');
});
afterEach(async () => {
  await connection.close();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

const never = (): boolean => false;

function put(key: string): Promise<unknown> {
  const work = (records: IDBObjectStore): Promise<unknown> => {
    records.put(1, key);
    return promisifyRequest(records.transaction);
  };
  return connection.transact('readwrite', work, never);
}

function keys(): Promise<IDBValidKey[]> {
  return connection.transact('readonly', (records) => promisifyRequest(records.getAllKeys()), never);
}

/** Lets the next `count` attempts to open fail. */
function failOpening(count: number, name: string): void {
  const open = vi.mocked(browser.factory.open);
  for (let n = 0; n < count; n++) {
    open.mockImplementationOnce(() => {
      const request = { error: new DOMException('Internal error', name) } as IDBOpenDBRequest;
      queueMicrotask(() => request.onerror?.(new Event('error')));
      return request as never;
    });
  }
}

it('opens once for all that is asked at one time, and asks for strict durability', async () => {
  const transaction = vi.spyOn(IDBDatabase.prototype, 'transaction');
  await Promise.all([put('a'), put('b'), put('c')]);
  expect(await keys()).toEqual(['a', 'b', 'c']);
  expect(browser.factory.open).toHaveBeenCalledTimes(1);
  const asked = transaction.mock.calls.filter(([, mode]) => mode !== 'versionchange');
  expect(asked.map(([, , options]) => options)).toEqual(Array(4).fill({ durability: 'strict' }));
});

it('opens again when the browser has dropped the connection', async () => {
  await put('a');
  browser.dropConnections();
  await new Promise((resolve) => setImmediate(resolve));
  await put('b');
  expect(await keys()).toEqual(['a', 'b']);
  expect(browser.factory.open).toHaveBeenCalledTimes(2);
});

it('opens again when the connection turns out to be closed, as in Safari, without a word', async () => {
  await put('a');
  browser.closeQuietly();
  await Promise.all([put('b'), put('c')]);
  expect(await keys()).toEqual(['a', 'b', 'c']);
  // Both found out, and one of them opened it.
  expect(browser.factory.open).toHaveBeenCalledTimes(2);
});

it('does work again, once, that failed on a lost connection', async () => {
  let runs = 0;
  const work = (records: IDBObjectStore): Promise<unknown> => {
    runs += 1;
    if (runs === 1) browser.dropConnections();
    return promisifyRequest(records.put(1, 'a'));
  };
  await connection.transact('readwrite', work, never);
  expect(runs).toBe(2);
  expect(await keys()).toEqual(['a']);

  runs = 0;
  const failing = (): never => {
    runs += 1;
    throw new Error(`no ${runs}`);
  };
  await expect(connection.transact('readonly', failing, never)).rejects.toThrow('no 2');
  expect(runs).toBe(2);
});

it('does not do again what can not succeed', async () => {
  let runs = 0;
  const work = (): never => {
    runs += 1;
    throw new Error('final');
  };
  await expect(connection.transact('readonly', work, () => true)).rejects.toThrow('final');
  expect(runs).toBe(1);
  expect(await keys()).toEqual([]);
  expect(browser.factory.open).toHaveBeenCalledTimes(1);
});

it('goes on trying to open for a while', async () => {
  failOpening(3, 'UnknownError');
  await put('a');
  expect(browser.factory.open).toHaveBeenCalledTimes(4);
});

it('gives up then, and begins anew with the next call', async () => {
  failOpening(8, 'UnknownError');
  await expect(put('a')).rejects.toMatchObject({ name: 'UnknownError' });
  // Four attempts, and as many for the second try.
  expect(browser.factory.open).toHaveBeenCalledTimes(8);
  await put('a');
  expect(await keys()).toEqual(['a']);
});

it.each(['SecurityError', 'VersionError', 'InvalidStateError', 'QuotaExceededError'])(
  'does not try to open again after %s',
  async (name) => {
    failOpening(1, name);
    await expect(
      connection.transact(
        'readonly',
        () => 1,
        () => true,
      ),
    ).rejects.toMatchObject({ name });
    expect(browser.factory.open).toHaveBeenCalledTimes(1);
  },
);

it('makes way for one who wants to delete the database', async () => {
  await put('a');
  await promisifyRequest(browser.factory.deleteDatabase('test'));
  expect(await keys()).toEqual([]);
});

it('stays closed when it is closed', async () => {
  await put('a');
  await connection.close();
  await expect(put('b')).rejects.toThrow('the store is closed');
  expect(browser.factory.open).toHaveBeenCalledTimes(1);
  await promisifyRequest(browser.factory.deleteDatabase('test'));
});

it('that is abandoned undoes what is under way at once, and stays closed', async () => {
  await put('a');
  const writing = put('b').catch((error) => error);
  await Promise.resolve();
  connection.abandon();
  expect(await writing).toBeInstanceOf(Error);
  await expect(put('c')).rejects.toThrow('the store is closed');
  const other = new IdbConnection('test');
  const found = await other.transact('readonly', (records) => promisifyRequest(records.getAllKeys()), never);
  expect(found).toEqual(['a']);
  await other.close();
});

it('that is abandoned while it is being opened does nothing more', async () => {
  const writing = put('a').catch((error) => error);
  connection.abandon();
  expect(await writing).toMatchObject({ message: 'the store is closed' });
  const other = new IdbConnection('test');
  const found = await other.transact('readonly', (records) => promisifyRequest(records.getAllKeys()), never);
  expect(found).toEqual([]);
  await other.close();
});

it('can be abandoned before it was ever open', async () => {
  connection.abandon();
  await expect(put('a')).rejects.toThrow('the store is closed');
});
