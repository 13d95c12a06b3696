import { describe, expect, it } from 'vitest';
import { checkDurableBeforeStored } from '../../../src/trial/checks/durable-before-stored.js';
import * as t from './traces.js';

const torn: t.Step = { who: t.DEVICE, what: 'commitTorn', commit: 1, applied: false };

describe('the check of durable before stored', () => {
  it.each<[string, t.Step[]]>([
    ['messages that are stored when a commit has them', [...t.wholeLife(1), ...t.wholeLife(2)]],
    [
      'two messages in one commit',
      [t.send(1), t.send(2), t.commitBegan(t.DEVICE, 1, '1,2'), t.committed(t.DEVICE, 1), t.stored(2)],
    ],
    [
      'a number that was never stored and is given out again',
      [t.send(1), t.commitBegan(t.DEVICE, 1, 1), torn, t.crashed(), t.opened(1, 2)],
    ],
  ])('takes %s', (_, steps) => {
    expect(checkDurableBeforeStored(t.traceOf(steps))).toEqual([]);
  });

  it.each<[string, t.Step[], string]>([
    ['no commit', [t.send(1), t.stored(1)], 'message 1 of device-1 was stored and is on no disk'],
    [
      'a commit under way',
      [t.send(1), t.commitBegan(t.DEVICE, 1, 1), t.stored(1), t.committed(t.DEVICE, 1)],
      'on no disk',
    ],
    [
      'a commit without it',
      [t.send(1), t.send(2), ...t.outboxKeeps(1), t.stored(2)],
      'message 2 of device-1 was stored',
    ],
    ['a commit of another device', [t.send(1), ...t.outboxKeeps(1, 'device-2'), t.stored(1)], 'on no disk'],
    [
      'a stored number given out again',
      [...t.wholeLife(1), t.crashed(), t.opened(1, 2)],
      'goes on with number 1, and had stored 1',
    ],
    ['a message that was never taken', [t.stored(1)], 'stored and never taken'],
  ])('finds %s', (_, steps, message) => {
    expect(checkDurableBeforeStored(t.traceOf(steps))).toEqual([
      { check: 'durable before stored', atMs: expect.any(Number), message: expect.stringContaining(message) },
    ]);
  });
});
