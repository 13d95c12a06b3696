import type { AgentEvent } from '@holdfast/agent';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { EventLines } from '../../src/receiving/event-lines.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function rig() {
  const said: string[] = [];
  return { said, lines: new EventLines((line) => said.push(line)) };
}

const device = 'press\n7';
const peer = '127.0.0.1:5';
const EVENTS: readonly [AgentEvent, string][] = [
  [{ type: 'deviceConnected', device, peer }, 'press 7 connected from 127.0.0.1:5'],
  [{ type: 'deviceDisconnected', device, detail: 'gone\u0007' }, 'press 7 disconnected: gone\\u{7}'],
  [{ type: 'deviceReplaced', device, peer }, 'press 7 has connected again; its connection from 127.0.0.1:5 is closed'],
  [{ type: 'refused', device, peer, reason: 'wrong' }, 'refused press 7 from 127.0.0.1:5: wrong'],
  [{ type: 'handshakeFailed', peer, detail: 'silence' }, 'no device at 127.0.0.1:5: silence'],
  [
    { type: 'messageDropped', device, name: 'n', reason: 'overloaded' },
    'dropped a plain message from press 7, n: overloaded',
  ],
  [
    { type: 'handlerFailed', device, name: 'n', error: new Error('disk full') },
    'disk full; the message of press 7 is not acknowledged',
  ],
  [
    { type: 'messageRejected', device, name: 'n', message: 'id', reason: 'odd' },
    'refused a message from press 7, n: odd',
  ],
  [{ type: 'replyDropped', device, name: 'n', message: 'id', detail: 'large' }, 'no reply for press 7, n: large'],
  [{ type: 'overloadChanged', isOverloaded: true }, 'overloaded: devices are asked to come again'],
  [{ type: 'overloadChanged', isOverloaded: false }, 'no longer overloaded'],
  [
    { type: 'deviceChannel', device, event: { type: 'acknowledged', lane: '', first: 1, last: 2 } },
    'channel to press 7: 2 messages, 1 to 2, handled',
  ],
  [{ type: 'storeProblem', device, detail: 'full' }, 'the inbox has a problem with press 7: full'],
  [
    { type: 'recordQuarantined', key: 'inbox/press 7', detail: 'odd' },
    'a record of the inbox can not be read, inbox/press 7: odd',
  ],
];

it.each(EVENTS)('says %j', (event, line) => {
  const { said, lines } = rig();
  lines.onEvent(event);
  expect(said).toEqual([line]);
});

it('counts what is too much of one kind, and says the rest', () => {
  const { said, lines } = rig();
  const dropped: AgentEvent = { type: 'messageDropped', device: 'd', name: 'n', reason: 'overloaded' };
  for (let count = 0; count < 25; count++) lines.onEvent(dropped);
  lines.onEvent({ type: 'deviceConnected', device: 'e', peer });
  expect(said).toHaveLength(21);
  expect(said.at(-1)).toMatch(/^e connected/);
  vi.advanceTimersByTime(1_000);
  expect(said.slice(21)).toEqual(['5 more events like these: message dropped']);
  lines.onEvent(dropped);
  expect(said).toHaveLength(23);
});

it('says what it has counted when it ends', () => {
  const { said, lines } = rig();
  for (let count = 0; count < 21; count++) lines.onEvent({ type: 'deviceConnected', device: 'd', peer });
  lines.close();
  expect(said.at(-1)).toBe('1 more event like these: device connected');
  expect(vi.getTimerCount()).toBe(0);
});
