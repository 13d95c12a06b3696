import { describe, expect, it } from 'vitest';
import * as live from '../../../src/trial/checks/live.js';
import * as t from './traces.js';

/** So many of a step, spread over a time. */
function repeated(step: t.Step, count: number, overMs: number): t.Step[] {
  return Array.from({ length: count }, (_, index) => ({ ...step, atMs: (index * overMs) / count }));
}

const dialed: t.Step = { who: t.DEVICE, what: 'dialed', life: 1 };
const OFTEN: readonly (readonly [string, t.Step, number, string])[] = [
  ['dials', dialed, live.DIALS_A_MINUTE_MAX, 'device-1 dialed more than'],
  ['transmissions of a message', t.received(1), live.TRANSMISSIONS_A_MINUTE_MAX, 'message 1 was sent more than'],
  ['handlings of a message', t.began(1), live.HANDLINGS_A_MINUTE_MAX, 'message 1 came to a handler more than'],
];

describe('the check of liveness', () => {
  it('takes a trial that comes to rest', () => {
    expect(live.checkLive(t.traceOf(t.wholeLife(1), t.END))).toEqual([]);
  });

  it.each(OFTEN)('takes as many %s in a minute as there may be', (_, step, max) => {
    const steps = [...repeated(step, max, 59_000), ...repeated(step, max, 59_000).map(laterByTwoMinutes)];
    expect(live.checkLive(t.traceOf(steps, t.END))).toEqual([]);
  });

  it.each(OFTEN)('finds more %s in a minute', (_, step, max, message) => {
    expect(live.checkLive(t.traceOf(repeated(step, 2 * max, 59_000), t.END))).toEqual([
      { check: 'live', atMs: expect.any(Number), message: expect.stringContaining(`${message} ${max} times`) },
    ]);
  });

  it.each<[string, t.Step[], string]>([
    ['a trial without rest', [...t.wholeLife(1), { who: 'trial', what: 'notQuiet' }], 'did not come to rest'],
    [
      'what nobody caught',
      [{ who: 'trial', what: 'threw', error: 'Error: a bug' }, ...t.END],
      'ended with Error: a bug',
    ],
    ['what is left', [...t.END, { who: t.DEVICE, what: 'left', messages: 2 }], '2 messages of device-1'],
    [
      'a message sent too often',
      [t.began(1, { attempt: live.ATTEMPTS_MAX + 1 }), ...t.END],
      'message 1 was sent 61 times',
    ],
  ])('finds %s', (_, steps, message) => {
    expect(live.checkLive(t.traceOf(steps))).toEqual([
      { check: 'live', atMs: expect.any(Number), message: expect.stringContaining(message) },
    ]);
  });
});

function laterByTwoMinutes(step: t.Step): t.Step {
  return { ...step, atMs: (step.atMs ?? 0) + 120_000 };
}
