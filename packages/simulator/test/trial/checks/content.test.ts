import { describe, expect, it } from 'vitest';
import { checkContent } from '../../../src/trial/checks/content.js';
import * as t from './traces.js';

describe('the check of content', () => {
  it('takes what was sent, plain or not', () => {
    expect(checkContent(t.traceOf(t.wholeLife(1), t.plainSend(2), t.plainBegan(2)))).toEqual([]);
  });

  it.each<[string, t.Step[], string]>([
    ['what nobody sent', [t.began(1)], 'device-1 did not send it'],
    ['garbage', [t.send(1), t.began(-1)], 'message -1, but device-1 did not send it'],
    ['what comes before it is sent', [t.began(1), t.send(1)], 'did not send it'],
    ['what another device sent', [t.send(1, { who: 'device-2' }), t.began(1)], 'device-1 did not send it'],
    ['what has another name', [t.send(1), t.began(1, { sequence: 2 })], 'did not send it'],
    ['half of it', [t.send(1), t.began(1, { hash: 'other' })], 'its content is other and was hash 1'],
    ['half a plain message', [t.plainSend(1), { ...t.plainBegan(1), hash: 'other' } as t.Step], 'its content is other'],
    [
      'what a crash took back',
      [t.send(1), t.crashed(), t.send(2, { sequence: 1, life: 2 }), t.began(1)],
      'its number was given to another one',
    ],
  ])('finds %s', (_, steps, message) => {
    expect(checkContent(t.traceOf(steps))).toEqual([
      { check: 'content', atMs: expect.any(Number), message: expect.stringContaining(message) },
    ]);
  });
});
