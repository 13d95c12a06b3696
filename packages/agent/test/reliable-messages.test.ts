import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NACK_CODE } from '@holdfast/protocol';
import { type DataFrame, encodeEntry } from '@holdfast/protocol/core';
import { lmdbStore } from '@holdfast/reliable-channel/lmdb';
import { memoryStore } from '@holdfast/reliable-channel/memory';
import { describe, expect, it } from 'vitest';
import { createAgent, reject, retryLater } from '../src/index.js';
import { memoryListener } from '../src/listeners/memory.js';
import { type RawDevice, Rig } from './support/rig.js';

const EPOCH = '00000000000000aa';

function data(first: number, name: string, fields: Partial<DataFrame> = {}): DataFrame {
  const entries = encodeEntry(name, Uint8Array.of(first));
  return {
    type: 'data',
    epoch: EPOCH,
    floor: 1,
    lane: '',
    after: first - 1,
    first,
    attempt: 1,
    count: 1,
    entries,
    ...fields,
  };
}

async function opened(rig: Rig, id = 'a'): Promise<RawDevice> {
  const device = await rig.welcomed(id);
  device.send({ type: 'open', epoch: EPOCH, lanes: [] });
  await rig.settle();
  device.frames.length = 0;
  return device;
}

describe('what a device is told of its message', () => {
  it('done: an ack, when the inbox has it', async () => {
    const rig = await Rig.start();
    const seen: unknown[] = [];
    rig.agent.on('reading', (value, message) => void seen.push([value, message]));
    const device = await opened(rig);
    const headers = { traceparent: '00-1' };
    const entries = encodeEntry('reading', Uint8Array.of(1), headers);
    device.send(data(1, 'reading', { attempt: 3, lane: 'alarms', entries }));
    await rig.settle();
    expect(device.frames).toMatchObject([{ type: 'ack', handled: { cumulative: 1, ranges: [] } }]);
    const named = { device: 'a', name: 'reading', id: `${EPOCH}-alarms-1`, lane: 'alarms', headers };
    const message = { ...named, isReliable: true, attempt: 3, inboxTransaction: expect.any(Function) };
    expect(seen).toEqual([[1, message]]);
  });

  it.each([
    ['nobody handles it', 'nobody', NACK_CODE.noHandler, 'nobody handles nobody'],
    ['the handler failed', 'fails', NACK_CODE.handlerFailed, 'the handler failed'],
  ])('%s: a nack with that reason, and nothing of what went wrong', async (_, name, code, reason) => {
    const rig = await Rig.start();
    rig.agent.on('fails', () => {
      throw new Error('the password is 1234');
    });
    const device = await opened(rig);
    device.send(data(1, name));
    await rig.settle();
    expect(device.frames).toEqual([{ type: 'nack', epoch: EPOCH, lane: '', from: 1, code, retryAfterMs: 0, reason }]);
    expect(rig.agent.stats().handledMessages).toBe(0);
  });

  it('the agent restarts: a nack for what waits, and for what comes, with a wish when to come again', async () => {
    const rig = await Rig.start({ retryAfterMs: 777 });
    rig.agent.on('reading', () => new Promise(() => {}));
    const device = await opened(rig);
    device.send(data(1, 'reading'), data(2, 'reading'));
    await rig.settle();
    void rig.agent.restart(() => new Promise(() => {}));
    device.send(data(2, 'reading'));
    await rig.settle();
    const nack = { type: 'nack', from: 2, code: NACK_CODE.restarting, retryAfterMs: 777 };
    expect(device.frames).toMatchObject([nack, nack]);
  });

  it('the agent is overloaded: a nack for what comes, while what waits is handled', async () => {
    const rig = await Rig.start({ agentQueueMaxMessages: 2 });
    const waiting: (() => void)[] = [];
    rig.agent.on('reading', () => new Promise<void>((resolve) => waiting.push(resolve)));
    const device = await opened(rig);
    for (const n of [1, 2, 3, 4]) device.send(data(n, 'reading'));
    await rig.settle();
    expect(rig.agent.stats()).toMatchObject({ isOverloaded: true, queuedMessages: 2 });
    expect(device.frames).toMatchObject([{ type: 'nack', from: 4, code: NACK_CODE.overloaded }]);
    for (let n = 1; n <= 3; n++) {
      waiting.shift()?.();
      await rig.settle();
    }
    expect(device.framesOf('ack').at(-1)).toMatchObject({ handled: { cumulative: 3 } });
    expect(rig.agent.stats().isOverloaded).toBe(false);
  });
});

describe('what a handler answers', () => {
  it('goes to the device as a reply, and after a cut once more', async () => {
    const rig = await Rig.start();
    rig.agent.on('reading', async () => 'ok');
    const device = await opened(rig);
    device.send(data(1, 'reading'));
    await rig.settle();
    const reply = { sequence: 1, kind: 'reply', value: Uint8Array.of(0xa2, 0x6f, 0x6b) };
    const results = { type: 'results', epoch: EPOCH, lane: '', results: [reply] };
    expect(device.frames).toMatchObject([results, { type: 'ack', handled: { cumulative: 1 } }]);
    const again = await rig.welcomed('a');
    again.send({ type: 'open', epoch: EPOCH, lanes: [] });
    await rig.settle();
    expect(again.frames).toMatchObject([results, { type: 'opened' }]);
    expect(rig.agent.stats()).toMatchObject({ handledMessages: 1, repliedMessages: 1, keptResults: 1 });
  });

  it('can be that it refuses the message for good, and the next one follows', async () => {
    const rig = await Rig.start();
    const seen: unknown[] = [];
    rig.agent.on('reading', (value) => {
      seen.push(value);
      if (value === 1) throw reject('no such valve');
    });
    const device = await opened(rig);
    device.send(data(1, 'reading'), data(2, 'reading'));
    await rig.settle();
    const refused = { sequence: 1, kind: 'rejected', reason: 'no such valve' };
    expect(device.framesOf('results')).toMatchObject([{ results: [refused] }]);
    expect(device.framesOf('ack').at(-1)).toMatchObject({ handled: { cumulative: 2 } });
    expect(seen).toEqual([1, 2]);
    expect(rig.eventsOf('messageRejected')).toEqual([
      { type: 'messageRejected', device: 'a', name: 'reading', message: `${EPOCH}--1`, reason: 'no such valve' },
    ]);
    expect(rig.eventsOf('handlerFailed')).toEqual([]);
    expect(rig.agent.stats()).toMatchObject({ handledMessages: 1, rejectedMessages: 1 });
  });

  it('can be that the message is to come again, and when', async () => {
    const rig = await Rig.start();
    rig.agent.on('reading', async () => {
      throw retryLater(5_000, 'the valve is busy');
    });
    const device = await opened(rig);
    device.send(data(1, 'reading'));
    await rig.settle();
    const nack = {
      type: 'nack',
      code: NACK_CODE.retryLater,
      from: 1,
      retryAfterMs: 5_000,
      reason: 'the valve is busy',
    };
    expect(device.frames).toMatchObject([nack]);
    expect(rig.eventsOf('handlerFailed')).toEqual([]);
    expect(rig.agent.stats().retriedMessages).toEqual({ handlerFailed: 0, noHandler: 0, retryLater: 1, overloaded: 0 });
  });

  it('is told when it can not be sent, and the message counts as handled', async () => {
    const rig = await Rig.start();
    rig.agent.on('reading', () => new Map());
    const device = await opened(rig);
    device.send(data(1, 'reading'));
    await rig.settle();
    expect(device.frames).toMatchObject([{ type: 'ack', handled: { cumulative: 1 } }]);
    expect(rig.eventsOf('replyDropped')).toMatchObject([{ device: 'a', name: 'reading', message: `${EPOCH}--1` }]);
    expect(rig.agent.stats()).toMatchObject({ handledMessages: 1, repliedMessages: 0 });
  });

  it('never comes for data that makes no sense: it is refused for good', async () => {
    const rig = await Rig.start();
    rig.agent.on('reading', () => {});
    const device = await opened(rig);
    device.send(data(1, 'reading', { entries: encodeEntry('reading', Uint8Array.of(0xc1)) }));
    await rig.settle();
    expect(device.framesOf('results')).toMatchObject([{ results: [{ kind: 'rejected' }] }]);
    expect(rig.eventsOf('messageRejected')).toHaveLength(1);
    expect(rig.agent.stats()).toMatchObject({ handledMessages: 0, rejectedMessages: 1 });
  });
});

describe('the lanes of a device', () => {
  it('go on while the handler of one is stuck', async () => {
    const rig = await Rig.start({ creditMessages: 4 });
    rig.agent.on('stuck', () => new Promise(() => {}));
    rig.agent.on('reading', () => {});
    const device = await opened(rig);
    for (let n = 1; n <= 4; n++) device.send(data(n, 'stuck', { lane: 'stuck' }));
    for (let n = 1; n <= 3; n++) {
      device.send(data(n, 'reading', { lane: 'a' }));
      await rig.settle();
    }
    expect(device.framesOf('nack')).toEqual([]);
    expect(device.framesOf('ack').at(-1)).toMatchObject({ lane: 'a', handled: { cumulative: 3 } });
  });
});

describe('the credit of a device', () => {
  const credits = (device: RawDevice): number[] =>
    device.frames.flatMap((frame) => ('credit' in frame ? [frame.credit] : []));

  it('is its share of what is free in the queue', async () => {
    const rig = await Rig.start({ agentQueueMaxMessages: 1_000, creditMessages: 512 });
    rig.agent.on('reading', () => {});
    const one = await rig.welcomed('one');
    one.send({ type: 'open', epoch: EPOCH, lanes: [] });
    await rig.settle();
    expect(credits(one)).toEqual([512]);
    const two = await rig.welcomed('two');
    two.send({ type: 'open', epoch: EPOCH, lanes: [] });
    await rig.settle();
    expect(credits(two)).toEqual([256]);
    one.send(data(1, 'reading'));
    await rig.settle();
    expect(credits(one)).toEqual([512, 256]);
    // The other one hears of its larger share at once.
    two.pipe.destroy();
    await rig.settle();
    expect(credits(one)).toEqual([512, 256, 512]);
  });

  it('is nothing while the agent is overloaded, and told as soon as it is something again', async () => {
    const rig = await Rig.start({ agentQueueMaxMessages: 4 });
    const waiting: (() => void)[] = [];
    rig.agent.on('reading', () => new Promise<void>((resolve) => waiting.push(resolve)));
    const device = await opened(rig);
    for (const n of [1, 2, 3, 4, 5]) device.send(data(n, 'reading'));
    await rig.settle();
    expect(rig.agent.stats()).toMatchObject({ isOverloaded: true, creditMessages: 0 });
    for (let n = 1; n <= 5; n++) {
      waiting.shift()?.();
      await rig.settle();
    }
    expect(rig.agent.stats()).toMatchObject({ isOverloaded: false });
    expect(credits(device)[0]).toBe(0);
    expect(credits(device).at(-1)).toBeGreaterThan(0);
    expect(rig.agent.stats().creditMessages).toBe(credits(device).at(-1));
  });
});

it('an agent says how much waits, for how long, and what is at work', async () => {
  const rig = await Rig.start();
  rig.agent.on('reading', () => new Promise(() => {}));
  const device = await opened(rig);
  for (const n of [1, 2, 3]) device.send(data(n, 'reading'));
  await rig.settle(50);
  device.send({ type: 'message', name: 'reading', data: Uint8Array.of(1) });
  device.send({ type: 'message', name: 'reading', data: Uint8Array.of(1) });
  await rig.settle(1_000);
  expect(rig.agent.stats()).toMatchObject({ queuedMessages: 3, queuedBytes: 3, runningHandlers: 2 });
  expect(rig.agent.stats().oldestWaitMs).toBeGreaterThanOrEqual(1_000);
  expect((await Rig.start()).agent.stats()).toMatchObject({ queuedBytes: 0, oldestWaitMs: 0 });
});

describe('the application database in the inbox', () => {
  /** The disk is a real one, and takes real time, too. */
  async function really(rig: Rig, isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      await new Promise((resolve) => setImmediate(resolve));
      await rig.settle(1);
    }
  }

  it('has the effect of each message once, and can be read without one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-agent-'));
    // Hours may pass here while a slow disk writes, and this device answers no ping.
    const patience = { keepaliveIdleMs: 3_600_000, keepaliveTimeoutMs: 3_600_000 };
    const rig = await Rig.start({ store: lmdbStore(folder), connection: patience });
    rig.agent.on('payment', (amount: number, message) =>
      message.inboxTransaction((database) => {
        const balance = (database.get('balance') ?? 0) + amount;
        database.put('balance', balance);
        return balance;
      }),
    );
    const device = await opened(rig);
    const replies = () => device.framesOf('results').flatMap(({ results }) => results);
    for (const n of [1, 2, 3]) device.send(data(n, 'payment'));
    await really(rig, () => device.framesOf('ack').at(-1)?.handled.cumulative === 3);
    expect(replies()).toMatchObject([1, 3, 6].map((value) => ({ value: Uint8Array.of(value) })));
    // What comes again is told the same again, and has no effect.
    for (const n of [1, 2]) device.send(data(n, 'payment'));
    await really(rig, () => replies().length === 5);
    expect(replies().slice(3)).toMatchObject([1, 3].map((value) => ({ value: Uint8Array.of(value) })));
    let balance: number | undefined;
    void rig.agent
      .inboxTransaction((database) => database.get('balance'))
      .then((value) => {
        balance = value;
      });
    await really(rig, () => balance !== undefined);
    expect(balance).toBe(6);
    let isClosed = false;
    void rig.agent.close().then(() => {
      isClosed = true;
    });
    await really(rig, () => isClosed);
    rmSync(folder, { recursive: true });
  });

  it('is refused where there is none', async () => {
    const rig = await Rig.start();
    await expect(rig.agent.inboxTransaction(() => 1)).rejects.toMatchObject({ code: 'TRANSACTION_REFUSED' });
    const agent = createAgent({ listeners: [memoryListener(rig.network)], store: memoryStore() });
    await expect(agent.inboxTransaction(() => 1)).rejects.toMatchObject({ code: 'TRANSACTION_REFUSED' });
  });
});
