import type { LogDetails, Logger } from '@holdfast/reliable-channel';
import { expect, it } from 'vitest';
import { logAgentEvent } from '../src/agent-log.js';
import { type AgentEvent, reject } from '../src/index.js';
import { Rig } from './support/rig.js';

type Line = readonly [level: string, message: string, details?: LogDetails];

function linesOf(): { readonly lines: Line[]; readonly logger: Logger } {
  const lines: Line[] = [];
  const write = (level: string) => (message: string, details?: LogDetails) =>
    void lines.push(details === undefined ? [level, message] : [level, message, details]);
  const logger = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
  return { lines, logger };
}

const device = 'press-7';
const peer = '127.0.0.1:5';
const error = new Error('odd');
const EVENTS: readonly [AgentEvent, Line][] = [
  [{ type: 'deviceConnected', device, peer }, ['info', 'device connected', { device, peer }]],
  [{ type: 'deviceDisconnected', device, detail: 'd' }, ['info', 'device disconnected', { device, detail: 'd' }]],
  [{ type: 'deviceReplaced', device, peer }, ['info', 'device replaced', { device, peer }]],
  [{ type: 'refused', device, peer, reason: 'r' }, ['warn', 'device refused', { device, peer, reason: 'r' }]],
  [{ type: 'handshakeFailed', peer, detail: 'd' }, ['info', 'handshake failed', { peer, detail: 'd' }]],
  [
    { type: 'messageDropped', device, name: 'n', reason: 'overloaded' },
    ['warn', 'plain message dropped', { device, name: 'n', reason: 'overloaded' }],
  ],
  [{ type: 'handlerFailed', device, name: 'n', error }, ['error', 'handler failed', { device, name: 'n', error }]],
  [
    { type: 'messageRejected', device, name: 'n', message: 'i', reason: 'got hunter2' },
    ['warn', 'message rejected', { device, name: 'n', id: 'i' }],
  ],
  [
    { type: 'replyDropped', device, name: 'n', message: 'i', detail: 'data.hunter2' },
    ['warn', 'reply dropped', { device, name: 'n', id: 'i' }],
  ],
  [{ type: 'overloadChanged', isOverloaded: true }, ['warn', 'overloaded']],
  [{ type: 'overloadChanged', isOverloaded: false }, ['info', 'no longer overloaded']],
  [
    { type: 'deviceChannel', device, event: { type: 'stored', lane: 'l', first: 1, last: 2 } },
    ['debug', 'messages stored', { device, lane: 'l', first: 1, last: 2 }],
  ],
  [{ type: 'storeProblem', device, detail: 'full' }, ['error', 'store problem', { device, detail: 'full' }]],
  [{ type: 'recordQuarantined', key: 'k', detail: 'd' }, ['error', 'record quarantined', { key: 'k', detail: 'd' }]],
];

it.each(EVENTS)('has for %j', (event, line) => {
  const { lines, logger } = linesOf();
  logAgentEvent(logger, event);
  expect(lines).toEqual([line]);
});

it('tells what an agent does, and nothing of data and tokens', async () => {
  const { lines, logger } = linesOf();
  const rig = await Rig.start({ logger, authenticate: ({ token }) => token === 'hunter2-right' });
  rig.agent.on('reading', (data: string) => {
    throw reject(`what is ${data}?`);
  });
  const channel = await rig.channel(device, { token: 'hunter2-right' });
  expect(await rig.until(channel.send('reading', 'hunter2-data').settled)).toMatchObject({ status: 'rejected' });
  await rig.until(rig.transport('other', 'hunter2-wrong').connect());
  const told = lines.map(([level, message]) => `${level} ${message}`);
  expect(told).toEqual(
    expect.arrayContaining(['info device connected', 'warn message rejected', 'warn device refused']),
  );
  expect(JSON.stringify(lines)).not.toContain('hunter2');
});

it('refuses what is no logger', async () => {
  await expect(Rig.start({ logger: {} as Logger })).rejects.toThrow(/logger must have the methods/);
});
