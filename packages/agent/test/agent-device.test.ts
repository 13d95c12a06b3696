// What the agent sends to devices, through the public API of both ends and in virtual time.

import {
  type Delivery,
  openReliableChannel,
  type ReliableChannel,
  reject,
  retryLater,
  type StoreFactory,
} from '@holdfast/reliable-channel';
import { memoryStore } from '@holdfast/reliable-channel/memory';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAgent } from '../src/index.js';
import { memoryListener } from '../src/listeners/memory.js';
import { deferred, heldStore, Rig } from './support/rig.js';

let unhandled: unknown[];
const onUnhandled = (reason: unknown): void => {
  unhandled.push(reason);
};

beforeEach(() => {
  unhandled = [];
  process.on('unhandledRejection', onUnhandled);
});

afterEach(async () => {
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', onUnhandled);
  expect(unhandled).toEqual([]);
});

/** A memory store that takes itself for durable, as one on disk would be. */
function durableStore(): StoreFactory {
  const inner = memoryStore();
  return { name: 'durable', open: async () => ({ ...(await inner.open()), isDurable: true }) };
}

/** A device's channel that notes what it handles. */
async function listening(rig: Rig, store?: StoreFactory): Promise<{ channel: ReliableChannel; handled: unknown[] }> {
  const channel = await rig.channel('press-7', store === undefined ? {} : { store });
  const handled: unknown[] = [];
  channel.on('set', (data) => {
    handled.push(data);
    return `set ${data}`;
  });
  return { channel, handled };
}

const settle = (rig: Rig, delivery: Delivery): Promise<unknown> => rig.until(delivery.settled);

describe('a message to a device', () => {
  it('is handled there, and the reply comes back', async () => {
    const rig = await Rig.start();
    const { handled } = await listening(rig);
    const delivery = await rig.agent.device('press-7').send('set', 60, { headers: { a: 'b' } });
    expect(await settle(rig, delivery)).toEqual({ status: 'acknowledged', reply: 'set 60' });
    expect(handled).toEqual([60]);
  });

  it('waits while the device is away, in order, and is handled once however often the link is cut', async () => {
    const rig = await Rig.start();
    const device = rig.agent.device('press-7');
    const sent: Delivery[] = [];
    for (let index = 0; index < 40; index++) sent.push(await device.send('set', index));
    expect([device.isConnected, (await device.stats()).outboxMessages]).toEqual([false, 40]);
    const { channel, handled } = await listening(rig);
    channel.on('set', (data) => {
      handled.push(data);
      return new Promise((resolve) => rig.runtime.setTimer(20, () => resolve(undefined)));
    });
    for (let cut = 0; cut < 10; cut++) {
      await rig.settle(150);
      rig.network.cut();
    }
    await rig.when(() => sent.every(({ outcome }) => outcome !== undefined));
    expect(handled).toEqual(Array.from({ length: 40 }, (_, index) => index));
    expect(new Set(sent.map(({ outcome }) => outcome?.status))).toEqual(new Set(['acknowledged']));
  });

  it('waits across a restart of the agent, and of the device', async () => {
    const rig = await Rig.start();
    const [agentStore, deviceStore] = [durableStore(), durableStore()];
    const agentOf = () =>
      createAgent({ listeners: [memoryListener(rig.network)], store: agentStore, runtime: rig.runtime });
    await rig.until(rig.agent.close());
    const first = agentOf();
    await first.listen();
    const delivery = await first.device('press-7').send('set', 1);
    await delivery.stored;
    await rig.until(first.close());
    expect(delivery.outcome).toEqual({ status: 'kept' });
    const second = agentOf();
    await second.listen();
    const { channel, handled } = await listening(rig, deviceStore);
    await rig.when(() => handled.length === 1);
    await rig.until(channel.close());
    await rig.until(second.close());
    const third = agentOf();
    await third.listen();
    const again = await listening(rig, deviceStore);
    await rig.settle(5_000);
    // Handled before, whoever was told of it.
    expect([handled, again.handled]).toEqual([[1], []]);
    expect(await third.device('press-7').stats()).toMatchObject({ outboxMessages: 0 });
  });

  it('comes to its own device, whatever the ids are made of', async () => {
    const rig = await Rig.start();
    for (const id of ['a/b', 'a%2Fb', 'a']) await rig.agent.device(id).send('set', id);
    for (const id of ['a', 'a%2Fb', 'a/b']) {
      const handled: unknown[] = [];
      const channel = await rig.channel(id);
      channel.on('set', (data) => void handled.push(data));
      await rig.when(() => handled.length > 0);
      expect(handled).toEqual([id]);
    }
  });

  it('refused for good or too often is a dead letter at the agent, and can be sent again', async () => {
    const rig = await Rig.start({ outbox: { maxAttempts: 2, retryBackoff: { minMs: 1, maxMs: 10 } } });
    const { channel } = await listening(rig);
    channel.on('refuse', () => {
      throw reject('out of range');
    });
    channel.on('later', () => {
      throw retryLater(50);
    });
    const device = rig.agent.device('press-7');
    const sent: Delivery[] = [];
    for (const name of ['refuse', 'later', 'nobody']) sent.push(await device.send(name, name, { lane: name }));
    await rig.when(() => sent.every(({ outcome }) => outcome !== undefined));
    expect(sent.map(({ outcome }) => outcome)).toMatchObject([
      { status: 'rejected', reason: 'out of range', attempts: 1 },
      { status: 'rejected', attempts: 2 },
      { status: 'rejected', reason: expect.stringContaining('nobody handles nobody'), attempts: 2 },
    ]);
    const box = await device.deadLetters();
    expect((await box.list()).map(({ name }) => name).sort()).toEqual(['later', 'nobody', 'refuse']);
    expect(rig.agent.stats().deadLetters).toBe(3);
    channel.on('nobody', () => 'somebody');
    const id = (await box.list()).find(({ name }) => name === 'nobody')?.id as number;
    const replayed = await rig.until(box.replay(id));
    expect(await settle(rig, replayed)).toEqual({ status: 'acknowledged', reply: 'somebody' });
  });

  it('tells the agent’s observers of each step, and of what goes wrong', async () => {
    const rig = await Rig.start();
    await listening(rig);
    await settle(rig, await rig.agent.device('press-7').send('set', 1));
    const told = rig.eventsOf('deviceChannel').map(({ device, event }) => [device, event.type]);
    expect(told).toContainEqual(['press-7', 'stored']);
    expect(told).toContainEqual(['press-7', 'acknowledged']);
  });

  it('has a limit of its own for each device', async () => {
    const rig = await Rig.start({ outbox: { outboxMaxMessages: 2 } });
    const statuses = [];
    for (const id of ['a', 'a', 'a', 'b']) statuses.push((await rig.agent.device(id).send('set', 1)).outcome?.status);
    expect(statuses).toEqual([undefined, undefined, 'evicted', undefined]);
    expect(rig.agent.stats()).toMatchObject({ outboxMessages: 3 });
    let isReady = false;
    void rig.agent
      .device('a')
      .ready()
      .then(() => {
        isReady = true;
      });
    await rig.settle();
    expect(isReady).toBe(false);
    const channel = await rig.channel('a');
    channel.on('set', () => undefined);
    await rig.when(() => isReady);
  });

  it('that can not be sent rejects, and takes nothing', async () => {
    const rig = await Rig.start();
    const device = rig.agent.device('press-7');
    await expect(device.send('x'.repeat(256), 1)).rejects.toMatchObject({ code: 'NAME_TOO_LONG' });
    await expect(device.send('set', () => 1)).rejects.toMatchObject({ code: 'DATA_NOT_SERIALISABLE' });
    await expect(device.send('set', 1, { ttlMs: -1 })).rejects.toThrow('ttlMs');
    expect(await device.stats()).toMatchObject({ outboxMessages: 0, acceptedMessages: 0 });
  });
});

describe('an agent', () => {
  it('knows no device by an id that none can have', async () => {
    const { agent } = await Rig.start();
    for (const id of ['', 'x'.repeat(129), 7 as never]) expect(() => agent.device(id)).toThrow('deviceId');
    expect(agent.device('press-7').id).toBe('press-7');
  });

  it('that does not listen yet, or not any more, takes nothing', async () => {
    const rig = await Rig.start();
    const idle = createAgent({ listeners: [memoryListener(rig.network)], store: memoryStore(), runtime: rig.runtime });
    await expect(idle.device('a').send('set', 1)).rejects.toMatchObject({ code: 'AGENT_NOT_LISTENING' });
    await rig.until(rig.agent.close());
    await expect(rig.agent.device('a').send('set', 1)).rejects.toMatchObject({ code: 'AGENT_CLOSED' });
  });

  it('that is closed while it opens an outbox leaves no send without an end', async () => {
    const store = heldStore();
    const rig = await Rig.start({ store: store.factory });
    store.hold();
    const sends = [rig.agent.device('a').send('set', 1), rig.agent.device('a').send('set', 2)];
    await rig.settle(10);
    const closing = rig.agent.close();
    await rig.settle(100);
    store.release();
    await rig.until(closing);
    const ends = await Promise.all(
      sends.map(async (sending) => {
        const delivery = await sending;
        return (await delivery.settled).status;
      }),
    );
    expect(ends).toEqual(['cancelled', 'cancelled']);
  });

  it('whose store fails says so, and takes the next message', async () => {
    const store = heldStore();
    const rig = await Rig.start({ store: store.factory });
    store.failNext();
    await expect(rig.until(rig.agent.device('a').send('set', 1))).rejects.toThrow('the disk is full');
    const delivery = await rig.until(rig.agent.device('a').send('set', 2));
    await rig.until(delivery.stored);
    store.failNext();
    const lost = await rig.agent.device('a').send('set', 3);
    expect(await rig.until(lost.settled)).toMatchObject({ status: 'evicted', cause: 'storeFailed' });
    expect(rig.eventsOf('deviceChannel').map(({ event }) => event.type)).toContain('storeProblem');
  });

  it('lets what waits for a device expire, whether it comes or not', async () => {
    const rig = await Rig.start();
    const device = rig.agent.device('a');
    const delivery = await device.send('set', 1, { ttlMs: 60_000 });
    await rig.settle(61_000);
    expect(delivery.outcome).toMatchObject({ status: 'expired', attempts: 0 });
    expect(await (await device.deadLetters()).list()).toMatchObject([{ status: 'expired', name: 'set' }]);
  });

  it('writes down what it has taken before it is closed', async () => {
    const store = durableStore();
    const rig = await Rig.start({ store });
    const delivery = await rig.agent.device('a').send('set', 1);
    const settled = delivery.settled;
    await rig.until(rig.agent.close());
    await delivery.stored;
    expect(await settled).toEqual({ status: 'kept' });
    expect(rig.runtime.pendingTimers).toBe(0);
  });

  it('forgets devices at rest, and not what waits for them', async () => {
    const rig = await Rig.start({ store: durableStore(), devicesMax: 2 });
    const sent: Delivery[] = [];
    for (let index = 0; index < 10; index++) {
      const delivery = await rig.until(rig.agent.device(`device ${index}`).send('set', index));
      // To wait for `stored` must not keep a device in memory until it comes back.
      await rig.until(delivery.stored);
      await rig.settle(1_000);
      sent.push(delivery);
    }
    expect(sent[0]?.outcome).toEqual({ status: 'kept' });
    expect(sent[0]?.cancel()).toBe(false);
    for (let index = 0; index < 10; index++) {
      const handled: unknown[] = [];
      const transport = rig.transport(`device ${index}`);
      const channel = await openReliableChannel({ transport, store: memoryStore() });
      channel.on('set', (data) => void handled.push(data));
      await rig.when(() => handled.length > 0);
      expect(handled).toEqual([index]);
      await rig.until(channel.close());
      await rig.until(transport.disconnect());
      await rig.settle(1_000);
    }
  });

  it('refuses when all the devices that it may have in memory are awaited', async () => {
    const rig = await Rig.start({ store: durableStore(), devicesMax: 1 });
    const delivery = await rig.agent.device('a').send('set', 1);
    const settled = delivery.settled;
    await expect(rig.agent.device('b').send('set', 1)).rejects.toMatchObject({ code: 'TOO_MANY_DEVICES' });
    const channel = await rig.channel('a');
    channel.on('set', () => undefined);
    expect(await rig.until(settled)).toEqual({ status: 'acknowledged' });
  });

  it('sends both ways at once, with a handler that answers by sending', async () => {
    const rig = await Rig.start();
    const gate = deferred();
    const { channel, handled } = await listening(rig);
    rig.agent.on('ask', async (data, message) => {
      const delivery = await rig.agent.device(message.device).send('set', data);
      gate.resolve();
      return (await delivery.settled).status;
    });
    const asked = channel.send('ask', 5);
    await rig.until(gate.promise);
    expect(await rig.until(asked.settled)).toEqual({ status: 'acknowledged', reply: 'acknowledged' });
    expect(handled).toEqual([5]);
  });
});
