import { describe, expect, test } from 'vitest';
import { Callers, Deadlines } from '../../src/core/index.js';
import { CALLER, OPTIONS } from '../rig.js';

function deadlines(): { watch: Deadlines; callers: Callers } {
  const callers = new Callers();
  return { watch: new Deadlines(OPTIONS, callers), callers };
}

describe('Deadlines', () => {
  test('asks for no timer while nothing is waited for', () => {
    const { watch } = deadlines();
    expect(watch.nextTimeoutMs()).toBeUndefined();
    expect(watch.check(1e9)).toBeUndefined();
  });

  test('keeps the earlier of two limits of a state', () => {
    const { watch } = deadlines();
    watch.limitState(10_000);
    watch.limitState(20_000);
    expect(watch.nextTimeoutMs()).toBe(10_000);
    watch.limitState(5_000);
    expect(watch.check(4_999)).toBeUndefined();
    expect(watch.check(5_000)).toMatchObject({ type: 'drop', cause: { kind: 'handshakeTimeout' } });
  });

  test('lifts the limit when connected and watches the silence from then on', () => {
    const { watch } = deadlines();
    watch.limitState(10_000);
    watch.onConnected(2_000);
    expect(watch.nextTimeoutMs()).toBe(62_000);
    watch.onReceived(3_000);
    expect(watch.check(63_000)).toEqual({ type: 'say', frame: { type: 'ping', nonce: 1 } });
    expect(watch.check(108_000)).toMatchObject({ type: 'drop', cause: { kind: 'keepaliveTimeout' } });
  });

  test('probes while connected, with a ping of its own number', () => {
    const { watch } = deadlines();
    expect(watch.probe(1_000)).toBeUndefined();
    watch.onConnected(2_000);
    expect(watch.probe(3_000)).toEqual({ type: 'say', frame: { type: 'ping', nonce: 1 } });
    expect(watch.probe(3_500)).toBeUndefined();
    watch.onReceived(4_000);
    expect(watch.probe(5_000)).toEqual({ type: 'say', frame: { type: 'ping', nonce: 2 } });
    expect(watch.check(15_000)).toMatchObject({ type: 'drop', cause: { kind: 'keepaliveTimeout' } });
    watch.onOver();
    expect(watch.probe(16_000)).toBeUndefined();
  });

  test('watches the patience of callers', () => {
    const { watch, callers } = deadlines();
    callers.begin({ ...CALLER, deadlineMs: 7_000 });
    expect(watch.nextTimeoutMs()).toBe(7_000);
    expect(watch.check(7_000)).toMatchObject({ type: 'drop', cause: { kind: 'sendTimeout' } });
  });

  test('forgets everything when the connection is over, but for the time to close', () => {
    const { watch } = deadlines();
    watch.onConnected(0);
    watch.onOver(500);
    expect(watch.nextTimeoutMs()).toBe(500);
    watch.onOver();
    expect(watch.nextTimeoutMs()).toBeUndefined();
  });
});
