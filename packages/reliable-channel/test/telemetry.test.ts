import { HEADERS_MAX, HEADERS_MAX_BYTES } from '@holdfast/protocol/core';
import { describe, expect, it } from 'vitest';
import { ChannelHandlers } from '../src/channel-handlers.js';
import type { ChannelStats, IncomingMessage, Telemetry } from '../src/index.js';
import { withFurtherHeaders } from '../src/telemetry.js';
import { ChannelRig } from './support/channel-rig.js';

describe('further headers', () => {
  it('stand beside those that the message has, and back where there is one of that name', () => {
    expect(withFurtherHeaders({ a: '1' }, { b: '2', a: '3' })).toEqual({ a: '1', b: '2' });
    expect(withFurtherHeaders({ a: '1' }, undefined)).toEqual({ a: '1' });
    expect(withFurtherHeaders(undefined, { a: '1' })).toEqual({ a: '1' });
    expect(withFurtherHeaders(undefined, {})).toBeUndefined();
  });

  it('are left out where the message would have too many, or too much', () => {
    const many = Object.fromEntries(Array.from({ length: HEADERS_MAX }, (_, index) => [`h${index}`, '']));
    expect(withFurtherHeaders(many, { trace: '1' })).toEqual(many);
    const value = 'x'.repeat(HEADERS_MAX_BYTES - 4);
    expect(withFurtherHeaders({ a: value }, { trace: '1', bc: '4' })).toEqual({ a: value, bc: '4' });
    expect(withFurtherHeaders(undefined, { ['n'.repeat(256)]: '', b: '' })).toEqual({ b: '' });
  });

  it('are left out where they are no headers', () => {
    expect(withFurtherHeaders(undefined, { '': '1', a: '\ud800', b: 2 as unknown as string })).toBeUndefined();
  });
});

describe('telemetry', () => {
  it('sees a handler run once, whatever it returns', async () => {
    const ran: unknown[] = [];
    const seen: unknown[] = [];
    const handlers = new ChannelHandlers(() => {}, {
      handling: (message, run) => {
        seen.push(message.name);
        return run();
      },
    });
    handlers.set('nothing', () => void ran.push('nothing'));
    handlers.set('later', async () => ran.push('later'));
    const message = { lane: '', id: 'i', headers: {}, attempt: 1, data: null } as unknown as IncomingMessage;
    expect(handlers.run({ ...message, name: 'nothing' })).toBeUndefined();
    expect(await handlers.run({ ...message, name: 'later' })).toEqual({ status: 'replied', reply: 2 });
    expect(handlers.run({ ...message, name: 'nobody' })).toMatchObject({ status: 'again' });
    expect([ran, seen]).toEqual([
      ['nothing', 'later'],
      ['nothing', 'later'],
    ]);
  });

  it('is asked for each message, is given the figures, and ends with the channel', async () => {
    const rig = new ChannelRig();
    const headers: unknown[] = [];
    rig.handle = (message) => void headers.push(message.headers);
    await rig.startAgent();
    const asked: unknown[] = [];
    let figures: (() => ChannelStats) | undefined;
    let isEnded = false;
    const telemetry: Telemetry<ChannelStats> = {
      sending: (message, send) => {
        asked.push(message);
        return send({ trace: 't1', own: 'theirs' });
      },
      measuring: (stats) => {
        figures = stats;
        return () => {
          isEnded = true;
        };
      },
    };
    const channel = await rig.open({ telemetry });
    const delivery = channel.send('reading', 'abc', { lane: 'l', headers: { own: 'mine' } });
    await rig.until(() => channel.stats().outboxMessages === 0);
    expect(delivery.outcome ?? (await delivery.settled)).toEqual({ status: 'acknowledged' });
    expect(asked).toEqual([{ name: 'reading', lane: 'l', bytes: 4 }]);
    expect(headers).toEqual([{ own: 'mine', trace: 't1' }]);
    expect(figures?.().acknowledgedMessages).toBe(1);
    const closing = channel.close();
    await rig.runtime.advance(20_000);
    await closing;
    expect(isEnded).toBe(true);
  });
});
