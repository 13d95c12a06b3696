import { expect, it } from 'vitest';
import { checkLanes } from '../../../src/trial/checks/lanes.js';
import * as t from './traces.js';

const freed: t.Step = { who: 'trial', what: 'laneFreed', lane: 'logs' };
const inLogs = t.send(2, { lane: 'logs' });

it.each<[string, t.Step[]]>([
  ['other lanes that are done while one is stuck', [t.send(1), inLogs, t.ended(1), freed]],
  ['a trial without a stuck lane', [t.send(1)]],
])('takes %s', (_, steps) => {
  expect(checkLanes(t.traceOf(steps))).toEqual([]);
});

it('finds a message that a stuck lane kept from its end', () => {
  const found = checkLanes(t.traceOf([t.send(1), inLogs, freed, t.ended(1)])).map(({ message }) => message);
  expect(found).toEqual(["message 1 of device-1 in lane '' waits behind the stuck lane 'logs'"]);
});
