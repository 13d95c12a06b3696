import { describe, expect, it } from 'vitest';
import { checkPlainSends } from '../../../src/trial/checks/plain-sends.js';
import * as t from './traces.js';

const SUSPEND = { onError: 'SUSPEND_ON_ERROR' };
const NO_DISCONNECT = { onError: 'RETURN_ON_ERROR_NO_DISCONNECT' };
const ACK = { waitFor: 'WAIT_FOR_ACK' };
/** The time of the first event of a trace. */
const SENT_MS = 10;
const came = (n: number): t.Step[] => [t.received(n, true), t.plainBegan(n)];

describe('the check of plain sends', () => {
  it.each<[string, t.Step[]]>([
    [
      '0 under WAIT_TIL_SENT, whether the message comes or not',
      [t.plainSend(1), t.plainCode(1, 0), t.plainSend(2), t.plainCode(2, 0), ...came(2)],
    ],
    ['0 under WAIT_FOR_ACK when the server has the message', [t.plainSend(1, ACK), ...came(1), t.plainCode(1, 0)]],
    [
      '1 and 4 at once',
      [t.plainSend(1), t.plainCode(1, 1, SENT_MS), t.plainSend(2, NO_DISCONNECT), t.plainCode(2, 4, 2 * SENT_MS)],
    ],
    ['2 when the time is up', [t.plainSend(1), t.plainCode(1, 2, SENT_MS + 1_000)]],
    ['3 before that', [t.plainSend(1), ...came(1), t.plainCode(1, 3)]],
    ['no code when the device crashes', [t.plainSend(1), t.crashed()]],
    [
      'a code of any time, and repetitions, under SUSPEND_ON_ERROR',
      [t.plainSend(1, SUSPEND), ...came(1), ...came(1), t.plainCode(1, 0, 50_000)],
    ],
  ])('takes %s', (_, steps) => {
    expect(checkPlainSends(t.traceOf(steps))).toEqual([]);
  });

  it.each<[string, t.Step[], string]>([
    ['no code', [t.plainSend(1)], 'plain message 1 of device-1 never got a code'],
    ['no code when another device crashes', [t.plainSend(1), t.crashed(1, 'device-2')], 'never got a code'],
    ['two codes', [t.plainSend(1), t.plainCode(1, 0), t.plainCode(1, 3)], 'got code 0 and then 3'],
    ['a code of nothing', [t.plainCode(1, 0)], 'got a code and was never sent'],
    ['a code behind a crash', [t.plainSend(1), t.crashed(), t.plainCode(1, 0)], 'after its device had crashed'],
    ['a code that is none', [t.plainSend(1), t.plainCode(1, 5)], 'code 5 which is none'],
    ['an error under SUSPEND_ON_ERROR', [t.plainSend(1, SUSPEND), t.plainCode(1, 3)], 'code 3 under SUSPEND_ON_ERROR'],
    [
      '0 under WAIT_FOR_ACK before the server has it',
      [t.plainSend(1, ACK), t.plainCode(1, 0), ...came(1)],
      'the server did not have it',
    ],
    ['2 too early', [t.plainSend(1), t.plainCode(1, 2, 900)], 'got code 2 after 890 ms of 1000 ms'],
    ['a code too late', [t.plainSend(1), t.plainCode(1, 3, 1_100)], 'after 1090 ms, and its timeout is 1000 ms'],
    ['1 after a while', [t.plainSend(1), t.plainCode(1, 1)], 'got code 1 late'],
    [
      '1 of a message that comes',
      [t.plainSend(1), t.plainCode(1, 1, SENT_MS), t.received(1, true)],
      'although its send had answered 1',
    ],
    ['4 under another policy', [t.plainSend(1), t.plainCode(1, 4, SENT_MS)], 'code 4 under RETURN_ON_ERROR'],
    [
      'a message that comes twice',
      [t.plainSend(1), t.plainCode(1, 0), t.received(1, true), t.received(1, true)],
      'came to the server twice',
    ],
    ['one handled twice', [t.plainSend(1), t.plainCode(1, 0), ...came(1), t.plainBegan(1)], 'came to a handler twice'],
    ['one handled from nowhere', [t.plainSend(1), t.plainCode(1, 0), t.plainBegan(1)], 'before the server had it'],
    [
      'one handled out of order',
      [
        t.plainSend(1),
        t.plainCode(1, 0),
        t.plainSend(2),
        t.plainCode(2, 0),
        t.received(1, true),
        ...came(2),
        t.plainBegan(1),
      ],
      'came to a handler after 2',
    ],
  ])('finds %s', (_, steps, message) => {
    expect(checkPlainSends(t.traceOf(steps))).toEqual([
      { check: 'plain sends', atMs: expect.any(Number), message: expect.stringContaining(message) },
    ]);
  });
});
