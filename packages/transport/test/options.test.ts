import { createVirtualRuntime } from '@holdfast/simulator';
import { describe, expect, test } from 'vitest';
import { createTransport, type Link, type TransportOptions } from '../src/index.js';
import { resolveConnectionLimits, resolveTransportOptions } from '../src/options.js';

const link: Link = { name: 'test', writeMaxBytes: 1_000, dial: () => Promise.reject(new Error('not dialed here')) };
const resolve = (options: Partial<TransportOptions> = {}) =>
  resolveTransportOptions({ deviceId: 'press-7', link, ...options });

describe('resolveTransportOptions', () => {
  test('S2 S3 S31 fills in the numbers of impOS, and our own', () => {
    expect(resolve().connection).toEqual({
      role: 'dialing',
      deviceId: 'press-7',
      token: '',
      writeMaxBytes: 1_000,
      sendBufferBytes: 3_456,
      sendBufferMaxBytes: 30_720,
      packetBytes: 576,
      keepaliveIdleMs: 60_000,
      keepaliveTimeoutMs: 45_000,
      handshakeTimeoutMs: 10_000,
      closeTimeoutMs: 1_000,
      messageMaxBytes: 262_144,
    });
    expect(resolve().reconnectBackoff).toEqual({ minMs: 500, maxMs: 30_000 });
  });

  test('takes what it is given', () => {
    const runtime = createVirtualRuntime({ seed: 1 });
    const resolved = resolve({ token: 't', sendBufferBytes: 64, reconnectBackoff: { minMs: 1 }, runtime });
    expect(resolved.connection).toMatchObject({ token: 't', sendBufferBytes: 64 });
    expect(resolved.reconnectBackoff).toEqual({ minMs: 1, maxMs: 30_000 });
    expect(resolved.runtime).toBe(runtime);
  });

  test('raises the limit of the buffer, and of the backoff, with what is above it', () => {
    expect(resolve({ sendBufferBytes: 1_000_000 }).connection.sendBufferMaxBytes).toBe(1_000_000);
    expect(resolve({ reconnectBackoff: { minMs: 60_000 } }).reconnectBackoff).toEqual({ minMs: 60_000, maxMs: 60_000 });
  });

  test.each<[string, Partial<TransportOptions>]>([
    ['deviceId', { deviceId: '' }],
    ['deviceId', { deviceId: 'd'.repeat(129) }],
    ['token', { token: '' }],
    ['token', { token: 't'.repeat(2_049) }],
    ['link', { link: undefined as unknown as Link }],
    ['link', { link: {} as Link }],
    ['sendBufferBytes', { sendBufferBytes: 63 }],
    ['sendBufferBytes', { sendBufferBytes: 100.5 }],
    ['sendBufferMaxBytes', { sendBufferBytes: 100, sendBufferMaxBytes: 99 }],
    ['packetBytes', { packetBytes: 0 }],
    ['keepaliveIdleMs', { keepaliveIdleMs: 0 }],
    ['keepaliveTimeoutMs', { keepaliveTimeoutMs: Number.NaN }],
    ['handshakeTimeoutMs', { handshakeTimeoutMs: Number.POSITIVE_INFINITY }],
    ['reconnectBackoff.minMs', { reconnectBackoff: { minMs: 0 } }],
    ['reconnectBackoff.maxMs', { reconnectBackoff: { minMs: 10, maxMs: 9 } }],
  ])('names %s when it is wrong', (name, options) => {
    expect(() => createTransport({ deviceId: 'press-7', link, ...options })).toThrow(name);
  });

  test('does not put a token into the error about it', () => {
    const token = `secret${'t'.repeat(2_049)}`;
    expect(() => resolve({ token })).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('secret') }),
    );
  });
});

describe('resolveConnectionLimits', () => {
  test('are the same for the accepting end', () => {
    expect(resolveConnectionLimits({ sendBufferBytes: 100 })).toMatchObject({
      sendBufferBytes: 100,
      handshakeTimeoutMs: 10_000,
    });
  });
});
