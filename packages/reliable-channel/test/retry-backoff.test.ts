import { expect, it } from 'vitest';
import { resolveRetryBackoff } from '../src/retry-backoff.js';

it('fills in what is missing, so that the least is never above the most', () => {
  expect(resolveRetryBackoff({})).toEqual({ minMs: 100, maxMs: 30_000 });
  expect(resolveRetryBackoff({ minMs: 60_000 })).toEqual({ minMs: 60_000, maxMs: 60_000 });
  expect(resolveRetryBackoff({ maxMs: 50 })).toEqual({ minMs: 50, maxMs: 50 });
  expect(resolveRetryBackoff({ minMs: 1, maxMs: 86_400_000 })).toEqual({ minMs: 1, maxMs: 86_400_000 });
});

it('names the option that is wrong', () => {
  expect(() => resolveRetryBackoff({ minMs: 0 })).toThrow('retryBackoff.minMs');
  expect(() => resolveRetryBackoff({ maxMs: 86_400_001 })).toThrow('retryBackoff.maxMs');
  expect(() => resolveRetryBackoff({ minMs: 20, maxMs: 10 })).toThrow('must not be below');
});
