import type { TransportEvent } from '@holdfast/transport';
import { describe, expect, it } from 'vitest';
import { logChannelEvent, logTransportEvent } from '../src/channel-log.js';
import type { ChannelEvent, LogDetails, Logger, Outcome } from '../src/index.js';
import { ChannelRig } from './support/channel-rig.js';

type Line = readonly [level: string, message: string, details?: LogDetails];

function linesOf(): { readonly lines: Line[]; readonly logger: Logger } {
  const lines: Line[] = [];
  const write = (level: string) => (message: string, details?: LogDetails) =>
    void lines.push(details === undefined ? [level, message] : [level, message, details]);
  const logger = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
  return { lines, logger };
}

const run = { lane: 'a', first: 1, last: 3 };
const error = new Error('odd');

function givenUp(outcome: Extract<Outcome, { attempts: number }>): ChannelEvent {
  return { type: 'givenUp', ...run, outcome };
}

const CHANNEL: readonly [ChannelEvent, Line][] = [
  [{ type: 'stored', ...run }, ['debug', 'messages stored', run]],
  [{ type: 'acknowledged', ...run }, ['debug', 'messages acknowledged', run]],
  [{ type: 'stateChanged', state: 'opening' }, ['debug', 'channel opening', {}]],
  [{ type: 'stateChanged', state: 'open' }, ['info', 'channel open', {}]],
  [{ type: 'stateChanged', state: 'down' }, ['info', 'channel down', {}]],
  [
    givenUp({ status: 'rejected', reason: 'the secret is hunter2', attempts: 2 }),
    ['warn', 'messages given up', { ...run, status: 'rejected', attempts: 2 }],
  ],
  [
    givenUp({ status: 'expired', reason: 'late', attempts: 0 }),
    ['warn', 'messages given up', { ...run, status: 'expired', reason: 'late', attempts: 0 }],
  ],
  [
    givenUp({ status: 'cancelled', reason: 'asked', attempts: 0 }),
    ['info', 'messages given up', { ...run, status: 'cancelled', reason: 'asked', attempts: 0 }],
  ],
  ...(
    [
      ['outboxFull', 'warn'],
      ['tooOld', 'warn'],
      ['replaced', 'info'],
      ['notSendable', 'info'],
      ['storeFailed', 'error'],
      ['unreadable', 'error'],
    ] as const
  ).map(([cause, level]): [ChannelEvent, Line] => [
    givenUp({ status: 'evicted', cause, reason: 'r', attempts: 0 }),
    [level, 'messages given up', { ...run, status: 'evicted', cause, reason: 'r', attempts: 0 }],
  ]),
  [{ type: 'storeProblem', detail: 'full' }, ['error', 'store problem', { detail: 'full' }]],
  [{ type: 'handlerFailed', name: 'n', error }, ['error', 'handler failed', { name: 'n', error }]],
  [{ type: 'replyDropped', name: 'n', detail: 'data.hunter2' }, ['warn', 'reply dropped', { name: 'n' }]],
  [{ type: 'dataRefused', name: 'n', detail: 'data.hunter2' }, ['warn', 'data refused', { name: 'n' }]],
  [{ type: 'recordQuarantined', key: 'k', detail: 'd' }, ['error', 'record quarantined', { key: 'k', detail: 'd' }]],
];

const cause = { kind: 'linkLost', detail: 'refused' } as const;
const TRANSPORT: readonly [TransportEvent, Line][] = [
  [{ type: 'connected' }, ['info', 'connected']],
  [{ type: 'disconnected', cause }, ['info', 'disconnected', cause]],
  [{ type: 'connectFailed', reason: 5, cause } as TransportEvent, ['warn', 'connect failed', cause]],
  [{ type: 'reconnectScheduled', delayMs: 5 }, ['debug', 'reconnect scheduled', { delayMs: 5 }]],
  [{ type: 'suspended' }, ['info', 'sends suspended']],
  [{ type: 'snoozed' }, ['info', 'snoozed']],
  [{ type: 'resumed', hasSnoozed: true }, ['info', 'sends resumed', { hasSnoozed: true }]],
  [{ type: 'lossDeclared', reason: 5 } as TransportEvent, ['info', 'connection given up']],
  [{ type: 'messageDropped', name: 'n' }, ['warn', 'plain message dropped', { name: 'n' }]],
];

describe('the log of a channel', () => {
  it.each(CHANNEL)('has for %j', (event, line) => {
    const { lines, logger } = linesOf();
    logChannelEvent(logger, event);
    expect(lines).toEqual([line]);
  });

  it('has what else is to be said', () => {
    const { lines, logger } = linesOf();
    logChannelEvent(logger, { type: 'storeProblem', detail: 'full' }, { device: 'press-7' });
    expect(lines).toEqual([['error', 'store problem', { device: 'press-7', detail: 'full' }]]);
  });

  it.each(TRANSPORT)('has for %j of its transport', (event, line) => {
    const { lines, logger } = linesOf();
    logTransportEvent(logger, event);
    expect(lines).toEqual([line]);
  });

  it('tells the life of a channel, and nothing of its data, headers and refusals', async () => {
    const rig = new ChannelRig();
    rig.handle = ({ name }) => (name === 'bad' ? { status: 'rejected', reason: 'not hunter2' } : undefined);
    await rig.startAgent();
    const { lines, logger } = linesOf();
    const channel = await rig.open({ logger });
    channel.send('good', { password: 'hunter2' }, { headers: { secret: 'hunter2' } });
    channel.send('bad', 'hunter2');
    await rig.until(() => channel.stats().outboxMessages === 0);
    let isClosed = false;
    void channel.close().then(() => {
      isClosed = true;
    });
    await rig.until(() => isClosed);
    const told = lines.map(([level, message]) => `${level} ${message}`);
    expect(told).toEqual(
      expect.arrayContaining([
        'debug messages stored',
        'info connected',
        'info channel open',
        'warn messages given up',
      ]),
    );
    expect(JSON.stringify(lines)).not.toContain('hunter2');
    // Closed, it lets the transport go.
    const count = lines.length;
    rig.network.cut();
    await rig.runtime.advance(10_000);
    expect(lines).toHaveLength(count);
  });

  it('refuses what is no logger', async () => {
    await expect(new ChannelRig().open({ logger: {} as Logger })).rejects.toThrow(/logger must have the methods/);
  });
});
