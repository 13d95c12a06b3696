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

  test('finds out soon when it is told that the link may have died', () => {
    const keepalive = new Keepalive(OPTIONS, 0);
    expect(keepalive.probe(20_000)).toBe(true);
    expect(keepalive.nextTimeoutMs()).toBe(30_000);
    // However often it is told: one question, and no more time for the answer.
    expect(keepalive.probe(25_000)).toBe(false);
    expect(keepalive.check(29_999)).toBe('nothing');
    expect(keepalive.check(30_000)).toBe('dead');
  });

  test('goes on as before when the other end has answered a probe', () => {
    const keepalive = new Keepalive(OPTIONS, 0);
    keepalive.probe(20_000);
    keepalive.onReceived(20_100);
    expect(keepalive.nextTimeoutMs()).toBe(80_100);
    expect(keepalive.check(80_100)).toBe('ping');
    expect(keepalive.nextTimeoutMs()).toBe(125_100);
  });

  test('waits less for a question that is out already, and anew when its time passed while the program stood still', () => {
    const keepalive = new Keepalive(OPTIONS, 0);
    expect(keepalive.check(60_000)).toBe('ping');
    expect(keepalive.probe(70_000)).toBe(false);
    expect(keepalive.nextTimeoutMs()).toBe(80_000);
    expect(keepalive.probe(1_000_000)).toBe(false);
    expect(keepalive.check(1_000_000)).toBe('nothing');
    expect(keepalive.nextTimeoutMs()).toBe(1_010_000);
    keepalive.onReceived(1_000_001);
    expect(keepalive.check(1_010_000)).toBe('nothing');
  });

  test('gives a probe no more time than the keepalive has', () => {
    const keepalive = new Keepalive({ keepaliveIdleMs: 1_000, keepaliveTimeoutMs: 500 }, 0);
    keepalive.probe(100);
    expect(keepalive.nextTimeoutMs()).toBe(600);
    // A question whose time is nearly over gets no more of it.
    const other = new Keepalive(OPTIONS, 0);
    expect(other.check(60_000)).toBe('ping');
    other.probe(104_000);
    expect(other.nextTimeoutMs()).toBe(105_000);
    // One whose time is just over has not been read for.
    other.probe(105_000);
    expect(other.nextTimeoutMs()).toBe(115_000);
  });

  test('waits for the whole answer time when the question itself came late', () => {
    const keepalive = new Keepalive(OPTIONS, 0);
    expect(keepalive.check(600_000)).toBe('ping');
    expect(keepalive.check(600_001)).toBe('nothing');
    expect(keepalive.nextTimeoutMs()).toBe(645_000);
  });
});
