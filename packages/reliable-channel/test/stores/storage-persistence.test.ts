import { afterEach, expect, it, vi } from 'vitest';
import { requestPersistence } from '../../src/stores/storage-persistence.js';

afterEach(() => {
  vi.unstubAllGlobals();
});

function stubStorage(isPersisted: boolean, persist: () => Promise<boolean>) {
  const asked = vi.fn(persist);
  vi.stubGlobal('navigator', { storage: { persisted: async () => isPersisted, persist: asked } });
  return asked;
}

it('says what the browser grants', async () => {
  stubStorage(false, async () => true);
  expect(await requestPersistence()).toBe(true);
  stubStorage(false, async () => false);
  expect(await requestPersistence()).toBe(false);
});

it('does not ask again for what was granted', async () => {
  const asked = stubStorage(true, async () => false);
  expect(await requestPersistence()).toBe(true);
  expect(asked).not.toHaveBeenCalled();
});

it.each([
  ['no navigator', undefined],
  ['no storage', {}],
  ['an old storage', { storage: {} }],
])('is false with %s', async (_, navigator) => {
  vi.stubGlobal('navigator', navigator);
  expect(await requestPersistence()).toBe(false);
});

it('is false where the browser forbids storage', async () => {
  stubStorage(false, () => Promise.reject(new DOMException('not here', 'SecurityError')));
  expect(await requestPersistence()).toBe(false);
});
