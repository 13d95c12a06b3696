import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { claimStore } from '../../src/stores/idb-owner.js';
import { FakeLocks } from '../support/fake-browser.js';

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('with Web Locks', () => {
  let locks: FakeLocks;

  beforeEach(() => {
    locks = new FakeLocks();
    vi.stubGlobal('navigator', { locks });
  });

  it('takes a store for one at a time, by name', async () => {
    const first = await claimStore('a');
    expect(locks.isHeld('holdfast/store/a')).toBe(true);
    expect(await claimStore('a')).toBeUndefined();
    const other = await claimStore('b');
    first?.();
    const again = await claimStore('a');
    expect(again).toBeTypeOf('function');
    again?.();
    other?.();
  });

  it('waits a moment for one that is going away', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const leaving = await claimStore('a');
    const coming = claimStore('a');
    await expect.poll(() => locks.requests).toBe(2);
    leaving?.();
    const come = await coming;
    expect(come).toBeTypeOf('function');
    // The time that it might have waited does not take it away.
    await vi.advanceTimersByTimeAsync(60_000);
    expect(locks.isHeld('holdfast/store/a')).toBe(true);
    come?.();
  });

  it('says what the browser says when there are no locks for this page', async () => {
    const refusal = new DOMException('no locks here', 'SecurityError');
    vi.stubGlobal('navigator', { locks: { request: () => Promise.reject(refusal) } });
    await expect(claimStore('a')).rejects.toBe(refusal);
  });
});

describe('without Web Locks', () => {
  beforeEach(() => {
    vi.stubGlobal('navigator', {});
  });

  it('takes a store for one at a time, by name', async () => {
    const first = await claimStore('a');
    expect(await claimStore('a')).toBeUndefined();
    expect(await claimStore('a')).toBeUndefined();
    const other = await claimStore('b');
    first?.();
    const again = await claimStore('a');
    expect(again).toBeTypeOf('function');
    expect(await claimStore('b')).toBeUndefined();
    again?.();
    other?.();
  });

  it('takes it for one of several who want it at once', async () => {
    for (let round = 0; round < 5; round++) {
      const claims = await Promise.all(Array.from({ length: 5 }, () => claimStore('a')));
      const taken = claims.filter((claim) => claim !== undefined);
      expect(taken).toHaveLength(1);
      expect(await claimStore('a')).toBeUndefined();
      taken[0]?.();
    }
  });

  it('takes it from one that does not answer', async () => {
    const hung = new BroadcastChannel('holdfast/store/a');
    hung.onmessage = () => {};
    const release = await claimStore('a');
    expect(release).toBeTypeOf('function');
    release?.();
    hung.close();
  });

  it('takes it where nobody can be asked', async () => {
    vi.stubGlobal('BroadcastChannel', undefined);
    expect(await claimStore('a')).toBeTypeOf('function');
    expect(await claimStore('a')).toBeTypeOf('function');
  });
});
