import { expect, test } from 'vitest';
import { resolvePathParameters } from '../../src/path/parameters.js';
import { drawTrial } from '../../src/trial/trial-plan.js';

const PLANS = Array.from({ length: 300 }, (_, seed) => drawTrial(seed));

test('a seed gives one plan, and another seed another', () => {
  expect(drawTrial(7)).toEqual(drawTrial(7));
  expect(new Set(PLANS.map((plan) => JSON.stringify(plan.path))).size).toBe(PLANS.length);
  expect(() => drawTrial(-1)).toThrow(RangeError);
});

test('every path is one that can be', () => {
  for (const { path } of PLANS) expect(() => resolvePathParameters(path)).not.toThrow();
});

test('sends are of devices of the trial, in the order of time, before the faults are over', () => {
  for (const { devices, sends, faultsOverMs } of PLANS) {
    const times = sends.map(({ atMs }) => atMs);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times.at(-1)).toBeLessThanOrEqual(faultsOverMs);
    expect(sends.every(({ device }) => devices.includes(device))).toBe(true);
  }
});

test('all sizes, policies and numbers of devices are drawn', () => {
  const sends = PLANS.flatMap((plan) => plan.sends);
  const sizes = sends.map(({ bytes }) => bytes);
  expect([Math.min(...sizes), Math.max(...sizes)]).toEqual([1, 8_192]);
  const policies = new Set(sends.map(({ plain }) => plain && `${plain.onError} ${plain.waitFor}`));
  expect(policies.size).toBe(1 + 3 * 2);
  expect(new Set(PLANS.map(({ devices }) => devices.length))).toEqual(new Set([1, 2, 3]));
});

test('everything that can be asked for a message is asked for, in one lane to four', () => {
  const sends = PLANS.flatMap((plan) => plan.sends);
  const all = <Key extends keyof (typeof sends)[number]>(key: Key) => new Set(sends.map((send) => send[key]));
  expect(all('sender')).toEqual(new Set(['device', 'agent']));
  expect(all('lane')).toEqual(new Set(['', 'alarms', 'readings', 'logs']));
  expect(all('importance')).toEqual(new Set(['critical', 'high', 'low']));
  expect(all('coalesceKey')).toEqual(new Set(['', 'level', 'mode']));
  expect(all('maxAttempts')).toEqual(new Set([0, 1, 3]));
  expect(sends.some(({ ttlMs }) => ttlMs > 0 && ttlMs < 1_000)).toBe(true);
  expect(sends.some(({ cancelAfterMs }) => cancelAfterMs === 0)).toBe(true);
  expect(new Set(PLANS.map(({ lanes }) => Object.keys(lanes).length))).toEqual(new Set([1, 2, 3, 4]));
  expect(new Set(PLANS.map(({ limits }) => limits.whenFull))).toEqual(new Set(['reject', 'wait', 'evict']));
  expect(PLANS.filter(({ stuckLane }) => stuckLane !== undefined).length).toBeGreaterThan(30);
});

test('a program that suspends on errors gives its sends time', () => {
  const suspending = PLANS.flatMap(({ sends }) => sends.flatMap(({ plain }) => plain ?? [])).filter(
    ({ onError }) => onError === 'SUSPEND_ON_ERROR',
  );
  expect(Math.min(...suspending.map(({ timeoutSeconds }) => timeoutSeconds))).toBeGreaterThanOrEqual(20);
});
