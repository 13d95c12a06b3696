import { describe, expect, it } from 'vitest';
import { checkOneOutcome } from '../../../src/trial/checks/one-outcome.js';
import * as t from './traces.js';

const left = (messages: number): t.Step => ({ who: t.DEVICE, what: 'left', messages });
const evicted = { ...t.send(2, { sequence: 0 }), id: '' } as t.Step;

const tornKept: t.Step = { who: t.DEVICE, what: 'commitTorn', commit: 9, applied: true };

describe('the check of one outcome', () => {
  it.each<[string, t.Step[]]>([
    ['an acknowledged message', t.wholeLife(1)],
    ['one that is in the outbox at the end', [t.send(1), left(1)]],
    ['one that is kept there by a closed channel', [t.send(1), t.settled(1, 'kept'), left(1)]],
    ['one that was not taken', [evicted, t.settled(2, 'evicted')]],
    ['one that could not be stored', [t.send(1), t.notStored(1), t.settled(1, 'evicted')]],
    ['one that was refused for good', [t.send(1), t.settled(1, 'rejected'), t.ended(1, 1, 'rejected')]],
    [
      'one that a crash took before it was stored, whose number another one has',
      [t.opened(1), t.send(1), t.crashed(), t.opened(1, 2), t.send(2, { sequence: 1, life: 2 }), left(1)],
    ],
    [
      'one whose end was written down by the commit in which its program crashed',
      [t.send(1), ...t.outboxKeeps(1), t.commitBegan(t.DEVICE, 9, ''), t.crashed(), tornKept, t.opened(2, 2), left(0)],
    ],
    [
      'one that ends in the next life, where nobody has its delivery',
      [t.opened(1), t.send(1), t.stored(1), t.crashed(), t.opened(2, 2), t.ended(1, 1, 'acknowledged', 2)],
    ],
    [
      'one whose end is told in the next life again',
      [t.opened(1), ...t.wholeLife(1), t.crashed(), t.opened(2, 2), t.ended(1, 1, 'acknowledged', 2)],
    ],
  ])('takes %s', (_, steps) => {
    expect(checkOneOutcome(t.traceOf(steps))).toEqual([]);
  });

  it.each<[string, t.Step[], string]>([
    ['two outcomes', [...t.wholeLife(1), t.settled(1)], 'message 1 was acknowledged and is acknowledged'],
    ['two different ones', [...t.wholeLife(1), t.ended(1, 1, 'expired')], 'was acknowledged in life 1 and is expired'],
    ['another one in a later life', [...t.wholeLife(1), t.ended(1, 1, 'expired', 2)], 'is expired in life 2'],
    ['none', [t.send(1), left(0)], '1 messages of device-1 have no outcome, and 0 are in its outbox'],
    ['none at the delivery', [t.send(1), t.ended(1)], 'is acknowledged, and its delivery says nothing'],
    [
      'none of a stored one behind a crash',
      [t.send(1), ...t.outboxKeeps(1), t.crashed(), t.opened(2, 2), left(0)],
      'have no outcome',
    ],
    [
      'another one than cancelled of one called back',
      [t.send(1), t.calledBack(1), ...t.wholeLife(1).slice(1)],
      'was called back and is',
    ],
    ['one left that has an outcome', [...t.wholeLife(1), left(1)], '0 messages of device-1 have no outcome, and 1 are'],
    ['an outcome that is none', [t.send(1), t.settled(1, 'gone'), t.ended(1, 1, 'gone')], 'which is no outcome'],
    ['an outcome of nothing', [t.settled(7)], 'message 7 was settled and never sent'],
    ['a channel that says otherwise', [t.send(1), t.settled(1)], 'its channel says nothing'],
    ['one that was not taken, silently', [evicted], 'message 2 was not taken and is not evicted'],
  ])('finds %s', (_, steps, message) => {
    expect(checkOneOutcome(t.traceOf(steps)).map((each) => each.message)).toEqual(
      expect.arrayContaining([expect.stringContaining(message)]),
    );
  });
});
