import { expect, it } from 'vitest';
import { checkReplies } from '../../../src/trial/checks/replies.js';
import * as t from './traces.js';

const answered = (n: number, reply: string): t.Step => t.done(n, n, t.DEVICE, reply);

it.each<[string, t.Step[]]>([
  ['the reply of its message', [t.send(1), answered(1, 'a'), t.settled(1, 'acknowledged', 'a')]],
  ['no reply where there was none', [t.send(1), answered(1, ''), t.settled(1)]],
  ['one of two answers', [t.send(1), answered(1, 'a'), answered(1, 'b'), t.settled(1, 'acknowledged', 'a')]],
])('takes %s', (_, steps) => {
  expect(checkReplies(t.traceOf(steps))).toEqual([]);
});

it.each<[string, t.Step[], string]>([
  [
    'that of another message',
    [answered(1, 'a'), answered(2, 'b'), t.settled(1, 'acknowledged', 'b')],
    'got b, and handlers answered a',
  ],
  ['a lost one', [answered(1, 'a'), t.settled(1)], 'got no reply, and handlers answered a'],
  ['one that nobody gave', [t.settled(1, 'acknowledged', 'a')], 'got a, and handlers answered nothing'],
])('finds %s', (_, steps, message) => {
  expect(checkReplies(t.traceOf(steps)).map((each) => each.message)).toEqual([expect.stringContaining(message)]);
});
