import { describe, expect, it } from 'vitest';
import { checkHandledOnce } from '../../../src/trial/checks/handled-once.js';
import * as t from './traces.js';

const again = [t.began(1, { attempt: 2 }), t.done(1)];
const work = [t.send(1), t.began(1), t.done(1)];
const underWay = t.commitBegan('agent', 7, `inbox/${t.DEVICE}`);
const written = t.committed('agent', 7);
const refused: t.Step = { who: 'agent', what: 'commitFailed', commit: 7 };
const torn = (applied: boolean): t.Step => ({ who: 'agent', what: 'commitTorn', commit: 7, applied });
const agentRestarts = [t.agentCrashed, t.agentStarted];

describe('the check of handled once', () => {
  it.each<[string, t.Step[]]>([
    ['messages that are handled once', [...t.wholeLife(1), ...t.wholeLife(2)]],
    ['one that is handled again because it failed', [t.send(1), t.began(1), t.failed(1), ...again]],
    [
      'one that is handled again because the agent crashed over it',
      [t.send(1), t.began(1), ...agentRestarts, ...again],
    ],
    ['one that is handled again because the agent crashed before the record', [...work, ...agentRestarts, ...again]],
    [
      'one whose only record may be from before, since another was being written',
      [t.send(1), t.began(1), underWay, t.done(1), written, ...t.inboxKeeps(1), ...agentRestarts, ...again],
    ],
    [
      'one whose only record may be from before, since another failed',
      [t.send(1), underWay, refused, t.began(1), t.done(1), ...t.inboxKeeps(1), ...agentRestarts, ...again],
    ],
    [
      'one whose only record may be from before, since another was finished at the same time',
      [
        ...[t.send(8), t.send(1), t.began(8), { ...t.done(8), atMs: 100 }, t.began(1), { ...t.done(1), atMs: 100 }],
        ...[...t.inboxKeeps(1), ...agentRestarts, ...again],
      ],
    ],
    ['one whose record a crash tore', [...work, underWay, torn(false), ...agentRestarts, ...again]],
  ])('takes %s', (_, steps) => {
    expect(checkHandledOnce(t.traceOf(steps))).toEqual([]);
  });

  it.each<[string, t.Step[], string]>([
    ['a second time', [...work, ...again], 'message 1 (device-1/1) came to a handler again after it was handled'],
    [
      'a second time behind a crash of the device',
      [...work, t.crashed(), t.opened(2, 2), ...again],
      'again after it was handled',
    ],
    [
      'a second time behind a crash, recorded',
      [...work, ...t.inboxKeeps(1), ...agentRestarts, ...again],
      'again after',
    ],
    [
      'a second time behind a crash, recorded by the second commit',
      [
        t.send(1),
        t.began(1),
        underWay,
        t.done(1),
        written,
        ...t.inboxKeeps(1),
        ...t.inboxKeeps(2),
        ...agentRestarts,
        ...again,
      ],
      'again after',
    ],
    [
      'a second time behind a crash that left the whole record',
      [...work, underWay, torn(true), ...agentRestarts, ...again],
      'again after',
    ],
    ['a second time behind a crash, acknowledged', [...work, t.ended(1), ...agentRestarts, ...again], 'again after'],
    ['a third time with one crash', [...work, ...agentRestarts, ...again, t.began(1), t.done(1)], 'again after'],
    ['two handlers at a time', [t.send(1), t.began(1), t.began(1)], 'message 1 (device-1/1) is with two handlers'],
  ])('finds %s', (_, steps, message) => {
    expect(checkHandledOnce(t.traceOf(steps))).toEqual([
      { check: 'handled once', atMs: expect.any(Number), message: expect.stringContaining(message) },
    ]);
  });
});
