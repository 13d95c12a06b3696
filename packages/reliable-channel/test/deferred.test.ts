import { describe, expect, it } from 'vitest';
import { Deferred } from '../src/deferred.js';

describe('a promise that is settled from outside', () => {
  it('is fulfilled or rejected as it is told, once', async () => {
    const deferred = new Deferred<number>();
    deferred.resolve(1);
    deferred.reject(new Error('too late'));
    expect(await deferred.promise).toBe(1);
    const other = new Deferred<number>();
    other.reject(new Error('broken'));
    await expect(other.promise).rejects.toThrow('broken');
  });

  it('ends no program when it is rejected and nobody looks', async () => {
    // The test runner fails on a rejection that nobody has looked at.
    new Deferred<void>().reject(new Error('unseen'));
    await new Promise((resolve) => setTimeout(resolve, 0));
  });
});
