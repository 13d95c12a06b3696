import { describe, expect, it } from 'vitest';
import { checkOrder } from '../../../src/trial/checks/order.js';
import * as t from './traces.js';

const handled = (n: number): t.Step[] => [t.began(n), t.done(n)];
const sends = [t.send(1), t.send(2)];

describe('the check of order', () => {
  it.each<[string, t.Step[]]>([
    ['messages in the order of sending', [...sends, ...handled(1), ...handled(2)]],
    [
      'one that waits while the one before fails and is tried again',
      [...sends, t.began(1), t.failed(1), ...handled(1), ...handled(2)],
    ],
    [
      'both again, when a crash has taken the inbox',
      [...sends, ...handled(1), t.agentCrashed, ...handled(1), ...handled(2)],
    ],
    ['one that passes another that could not be stored', [...sends, t.settled(1, 'evicted'), ...handled(2)]],
    ['one that passes another that expired', [...sends, ...handled(2), t.ended(1, 1, 'expired')]],
    [
      'one that passes another that a crash took',
      [
        t.opened(1),
        t.send(1),
        t.crashed(),
        t.opened(1, 2),
        t.send(2, { sequence: 1, life: 2 }),
        t.began(2, { sequence: 1 }),
      ],
    ],
    [
      'one that passes another of another lane',
      [t.send(1, { lane: 'a' }), t.send(2, { lane: 'b' }), ...handled(2), ...handled(1)],
    ],
    ['plain messages, which are in no lane', [...sends, t.plainBegan(3)]],
  ])('takes %s', (_, steps) => {
    expect(checkOrder(t.traceOf(steps))).toEqual([]);
  });

  it.each<[string, t.Step[]]>([
    ['one that comes before an earlier one', [...sends, t.began(2)]],
    ['one that comes while an earlier one is handled', [...sends, t.began(1), t.began(2)]],
    ['one that comes after an earlier one has failed', [...sends, t.began(1), t.failed(1), t.began(2)]],
    ['one that passes another that is kept', [...sends, t.settled(1, 'kept'), t.began(2)]],
    ['one that passes another of the same lane', [t.send(1, { lane: 'a' }), t.send(2, { lane: 'a' }), t.began(2)]],
  ])('finds %s', (_, steps) => {
    const message = 'message 2 of device-1 came to a handler, and 1 before it is not finished';
    expect(checkOrder(t.traceOf(steps))).toEqual([{ check: 'order', atMs: expect.any(Number), message }]);
  });
});
