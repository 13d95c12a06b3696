import { describe, expect, it } from 'vitest';
import { checkAckAfterWork } from '../../../src/trial/checks/ack-after-work.js';
import * as t from './traces.js';

const torn = (applied: boolean): t.Step => ({ who: 'agent', what: 'commitTorn', commit: 1, applied });

describe('the check of ack after work', () => {
  it.each<[string, t.Step[]]>([
    ['a message that was handled and recorded before', t.wholeLife(1)],
    [
      'a record that was on disk when the agent crashed',
      [t.send(1), t.done(1), t.commitBegan('agent', 1, `inbox/${t.DEVICE}`), torn(true), t.ended(1)],
    ],
    ['another end than an ack', [t.send(1), t.ended(1, 1, 'expired')]],
  ])('takes %s', (_, steps) => {
    expect(checkAckAfterWork(t.traceOf(steps))).toEqual([]);
  });

  it.each<[string, t.Step[], string]>([
    [
      'no handler',
      [t.send(1), t.began(1), ...t.inboxKeeps(1), t.ended(1)],
      'message 1 of device-1 was acknowledged, and no handler had finished it',
    ],
    [
      'a handler that finished afterwards',
      [t.send(1), t.began(1), ...t.inboxKeeps(1), t.ended(1), t.done(1)],
      'no handler',
    ],
    ['a handler that failed', [t.send(1), t.began(1), t.failed(1), ...t.inboxKeeps(1), t.ended(1)], 'no handler'],
    ['no record', [t.send(1), t.began(1), t.done(1), t.ended(1)], 'the inbox had not recorded it'],
    [
      'a record under way',
      [t.send(1), t.done(1), t.commitBegan('agent', 1, `inbox/${t.DEVICE}`), t.ended(1), t.committed('agent', 1)],
      'not recorded',
    ],
    [
      'a record that began before',
      [t.send(1), t.commitBegan('agent', 1, `inbox/${t.DEVICE}`), t.done(1), t.committed('agent', 1), t.ended(1)],
      'not recorded',
    ],
    [
      'a record of another device',
      [t.send(1), t.done(1), t.commitBegan('agent', 1, 'inbox/device-2'), t.committed('agent', 1), t.ended(1)],
      'not recorded',
    ],
    [
      'a record that a crash tore',
      [t.send(1), t.done(1), t.commitBegan('agent', 1, `inbox/${t.DEVICE}`), torn(false), t.ended(1)],
      'not recorded',
    ],
    ['a refusal that no handler made', [t.send(1), t.ended(1, 1, 'rejected')], 'no handler had refused it'],
    ['a number that nobody has', [t.ended(9)], 'message number 9 of device-1'],
  ])('finds %s', (_, steps, message) => {
    expect(checkAckAfterWork(t.traceOf(steps))).toEqual([
      { check: 'ack after work', atMs: expect.any(Number), message: expect.stringContaining(message) },
    ]);
  });
});
