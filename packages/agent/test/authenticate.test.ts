import { describe, expect, it, vi } from 'vitest';
import { deviceTokens, sharedToken } from '../src/index.js';

const compared = vi.hoisted(() => [] as number[]);
vi.mock('node:crypto', async (original) => {
  const crypto = await original<typeof import('node:crypto')>();
  const timingSafeEqual = (left: NodeJS.ArrayBufferView, right: NodeJS.ArrayBufferView): boolean => {
    compared.push(left.byteLength, right.byteLength);
    return crypto.timingSafeEqual(left, right);
  };
  return { ...crypto, timingSafeEqual };
});

const hello = (deviceId: string, token: string) => ({ deviceId, token, peer: '127.0.0.1:1' });

describe('deviceTokens', () => {
  const authenticate = deviceTokens({ a: 'token of a', b: 'token of b' });

  it.each([
    ['a', 'token of a', true],
    ['b', 'token of b', true],
    ['a', 'token of b', false],
    ['a', 'token of ', false],
    ['a', '', false],
    ['unknown', 'token of a', false],
    ['unknown', '', false],
    ['__proto__', '', false],
    ['toString', '', false],
  ])('of %s with %j says %s', (deviceId, token, expected) => {
    expect(authenticate(hello(deviceId, token))).toBe(expected);
  });

  it.each([['', 'x', 'a long text'.repeat(100)]])('compares digests of one length, whatever comes', (...tokens) => {
    for (const deviceId of ['a', 'unknown']) {
      for (const token of tokens) {
        compared.length = 0;
        authenticate(hello(deviceId, token));
        expect(compared).toEqual([32, 32]);
      }
    }
  });

  it('wants every device to have a token', () => {
    expect(() => deviceTokens({ a: '' })).toThrow(TypeError);
    expect(() => deviceTokens({ a: undefined as unknown as string })).toThrow('the token of a');
  });
});

describe('sharedToken', () => {
  it('lets in every device that knows it', () => {
    const authenticate = sharedToken('secret');
    expect(authenticate(hello('a', 'secret'))).toBe(true);
    expect(authenticate(hello('b', 'secret'))).toBe(true);
    expect(authenticate(hello('a', 'secret '))).toBe(false);
    compared.length = 0;
    expect(authenticate(hello('a', ''))).toBe(false);
    expect(compared).toEqual([32, 32]);
  });

  it('must not be empty', () => {
    expect(() => sharedToken('')).toThrow(TypeError);
    expect(() => sharedToken(undefined as unknown as string)).toThrow(TypeError);
  });
});
