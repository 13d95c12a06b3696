// What the agent sends to a device, as the device's channel sees it, in virtual time: a sending half at the other end of the
// same transport.

import { AcceptedConnection } from '@holdfast/transport';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CheckedStore } from '../src/checked-store.js';
import {
  type ChannelEvent,
  GroupCommit,
  reject,
  resolveSendingOptions,
  retryLater,
  SendingHalf,
} from '../src/index.js';
import { memoryStore } from '../src/stores/memory.js';
import { ChannelRig, deferred, StoreUnderTest } from './support/channel-rig.js';

let rig: ChannelRig;
let agent: SendingHalf;

beforeEach(async () => {
  rig = new ChannelRig();
  const { runtime, network } = rig;
  const store = new CheckedStore(await memoryStore().open());
  const sender = resolveSendingOptions({ maxAttempts: 3, retryBackoff: { minMs: 10, maxMs: 100 } }, 'outbox/press-7');
  const commits = new GroupCommit(store, runtime);
  agent = await SendingHalf.open({ runtime, store, commits, sender, emit: () => {} });
  network.listen((pipe) => {
    const connection: AcceptedConnection = new AcceptedConnection(
      { runtime, writeMaxBytes: network.writeMaxBytes },
      {
        hello: () => {
          agent.attach(connection.carrier);
          connection.admit();
        },
        message: () => {},
        ended: () => agent.detach(),
      },
    );
    connection.begin(pipe);
    return connection.pipeEvents;
  });
});

afterEach(() => agent.close());

describe('a handler of the device', () => {
  it('gets data and message, and its reply goes back', async () => {
    const channel = await rig.open();
    const seen: unknown[] = [];
    channel.on('set', (data, { id, lane, headers, attempt }) => {
      seen.push([data, id, lane, headers, attempt]);
      return data.everyMs * 2;
    });
    const delivery = agent.send('set', { everyMs: 30 }, { lane: 'settings', headers: { a: 'b' } });
    await rig.until(() => delivery.outcome !== undefined);
    expect(delivery.outcome).toEqual({ status: 'acknowledged', reply: 60 });
    expect(seen).toEqual([[{ everyMs: 30 }, delivery.id, 'settings', { a: 'b' }, 1]]);
  });

  it('may refuse, ask for later, fail or be missing; the agent learns which, and observers here of failures', async () => {
    const channel = await rig.open();
    const events: ChannelEvent[] = [];
    channel.observe((event) => events.push(event));
    const error = new Error('stuck');
    const at: number[] = [];
    channel.on('refuse', () => {
      throw reject('out of range');
    });
    channel.on('later', () => {
      at.push(rig.runtime.nowMs());
      if (at.length === 1) throw retryLater(5_000);
    });
    channel.on('fail', async () => {
      throw error;
    });
    const sent = ['refuse', 'later', 'fail', 'missing'].map((name) => agent.send(name, 1, { lane: name }));
    await rig.until(() => sent.every(({ outcome }) => outcome !== undefined));
    expect(sent.map(({ outcome }) => outcome)).toMatchObject([
      { status: 'rejected', reason: 'out of range', attempts: 1 },
      { status: 'acknowledged' },
      { status: 'rejected', attempts: 3 },
      { status: 'rejected', attempts: 3 },
    ]);
    expect((at[1] as number) - (at[0] as number)).toBeGreaterThanOrEqual(5_000);
    // The reason at the agent holds nothing of the error.
    expect(JSON.stringify(sent[2]?.outcome)).not.toContain('stuck');
    expect(events.filter(({ type }) => type === 'handlerFailed')).toEqual(
      Array.from({ length: 3 }, () => ({ type: 'handlerFailed', name: 'fail', error })),
    );
  });

  it('whose reply can not be sent has done its work all the same, and observers are told', async () => {
    const channel = await rig.open();
    const events: ChannelEvent[] = [];
    channel.observe((event) => events.push(event));
    channel.on('set', () => () => {});
    const delivery = agent.send('set', 1);
    await rig.until(() => delivery.outcome !== undefined);
    expect([delivery.outcome, events.filter(({ type }) => type === 'replyDropped')]).toEqual([
      { status: 'acknowledged' },
      [{ type: 'replyDropped', name: 'set', detail: expect.any(String) }],
    ]);
  });

  it('is called once, across cuts and a restart of the device', async () => {
    const store = new StoreUnderTest();
    const handled: unknown[] = [];
    const open = async () => {
      const channel = await rig.open({ store });
      channel.on('set', async (data) => {
        await new Promise<void>((resolve) => rig.runtime.setTimer(15, resolve));
        handled.push(data);
      });
      return channel;
    };
    let channel = await open();
    const sent = Array.from({ length: 30 }, (_, index) => agent.send('set', index));
    for (let cut = 0; cut < 5; cut++) {
      await rig.runtime.advance(150);
      rig.network.cut();
    }
    const closing = channel.close();
    await rig.runtime.advance(1_000);
    await closing;
    rig.network.cut();
    channel = await open();
    await rig.until(() => sent.every(({ outcome }) => outcome !== undefined));
    expect(handled).toEqual(Array.from({ length: 30 }, (_, index) => index));
  });
});

describe('a channel that is closed while a handler runs', () => {
  it('waits for it, records it, and is not given it again', async () => {
    const store = new StoreUnderTest();
    const channel = await rig.open({ store });
    const gate = deferred();
    const handled: unknown[] = [];
    channel.on('set', async (data) => {
      await gate.promise;
      handled.push(data);
    });
    const delivery = agent.send('set', 1);
    await rig.runtime.advance(500);
    let isClosed = false;
    const closing = channel.close().then(() => {
      isClosed = true;
    });
    await rig.runtime.advance(1_000);
    expect(isClosed).toBe(false);
    gate.resolve();
    await closing;
    rig.network.cut();
    const later = await rig.open({ store });
    later.on('set', (data) => void handled.push(data));
    await rig.until(() => delivery.outcome !== undefined);
    expect([handled, delivery.outcome]).toEqual([[1], { status: 'acknowledged' }]);
  });

  it('waits no longer than ten seconds: the message comes again', async () => {
    const store = new StoreUnderTest();
    const channel = await rig.open({ store });
    channel.on('set', () => new Promise(() => {}));
    const delivery = agent.send('set', 1);
    await rig.runtime.advance(500);
    let isClosed = false;
    void channel.close().then(() => {
      isClosed = true;
    });
    await rig.runtime.advance(9_000);
    expect(isClosed).toBe(false);
    await rig.runtime.advance(2_000);
    expect(isClosed).toBe(true);
    rig.network.cut();
    const later = await rig.open({ store });
    later.on('set', () => 'again');
    await rig.until(() => delivery.outcome !== undefined);
    expect(delivery.outcome).toEqual({ status: 'acknowledged', reply: 'again' });
  });
});
