import { isHoldfastError } from '@holdfast/protocol';
import { HEADERS_MAX, HEADERS_MAX_BYTES } from '@holdfast/protocol/core';
import { describe, expect, it } from 'vitest';
import { resolveSendOptions, type SendOptions } from '../src/send-options.js';

it('asks for nothing when nothing was asked for, without a new object for each message', () => {
  expect(resolveSendOptions(undefined)).toEqual({ lane: '', importance: 'critical', traits: {}, headers: undefined });
  expect(resolveSendOptions(undefined)).toBe(resolveSendOptions(undefined));
  expect(resolveSendOptions({ lane: 'a' }).traits).toBe(resolveSendOptions({ lane: 'b' }).traits);
});

it('keeps everything that was asked for', () => {
  const options: SendOptions = {
    lane: 'alarms',
    importance: 'high',
    ttlMs: 86_400_000,
    coalesceKey: 'door',
    maxAttempts: 3,
    retryBackoff: { minMs: 5 },
    headers: { traceparent: '00-1' },
  };
  expect(resolveSendOptions(options)).toEqual({
    lane: 'alarms',
    importance: 'high',
    traits: { ttlMs: 86_400_000, coalesceKey: 'door', maxAttempts: 3, retryBackoff: { minMs: 5, maxMs: 30_000 } },
    headers: { traceparent: '00-1' },
  });
});

describe('what is wrong is named', () => {
  it.each<[string, SendOptions]>([
    ['lane must have at most 64 bytes', { lane: 'x'.repeat(65) }],
    ['lane must be a text', { lane: 7 as never }],
    ['lane holds half of a surrogate pair', { lane: '\ud800' }],
    ['importance must be one of critical, high, low', { importance: 'urgent' as never }],
    ['ttlMs', { ttlMs: 0 }],
    ['ttlMs', { ttlMs: 1.5 }],
    ['ttlMs', { ttlMs: Number.POSITIVE_INFINITY }],
    ['coalesceKey must be a text that is not empty', { coalesceKey: '' }],
    ['coalesceKey must have at most 128 bytes', { coalesceKey: 'ä'.repeat(65) }],
    ['maxAttempts', { maxAttempts: 0 }],
    ['retryBackoff.maxMs', { retryBackoff: { minMs: 2, maxMs: 1 } }],
    ['headers must be texts by name', { headers: { a: 1 as never } }],
    ['headers must be texts by name', { headers: { '': 'a' } }],
    ['headers must be texts by name', { headers: { a: '\udc00' } }],
  ])('%s', (message, options) => {
    expect(() => resolveSendOptions(options)).toThrow(message);
  });
});

describe('headers', () => {
  const codeOf = (headers: Record<string, string>): string | undefined => {
    try {
      resolveSendOptions({ headers });
    } catch (error) {
      return isHoldfastError(error) ? error.code : String(error);
    }
    return undefined;
  };
  const numbered = (count: number): Record<string, string> =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`h${index}`, 'x']));

  it('have a greatest number', () => {
    expect([codeOf(numbered(HEADERS_MAX)), codeOf(numbered(HEADERS_MAX + 1))]).toEqual([
      undefined,
      'HEADERS_TOO_LARGE',
    ]);
  });

  it('have a greatest size', () => {
    expect(codeOf({ a: 'x'.repeat(HEADERS_MAX_BYTES) })).toBe('HEADERS_TOO_LARGE');
    expect(codeOf({ a: 'x'.repeat(HEADERS_MAX_BYTES - 10) })).toBeUndefined();
    expect(codeOf({ ['x'.repeat(256)]: '' })).toBe('HEADERS_TOO_LARGE');
  });
});
