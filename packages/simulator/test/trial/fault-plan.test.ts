import { expect, test } from 'vitest';
import { derivedRandom } from '../../src/path/derived-random.js';
import { drawFaults, faultKinds } from '../../src/trial/fault-plan.js';

const DEVICES = ['device-1', 'device-2'];
const OVER_MS = 100_000;
const SENDS = [20_000, 40_000].map((atMs) => ({ atMs, device: 'device-2' }));
const draw = (seed: number, sends = SENDS) =>
  drawFaults(derivedRandom(seed, 'test'), { devices: DEVICES, sends, overMs: OVER_MS });

test('every kind is drawn, in the order of time, and all are over in time', () => {
  const drawn = new Set<string>();
  for (let seed = 0; seed < 300; seed += 1) {
    const faults = draw(seed);
    expect(faults.map(({ atMs }) => atMs)).toEqual(faults.map(({ atMs }) => atMs).sort((a, b) => a - b));
    for (const { atMs, ms, target, fault } of faults) {
      expect(atMs + ms).toBeLessThanOrEqual(OVER_MS);
      drawn.add(`${target} ${fault}`);
    }
  }
  const kinds = new Set(faultKinds(DEVICES).map(({ target, fault }) => `${target} ${fault}`));
  expect(drawn).toEqual(kinds);
  expect([...kinds]).toContain('chip-2 powerOff');
});

test('a crash comes right behind a send that it can concern, if there is one', () => {
  const crashes = (target: string) =>
    Array.from({ length: 200 }, (_, seed) =>
      draw(seed).filter(({ fault }) => fault === 'crash' || fault === 'outage'),
    ).flatMap((faults) => faults.filter((each) => each.target === target).map(({ atMs }) => atMs));
  const isBusy = (atMs: number) => SENDS.some((send) => atMs >= send.atMs && atMs <= send.atMs + 500);
  expect(crashes('device-2').every(isBusy)).toBe(true);
  expect(crashes('agent').every(isBusy)).toBe(true);
  expect(crashes('dataCentre').every(isBusy)).toBe(true);
  expect(crashes('device-1').every(isBusy)).toBe(false);
});
