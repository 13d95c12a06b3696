import { memoryStore } from '@holdfast/reliable-channel/memory';
import { DISCONNECTED, NOT_CONNECTED, SEND_OK, TIMEOUT, WAIT_FOR_ACK } from '@holdfast/transport';
import { createMemoryNetwork } from '@holdfast/transport/memory';
import { describe, expect, it } from 'vitest';
import { createAgent, type Listener } from '../src/index.js';
import { memoryListener } from '../src/listeners/memory.js';
import { deferred, heldStore, Rig } from './support/rig.js';

describe('plain messages', () => {
  it('are acknowledged by the server when they are received, while the handler is still at work', async () => {
    const rig = await Rig.start();
    const work = deferred();
    rig.agent.on('reading', () => work.promise);
    const device = await rig.device('a');
    device.setSendTimeoutPolicy('RETURN_ON_ERROR', WAIT_FOR_ACK, 30);
    expect(await rig.until(device.send('reading', 1))).toBe(SEND_OK);
    expect(rig.agent.stats()).toMatchObject({ receivedMessages: 1, handledMessages: 0 });
    work.resolve();
    await rig.settle();
    expect(rig.agent.stats()).toMatchObject({ receivedMessages: 1, handledMessages: 1 });
  });

  it('are handled one after another for each device, whatever each takes, and devices do not wait for one another', async () => {
    const rig = await Rig.start();
    const done: unknown[] = [];
    rig.agent.on('reading', async (data, { device }) => {
      const ms = (data as number) % 3 === 0 ? 20 : 1;
      await new Promise<void>((resolve) => rig.runtime.setTimer(device === 'slow' ? ms * 10 : ms, resolve));
      done.push(`${device} ${data}`);
    });
    const [slow, quick] = [await rig.device('slow'), await rig.device('quick')];
    for (let n = 1; n <= 5; n++) void Promise.all([slow.send('reading', n), quick.send('reading', n)]);
    await rig.settle(1_000);
    const of = (device: string): unknown[] => done.filter((entry) => String(entry).startsWith(device));
    expect(of('slow')).toEqual([1, 2, 3, 4, 5].map((n) => `slow ${n}`));
    expect(of('quick')).toEqual([1, 2, 3, 4, 5].map((n) => `quick ${n}`));
    expect(done.indexOf('quick 5')).toBeLessThan(done.indexOf('slow 3'));
  });

  it('S17 that find the queue full are dropped and counted, although their senders got a server ack', async () => {
    const rig = await Rig.start({ agentQueueMaxMessages: 3 });
    const work = deferred();
    const got: unknown[] = [];
    rig.agent.on('reading', (data) => {
      got.push(data);
      return work.promise;
    });
    const device = await rig.device('a');
    device.setSendTimeoutPolicy('RETURN_ON_ERROR', WAIT_FOR_ACK, 30);
    const sends = [1, 2, 3, 4, 5, 6].map((n) => device.send('reading', n));
    expect(await rig.until(Promise.all(sends))).toEqual(sends.map(() => SEND_OK));
    // One is with the handler, three wait.
    expect(rig.agent.stats().droppedMessages.overloaded).toBe(2);
    expect(rig.eventsOf('messageDropped')).toEqual(
      [5, 6].map(() => ({ type: 'messageDropped', device: 'a', name: 'reading', reason: 'overloaded' })),
    );
    work.resolve();
    await rig.settle();
    expect(got).toEqual([1, 2, 3, 4]);
  });

  it('of one device can not take the places of the others', async () => {
    const rig = await Rig.start({ agentQueueMaxMessages: 10, deviceQueueMaxMessages: 2 });
    rig.agent.on('reading', () => new Promise(() => {}));
    const [greedy, other] = [await rig.device('greedy'), await rig.device('other')];
    for (let n = 1; n <= 20; n++) void greedy.send('reading', n);
    await rig.settle();
    for (let n = 1; n <= 3; n++) void other.send('reading', n);
    await rig.settle();
    expect(rig.agent.stats()).toMatchObject({ queuedMessages: 4, droppedMessages: { overloaded: 17 } });
    expect(rig.eventsOf('messageDropped').every(({ device }) => device === 'greedy')).toBe(true);
  });

  it('S37 without a handler are dropped, with one event each; the sender saw 0', async () => {
    const rig = await Rig.start();
    const device = await rig.device('a');
    device.setSendTimeoutPolicy('RETURN_ON_ERROR', WAIT_FOR_ACK, 30);
    expect(await rig.until(device.send('nobody', 1))).toBe(SEND_OK);
    expect(rig.events.at(-1)).toEqual({ type: 'messageDropped', device: 'a', name: 'nobody', reason: 'noHandler' });
    expect(rig.agent.stats()).toMatchObject({ handledMessages: 0, droppedMessages: { noHandler: 1 } });
  });

  it('S38 go to the handler that was registered last, or to the one for any name', async () => {
    const rig = await Rig.start();
    const got: string[] = [];
    rig.agent.on('a', () => got.push('first'));
    rig.agent.on('a', (data, message) => got.push(`second ${data} ${message.name} ${message.device}`));
    rig.agent.onAny((data, message) => got.push(`any ${data} ${message.name}`));
    const device = await rig.device('d');
    await rig.until(Promise.all([device.send('a', 1), device.send('b', 2)]));
    await rig.settle();
    expect(got).toEqual(['second 1 a d', 'any 2 b']);
  });

  it('whose handler throws or rejects are lost and told, and the next ones are handled', async () => {
    const rig = await Rig.start();
    rig.agent.on('throws', () => {
      throw new Error('thrown');
    });
    rig.agent.on('rejects', () => Promise.reject(new Error('rejected')));
    rig.agent.on('works', () => {});
    const device = await rig.device('a');
    for (const name of ['throws', 'rejects', 'works']) void device.send(name, null);
    await rig.settle();
    expect(rig.eventsOf('handlerFailed').map(({ error }) => (error as Error).message)).toEqual(['thrown', 'rejected']);
    expect(rig.agent.stats()).toMatchObject({ handledMessages: 1, droppedMessages: { handlerFailed: 2 } });
  });

  it('S41 that come or wait while the agent restarts vanish without an error for the device', async () => {
    const rig = await Rig.start();
    const work = deferred();
    rig.agent.on('reading', () => work.promise);
    const device = await rig.device('a');
    device.setSendTimeoutPolicy('RETURN_ON_ERROR', WAIT_FOR_ACK, 30);
    await rig.until(Promise.all([1, 2, 3].map((n) => device.send('reading', n))));
    const program = deferred();
    const got: unknown[] = [];
    const restarting = rig.agent.restart(async () => {
      await program.promise;
      rig.agent.on('reading', (data) => got.push(data));
    });
    expect(await rig.until(device.send('reading', 4))).toBe(SEND_OK);
    expect(rig.agent.stats()).toMatchObject({ isRestarting: true, droppedMessages: { restarting: 3 } });
    program.resolve();
    await restarting;
    work.resolve();
    expect(await rig.until(device.send('reading', 5))).toBe(SEND_OK);
    await rig.settle();
    expect(got).toEqual([5]);
    // The handler that was at work when the agent was restarted could finish.
    expect(rig.agent.stats()).toMatchObject({ isRestarting: false, handledMessages: 2 });
  });
});

describe('plain messages to a device', () => {
  it('arrive in the order in which they were sent', async () => {
    const rig = await Rig.start();
    const device = await rig.device('a');
    const got: unknown[] = [];
    device.on('setting', (data) => got.push(data));
    const sends = Array.from({ length: 2_000 }, (_, n) => rig.agent.sendPlain('a', 'setting', n));
    expect(new Set(await rig.until(Promise.all(sends)))).toEqual(new Set([SEND_OK]));
    await rig.settle();
    expect(got).toEqual(sends.map((_, n) => n));
  });

  it('that is away are lost, and their sender is told', async () => {
    const rig = await Rig.start();
    expect(await rig.agent.sendPlain('never seen', 'setting', 1)).toBe(NOT_CONNECTED);
    const device = await rig.device('a');
    await rig.until(device.disconnect());
    await rig.settle();
    expect(await rig.agent.sendPlain('a', 'setting', 1)).toBe(NOT_CONNECTED);
  });

  it('that goes meanwhile end with it', async () => {
    const rig = await Rig.start();
    await rig.device('a');
    rig.network.setBlackHole(true);
    const large = 'x'.repeat(250_000);
    const sends = Array.from({ length: 8 }, () => rig.agent.sendPlain('a', 'setting', large));
    await rig.settle();
    rig.network.cut();
    expect((await rig.until(Promise.all(sends))).at(-1)).toBe(DISCONNECTED);
  });

  it('that does not read are bounded, and cost the connection after 30 seconds', async () => {
    const rig = await Rig.start();
    await rig.device('a');
    rig.network.setBlackHole(true);
    const large = 'x'.repeat(250_000);
    const sends: Promise<unknown>[] = [];
    // Some are on the way, one is on its way into the send buffer, and the rest wait.
    const sendAll = (): void => {
      for (let n = 0; n < 1_000; n++) sends.push(rig.agent.sendPlain('a', 'setting', large));
    };
    expect(sendAll).toThrow(expect.objectContaining({ code: 'TOO_MANY_SENDS' }));
    await rig.settle();
    expect(sendAll).toThrow(expect.objectContaining({ code: 'TOO_MANY_SENDS' }));
    expect(sends.length).toBeLessThan(25);
    await rig.settle(29_900);
    expect(rig.agent.isConnected('a')).toBe(true);
    await rig.settle(200);
    expect(rig.agent.isConnected('a')).toBe(false);
    expect(await Promise.all(sends)).toContain(TIMEOUT);
  });

  it('that can not be sent throw at once, whether the device is there or not', async () => {
    const rig = await Rig.start();
    await rig.device('there');
    for (const id of ['there', 'away']) {
      expect(() => rig.agent.sendPlain(id, 'setting', () => {})).toThrow(
        expect.objectContaining({ code: 'DATA_NOT_SERIALISABLE' }),
      );
      expect(() => rig.agent.sendPlain(id, '', 1)).toThrow(TypeError);
    }
  });
});

describe('isConnected', () => {
  it('follows the connection of the one device', async () => {
    const rig = await Rig.start();
    expect(rig.agent.isConnected('a')).toBe(false);
    const device = await rig.device('a');
    expect([rig.agent.isConnected('a'), rig.agent.isConnected('b')]).toEqual([true, false]);
    await rig.until(device.disconnect());
    await rig.settle();
    expect(rig.agent.isConnected('a')).toBe(false);
  });
});

describe('onDevice', () => {
  it('comes before the handlers for all devices, for plain messages and those of channels', async () => {
    const rig = await Rig.start();
    const got: unknown[] = [];
    rig.agent.onDevice('a', 'reading', (data, { device, isReliable }) => got.push(['own', data, device, isReliable]));
    rig.agent.on('reading', (data, { device }) => got.push(['all', data, device]));
    const [a, b] = [await rig.device('a'), await rig.device('b')];
    await rig.until(Promise.all([a.send('reading', 1), b.send('reading', 2)]));
    await rig.settle();
    await rig.until(a.disconnect());
    const channel = await rig.channel('a');
    await rig.until(channel.send('reading', 3).settled);
    expect(got).toEqual([
      ['own', 1, 'a', false],
      ['all', 2, 'b'],
      ['own', 3, 'a', true],
    ]);
  });
});

describe('restart', () => {
  it('forgets the handlers of one device too, and says so before the new program runs', async () => {
    const rig = await Rig.start();
    const order: string[] = [];
    rig.agent.onDevice('a', 'reading', () => order.push('old'));
    const stop = rig.agent.observeRestarts(() => order.push('restart'));
    await rig.agent.restart(() => void order.push('program'));
    stop();
    await rig.agent.restart(() => void order.push('program'));
    const device = await rig.device('a');
    await rig.until(device.send('reading', 1));
    await rig.settle();
    expect(order).toEqual(['restart', 'program', 'program']);
    expect(rig.agent.stats().droppedMessages.noHandler).toBe(1);
  });

  it('forgets the handlers of the old program', async () => {
    const rig = await Rig.start();
    rig.agent.on('old', () => {});
    rig.agent.onAny(() => {});
    await rig.agent.restart(() => {});
    const device = await rig.device('a');
    void device.send('old', null);
    await rig.settle();
    expect(rig.agent.stats().droppedMessages.noHandler).toBe(1);
  });

  it('of two at the same time ends with the later', async () => {
    const rig = await Rig.start();
    const [first, second] = [deferred(), deferred()];
    const restarts = [rig.agent.restart(() => first.promise), rig.agent.restart(() => second.promise)];
    first.resolve();
    await restarts[0];
    expect(rig.agent.stats().isRestarting).toBe(true);
    const device = await rig.device('a');
    void device.send('reading', 1);
    await rig.settle();
    expect(rig.agent.stats().droppedMessages.restarting).toBe(1);
    second.resolve();
    await restarts[1];
    expect(rig.agent.stats().isRestarting).toBe(false);
  });

  it('rejects with what the program throws, and takes messages again', async () => {
    const rig = await Rig.start();
    await expect(rig.agent.restart(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(rig.agent.stats().isRestarting).toBe(false);
  });
});

describe('messages of a reliable channel', () => {
  it('are acknowledged when the handler is done and the inbox has recorded it, not before', async () => {
    const inbox = heldStore();
    const rig = await Rig.start({ store: inbox.factory });
    const work = deferred();
    rig.agent.on('reading', () => work.promise);
    const channel = await rig.channel('a');
    const delivery = channel.send('reading', 1);
    await rig.settle();
    expect(delivery.outcome).toBeUndefined();
    inbox.hold();
    work.resolve();
    await rig.settle();
    expect(rig.agent.stats().handledMessages).toBe(1);
    expect(delivery.outcome).toBeUndefined();
    inbox.release();
    await rig.settle();
    expect(delivery.outcome).toEqual({ status: 'acknowledged' });
  });

  it('whose record fails are acknowledged later, and not handled again', async () => {
    const inbox = heldStore();
    const rig = await Rig.start({ store: inbox.factory });
    const got: unknown[] = [];
    rig.agent.on('reading', (data) => void got.push(data));
    const channel = await rig.channel('a');
    inbox.failNext();
    const delivery = channel.send('reading', 1);
    await rig.settle();
    expect(rig.eventsOf('storeProblem')).toEqual([{ type: 'storeProblem', device: 'a', detail: 'the disk is full' }]);
    expect(delivery.outcome).toBeUndefined();
    expect(await rig.until(delivery.settled)).toEqual({ status: 'acknowledged' });
    expect(got).toEqual([1]);
  });

  it('go on when the record of their device has decayed, and that is told', async () => {
    const store = memoryStore();
    const inbox = { ...(await store.open()), close: async () => {} };
    const rig = await Rig.start({ store: { name: 'inbox', open: async () => inbox } });
    const got: unknown[] = [];
    rig.agent.on('reading', (data) => got.push(data));
    const outbox = memoryStore();
    const before = await rig.channel('a', { store: outbox });
    before.send('reading', 1);
    await rig.until(before.drain());
    await rig.until(before.close());
    // The agent must forget the device to read its record again.
    await rig.until(rig.agent.close());
    await inbox.commit([{ type: 'put', key: 'inbox/a', value: Uint8Array.of(1, 2, 3, 4, 5) }]);

    const next = await Rig.start({ store: { name: 'inbox', open: async () => inbox } });
    next.agent.on('reading', (data) => got.push(data));
    const channel = await next.channel('a', { store: outbox });
    channel.send('reading', 2);
    await next.until(channel.drain());
    expect(got).toEqual([1, 2]);
    expect(next.eventsOf('recordQuarantined')).toEqual([
      { type: 'recordQuarantined', key: 'inbox/a', detail: expect.stringContaining('kept as quarantine/inbox/a') },
    ]);
  });

  it('come again when the handler throws or rejects, with the same id, and keep their order', async () => {
    const rig = await Rig.start();
    const got: unknown[] = [];
    const ids = new Set<string | undefined>();
    let failures = 0;
    rig.agent.on('reading', (data, message) => {
      expect(message.isReliable).toBe(true);
      if (data === 2) ids.add(message.id);
      if (data === 2 && ++failures === 1) throw new Error('once');
      if (data === 2 && failures === 2) return Promise.reject(new Error('twice'));
      got.push(data);
      return undefined;
    });
    const channel = await rig.channel('a');
    const deliveries = [1, 2, 3, 4].map((n) => channel.send('reading', n));
    expect(await rig.until(channel.drain())).toBe(true);
    expect(got).toEqual([1, 2, 3, 4]);
    expect([...ids]).toEqual([deliveries[1]?.id]);
    expect(rig.eventsOf('handlerFailed')).toHaveLength(2);
    expect(rig.agent.stats().handledMessages).toBe(4);
  });

  it('without a handler wait at their device until one is registered', async () => {
    const rig = await Rig.start();
    const channel = await rig.channel('a');
    const deliveries = [1, 2, 3].map((n) => channel.send('later', n));
    await rig.settle(10_000);
    expect(deliveries.map(({ outcome }) => outcome)).toEqual([undefined, undefined, undefined]);
    const got: unknown[] = [];
    rig.agent.on('later', (data) => got.push(data));
    expect(await rig.until(channel.drain())).toBe(true);
    expect(got).toEqual([1, 2, 3]);
  });

  it('all arrive, once and in order, when the agent restarts in the middle', async () => {
    const rig = await Rig.start();
    const got: unknown[] = [];
    const slow = async (data: unknown): Promise<void> => {
      await new Promise<void>((resolve) => rig.runtime.setTimer(5, resolve));
      got.push(data);
    };
    rig.agent.on('reading', slow);
    const channel = await rig.channel('a');
    for (let n = 1; n <= 200; n++) channel.send('reading', n);
    await rig.when(() => got.length >= 50);
    const program = deferred();
    const restarting = rig.agent.restart(async () => {
      await program.promise;
      rig.agent.on('reading', slow);
    });
    await rig.settle(3_000);
    // The one with the handler was finished; the rest went back.
    expect(got.length).toBeLessThanOrEqual(51);
    expect(rig.agent.stats().queuedMessages).toBe(0);
    program.resolve();
    await restarting;
    expect(await rig.until(channel.drain())).toBe(true);
    expect(got).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
  });

  it('are handled once when a new agent takes over the inbox', async () => {
    const store = memoryStore();
    const first = await Rig.start({ store });
    const got: unknown[] = [];
    first.agent.on('reading', (data) => got.push(data));
    const outbox = memoryStore();
    const before = await first.channel('a', { store: outbox });
    for (let n = 1; n <= 5; n++) before.send('reading', n);
    await first.when(() => got.length === 5);
    // Handled and recorded, but the acks are lost: the device still has all five.
    first.network.cut();
    first.network.setReachable(false);
    expect(before.stats().outboxMessages).toBe(5);
    await first.until(before.close());
    await first.until(first.agent.close());
    const second = await Rig.start({ store });
    second.agent.on('reading', (data) => got.push(data));
    const after = await second.channel('a', { store: outbox });
    after.send('reading', 6);
    expect(await second.until(after.drain())).toBe(true);
    expect(got).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

describe('overload', () => {
  /** A handler that works for 1 ms, and what it has done, device by device. */
  function slowHandler(rig: Rig): Map<string, unknown[]> {
    const got = new Map<string, unknown[]>();
    rig.agent.on('reading', async (data, { device }) => {
      await new Promise<void>((resolve) => rig.runtime.setTimer(1, resolve));
      got.set(device, [...(got.get(device) ?? []), data]);
    });
    return got;
  }

  const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

  it('never comes of channels alone, which share the room; everything arrives once and in order', async () => {
    const rig = await Rig.start({ agentQueueMaxMessages: 100 });
    const got = slowHandler(rig);
    const channels = await Promise.all(['a', 'b', 'c', 'd'].map((id) => rig.channel(id)));
    for (const channel of channels) for (const n of numbers(300)) channel.send('reading', n);
    await rig.when(() => rig.agent.stats().queuedMessages > 40);
    for (const channel of channels) expect(await rig.until(channel.drain())).toBe(true);
    for (const id of ['a', 'b', 'c', 'd']) expect(got.get(id)).toEqual(numbers(300));
    expect(rig.agent.stats()).toMatchObject({ queuedMessages: 0, retriedMessages: { overloaded: 0 } });
    expect(rig.eventsOf('overloadChanged')).toEqual([]);
  });

  it('by more devices at once than there is room for ends by itself; everything arrives once and in order', async () => {
    const rig = await Rig.start({ agentQueueMaxMessages: 100 });
    const got = slowHandler(rig);
    // Each of them is alone when it opens its channel, and is granted much.
    const channels = await Promise.all(['a', 'b'].map((id) => rig.channel(id)));
    await rig.settle(1_000);
    const plain = await rig.device('plain');
    for (const n of numbers(60)) void plain.send('reading', n);
    for (const channel of channels) for (const n of numbers(300)) channel.send('reading', n);
    await rig.when(() => rig.agent.stats().isOverloaded);
    // What it has is kept and worked off; giving it back would make it travel twice.
    expect(rig.agent.stats().queuedMessages).toBeGreaterThanOrEqual(100);
    await rig.when(() => !rig.agent.stats().isOverloaded);
    expect(rig.agent.stats().queuedMessages).toBe(50);
    for (const channel of channels) expect(await rig.until(channel.drain())).toBe(true);
    for (const id of ['a', 'b']) expect(got.get(id)).toEqual(numbers(300));
    const turns = rig.eventsOf('overloadChanged').map(({ isOverloaded }) => isOverloaded);
    expect(turns).toEqual(turns.map((_, index) => index % 2 === 0));
  });

  it('by plain messages alone makes channels wait, and ends by itself', async () => {
    const rig = await Rig.start({ agentQueueMaxMessages: 100 });
    const got = slowHandler(rig);
    const plain = await rig.device('plain');
    for (const n of numbers(150)) void plain.send('reading', n);
    await rig.when(() => rig.agent.stats().isOverloaded);
    const channel = await rig.channel('b');
    const delivery = channel.send('reading', 1);
    await rig.settle(20);
    expect(rig.agent.stats().isOverloaded).toBe(true);
    expect(delivery.outcome).toBeUndefined();
    expect(await rig.until(channel.drain())).toBe(true);
    await rig.settle(200);
    // 100 waited and one was with the handler; later ones found the queue full.
    expect(got.get('plain')).toEqual(numbers(101));
    expect(rig.agent.stats()).toMatchObject({ isOverloaded: false, droppedMessages: { overloaded: 49 } });
  });

  it('by both ends by itself, again and again', async () => {
    const rig = await Rig.start({ agentQueueMaxMessages: 50, creditMessages: 20 });
    const got = slowHandler(rig);
    const channels = await Promise.all(['a', 'b', 'c', 'd'].map((id) => rig.channel(id)));
    const plain = await rig.device('plain');
    for (let round = 1; round <= 5; round++) {
      for (const channel of channels) for (const n of numbers(100)) channel.send('reading', (round - 1) * 100 + n);
      for (const n of numbers(60)) void plain.send('reading', n);
      await rig.settle(100);
    }
    for (const channel of channels) expect(await rig.until(channel.drain())).toBe(true);
    for (const id of ['a', 'b', 'c', 'd']) expect(got.get(id)).toEqual(numbers(500));
    const { handledMessages, receivedMessages, droppedMessages } = rig.agent.stats();
    expect(receivedMessages).toBe(300);
    expect(handledMessages).toBe(2_000 + 300 - droppedMessages.overloaded);
    expect(rig.agent.stats()).toMatchObject({ isOverloaded: false, queuedMessages: 0 });
  });

  it('that begins or ends during a restart leaves no channel waiting behind it', async () => {
    const rig = await Rig.start({ agentQueueMaxMessages: 100 });
    const got = slowHandler(rig);
    const channels = await Promise.all(['a', 'b', 'c', 'd'].map((id) => rig.channel(id)));
    const plain = await rig.device('plain');
    for (const channel of channels) for (const n of numbers(300)) channel.send('reading', n);
    for (const n of numbers(100)) void plain.send('reading', n);
    await rig.when(() => rig.agent.stats().isOverloaded);
    const program = deferred();
    const restarting = rig.agent.restart(async () => {
      await program.promise;
      rig.agent.on('reading', async (data, { device }) => {
        got.set(device, [...(got.get(device) ?? []), data]);
      });
    });
    expect(rig.agent.stats()).toMatchObject({ isOverloaded: false, queuedMessages: 0 });
    await rig.settle(1_000);
    program.resolve();
    await restarting;
    for (const channel of channels) expect(await rig.until(channel.drain())).toBe(true);
    for (const id of ['a', 'b', 'c', 'd']) expect(got.get(id)).toEqual(numbers(300));
  });
});

describe('listen', () => {
  it('wants authenticate when other machines can reach a listener', async () => {
    const open: Listener = { isLoopback: false, writeMaxBytes: 1, listen: () => Promise.reject(new Error('listened')) };
    const store = memoryStore();
    const agent = createAgent({ listeners: [open], store });
    await expect(agent.listen()).rejects.toMatchObject({ code: 'AUTHENTICATE_REQUIRED' });
    // Nothing was opened.
    await (await store.open()).close();
    await agent.close();
  });

  it('that fails leaves nothing open and can be called again', async () => {
    const rig = await Rig.start();
    const network = createMemoryNetwork({ runtime: rig.runtime });
    let attempts = 0;
    let closed = 0;
    const good: Listener = {
      ...memoryListener(network),
      listen: async () => ({
        address: 'good',
        port: undefined,
        close: async () => {
          closed += 1;
        },
      }),
    };
    const bad: Listener = {
      ...memoryListener(network),
      listen: async (accept) => {
        attempts += 1;
        if (attempts === 1) throw new Error('not yet');
        return memoryListener(network).listen(accept);
      },
    };
    const store = memoryStore();
    const agent = createAgent({ listeners: [good, bad], store, runtime: rig.runtime });
    await expect(agent.listen()).rejects.toThrow('not yet');
    expect(closed).toBe(1);
    expect((await agent.listen()).map(({ address }) => address)).toEqual(['good', 'memory']);
    await agent.close();
    expect(closed).toBe(2);
  });

  it('called twice opens once', async () => {
    const rig = await Rig.start();
    expect(await rig.agent.listen()).toHaveLength(1);
    expect(await rig.agent.listen()).toBe(await rig.agent.listen());
  });

  it('of a closed agent fails, also when it was closed meanwhile', async () => {
    const rig = await Rig.start();
    const store = memoryStore();
    const agent = createAgent({ listeners: [memoryListener(rig.network)], store, runtime: rig.runtime });
    const listening = agent.listen();
    const closing = agent.close();
    await expect(listening).rejects.toMatchObject({ code: 'AGENT_CLOSED' });
    await closing;
    await expect(agent.listen()).rejects.toMatchObject({ code: 'AGENT_CLOSED' });
    await expect(agent.restart(() => {})).rejects.toMatchObject({ code: 'AGENT_CLOSED' });
    await (await store.open()).close();
  });
});

describe('close', () => {
  it('tells the devices, waits for running handlers and for their records, and gives the inbox back', async () => {
    const inbox = heldStore();
    const rig = await Rig.start({ store: inbox.factory });
    const work = deferred();
    rig.agent.on('reading', () => work.promise);
    const channel = await rig.channel('a');
    channel.send('reading', 1);
    const plain = await rig.device('b');
    void plain.send('reading', 2);
    await rig.settle();

    let isClosed = false;
    const closing = rig.agent.close().then(() => {
      isClosed = true;
    });
    await rig.settle(500);
    expect(plain.isConnected()).toBe(false);
    expect(isClosed).toBe(false);
    inbox.hold();
    work.resolve();
    await rig.settle(500);
    expect(isClosed).toBe(false);
    inbox.release();
    await rig.until(closing);
    expect(rig.agent.stats()).toMatchObject({ connections: 0, devices: 0, handledMessages: 2 });

    // What was handled and recorded is known to the next agent.
    const next = await Rig.start({ store: inbox.factory });
    const got: unknown[] = [];
    next.agent.on('reading', (data) => got.push(data));
    await next.until(next.agent.close());
    expect(got).toEqual([]);
    await rig.until(channel.close());
  });

  it('drops plain messages that wait, and leaves those of channels with their devices', async () => {
    const rig = await Rig.start();
    const work = deferred();
    rig.agent.on('reading', () => work.promise);
    const plain = await rig.device('a');
    for (const n of [1, 2, 3]) void plain.send('reading', n);
    const channel = await rig.channel('b');
    for (const n of [1, 2, 3]) channel.send('reading', n);
    await rig.settle();
    const closing = rig.agent.close();
    await rig.settle();
    work.resolve();
    await rig.until(closing);
    expect(rig.agent.stats()).toMatchObject({ handledMessages: 2, droppedMessages: { restarting: 2 } });
    expect(channel.stats().outboxMessages).toBe(3);
    await rig.until(channel.close());
  });

  it('does not wait longer than ten seconds for a handler', async () => {
    const rig = await Rig.start();
    rig.agent.on('reading', () => new Promise(() => {}));
    const device = await rig.device('a');
    void device.send('reading', 1);
    await rig.settle();
    const beforeMs = rig.runtime.nowMs();
    await rig.until(rig.agent.close());
    expect(rig.runtime.nowMs() - beforeMs).toBeLessThan(11_000);
  });

  it('is done at once without devices, and once', async () => {
    const rig = await Rig.start();
    expect(rig.agent.close()).toBe(rig.agent.close());
    await rig.agent.close();
  });
});
