import { describe, expect, test } from 'vitest';
import { Keepalive } from '../../src/core/index.js';

const OPTIONS = { keepaliveIdleMs: 60_000, keepaliveTimeoutMs: 45_000 };

describe('Keepalive', () => {
  test('S31 asks after 60 s of silence and gives up 45 s later', () => {
    const keepalive = new Keepalive(OPTIONS, 1_000);
    expect(keepalive.nextTimeoutMs()).toBe(61_000);
    expect(keepalive.check(60_999)).toBe('nothing');
    expect(keepalive.check(61_000)).toBe('ping');
    expect(keepalive.nextTimeoutMs()).toBe(106_000);
    expect(keepalive.check(105_999)).toBe('nothing');
    expect(keepalive.check(106_000)).toBe('dead');
  });

  test('begins anew with any bytes, before and after the question', () => {
    const keepalive = new Keepalive(OPTIONS, 0);
    keepalive.onReceived(59_000);
    expect(keepalive.check(60_000)).toBe('nothing');
    expect(keepalive.check(119_000)).toBe('ping');
    keepalive.onReceived(119_500);
    expect(keepalive.nextTimeoutMs()).toBe(179_500);
    expect(keepalive.check(179_500)).toBe('ping');
  });

  test('waits for the whole answer time when the question itself came late', () => {
    const keepalive = new Keepalive(OPTIONS, 0);
    expect(keepalive.check(600_000)).toBe('ping');
    expect(keepalive.check(600_001)).toBe('nothing');
    expect(keepalive.nextTimeoutMs()).toBe(645_000);
  });
});
