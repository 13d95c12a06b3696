import type { TransportEvent } from '@holdfast/transport';
import { expect, it } from 'vitest';
import { ConnectionNotices } from '../../src/sending/connection-notices.js';

type Cause = Extract<TransportEvent, { type: 'disconnected' }>['cause'];

const failed = (cause: Cause): TransportEvent => ({ type: 'connectFailed', reason: 5, cause }) as TransportEvent;
const lost = (cause: Cause): TransportEvent => ({ type: 'disconnected', cause });
const linkLost = (detail: string): Cause => ({ kind: 'linkLost', detail });

/** What is said, and given up, for some events. */
function told(...events: TransportEvent[]): { said: string[]; reasons: string[]; trouble: string | undefined } {
  const said: string[] = [];
  const reasons: string[] = [];
  const notices = new ConnectionNotices('press-7', '127.0.0.1:7400', {
    say: (line) => said.push(line),
    giveUp: (reason) => reasons.push(reason),
  });
  for (const event of events) notices.onEvent(event);
  return { said, reasons, trouble: notices.trouble };
}

it('says nothing while all is well', () => {
  const { said, reasons, trouble } = told(
    { type: 'connected' },
    lost({ kind: 'asked', detail: 'the device disconnects' }),
  );
  expect([said, reasons, trouble]).toEqual([[], [], undefined]);
});

it('says each change once', () => {
  const away = failed(linkLost('nobody there'));
  const wait: TransportEvent = { type: 'reconnectScheduled', delayMs: 5 };
  const { said } = told(
    away,
    wait,
    away,
    wait,
    failed(linkLost('no\u0007 name')),
    away,
    { type: 'connected' },
    lost(linkLost('cut')),
    away,
  );
  expect(said).toEqual([
    'no connection: nobody there; trying again',
    'no connection: no\\u{7} name; trying again',
    'no connection: nobody there; trying again',
    'connected to 127.0.0.1:7400',
    'connection lost: cut; trying again',
    'no connection: nobody there; trying again',
  ]);
  expect(told(away).trouble).toBe('no connection: nobody there');
});

it.each([
  [
    failed({ kind: 'refused', code: 2, detail: 'wrong token' }),
    /^the agent at 127.0.0.1:7400 does not let the device "press-7" in \(wrong token\); check .*HOLDFAST_TOKEN/,
  ],
  [
    failed({ kind: 'refused', code: 1, detail: 'version 9' }),
    /another version of the protocol \(version 9\); update the older end$/,
  ],
  [
    lost({ kind: 'closedByPeer', code: 2, detail: 'replaced' }),
    /^another connection has taken the device id "press-7"; .*--device$/,
  ],
])('gives up where dialing again is no use', (event, reason) => {
  const { said, reasons } = told(event);
  expect([said, reasons]).toEqual([[], [expect.stringMatching(reason)]]);
});

it('does not give up when the agent is busy', () => {
  const { said, reasons } = told(failed({ kind: 'refused', code: 3, detail: 'overloaded' }));
  expect([said, reasons]).toEqual([['no connection: overloaded; trying again'], []]);
});
