import type { ChannelEvent } from '@holdfast/reliable-channel';
import { expect, it } from 'vitest';
import { channelEventText } from '../../src/receiving/channel-event-text.js';

const lane = '';
const EVENTS: readonly [ChannelEvent, string][] = [
  [{ type: 'stored', lane, first: 4, last: 4 }, 'message 4 stored'],
  [{ type: 'acknowledged', lane: 'a\nb', first: 4, last: 6 }, '3 messages, 4 to 6, of lane a b handled'],
  [
    {
      type: 'givenUp',
      lane,
      first: 1,
      last: 1,
      outcome: { status: 'rejected', reason: 'no\u0007', attempts: 1 },
    },
    'message 1 rejected: no\\u{7}',
  ],
  [{ type: 'stateChanged', state: 'down' }, 'no connection'],
  [{ type: 'stateChanged', state: 'opening' }, 'asks what the other end has'],
  [{ type: 'stateChanged', state: 'open' }, 'open'],
  [{ type: 'stateChanged', state: 'closed' }, 'closed'],
  [{ type: 'storeProblem', detail: 'full' }, 'the outbox has a problem: full'],
  [{ type: 'handlerFailed', name: 'n', error: new Error('odd') }, 'the handler of n failed: odd'],
  [{ type: 'replyDropped', name: 'n', detail: 'large' }, 'no reply for n: large'],
  [{ type: 'dataRefused', name: 'n', detail: 'odd' }, 'refused n: odd'],
  [{ type: 'recordQuarantined', key: 'k', detail: 'odd' }, 'a record can not be read, k: odd'],
];

it.each(EVENTS)('says %j', (event, text) => {
  expect(channelEventText(event)).toBe(text);
});
