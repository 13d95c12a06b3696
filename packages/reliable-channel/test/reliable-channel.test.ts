import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ChannelEvent, CheckedStore, type Delivery, isHoldfastError, type ReliableChannel } from '../src/index.js';
import { memoryStore } from '../src/stores/memory.js';
import { ChannelRig, deferred, StoreUnderTest } from './support/channel-rig.js';

const FULL_DISK = new Error('the disk is full');

describe('a reliable channel', () => {
  let rig: ChannelRig;
  let unhandled: unknown[];
  const onUnhandled = (reason: unknown): void => {
    unhandled.push(reason);
  };

  beforeEach(() => {
    rig = new ChannelRig();
    unhandled = [];
    process.on('unhandledRejection', onUnhandled);
  });

  afterEach(async () => {
    // Node tells of unhandled rejections when the microtasks have run.
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', onUnhandled);
    expect(unhandled).toEqual([]);
  });

  function collectGarbage(): void {
    setFlagsFromString('--expose-gc');
    (runInNewContext('gc') as () => void)();
  }

  function eventsOf(channel: ReliableChannel): ChannelEvent[] {
    const events: ChannelEvent[] = [];
    channel.observe((event) => events.push(event));
    return events;
  }

  function codeOf(action: () => unknown): string | undefined {
    try {
      action();
    } catch (error) {
      return isHoldfastError(error) ? error.code : String(error);
    }
    return undefined;
  }

  it('takes a message through to the handler, in order, and tells each step', async () => {
    await rig.startAgent();
    const channel = await rig.open();
    const events = eventsOf(channel);
    const deliveries = [1, 2, 3].map((value) => channel.send('reading', { value }));
    await deliveries[0]?.stored;
    expect(deliveries[0]?.outcome).toBeUndefined();
    await rig.until(() => channel.stats().outboxMessages === 0);
    expect(rig.handled).toEqual([{ value: 1 }, { value: 2 }, { value: 3 }]);
    expect(await Promise.all(deliveries.map(({ settled }) => settled))).toEqual([
      { status: 'acknowledged' },
      { status: 'acknowledged' },
      { status: 'acknowledged' },
    ]);
    expect(events).toEqual([
      { type: 'stored', lane: '', first: 1, last: 3 },
      { type: 'stateChanged', state: 'opening' },
      { type: 'stateChanged', state: 'open' },
      { type: 'acknowledged', lane: '', first: 1, last: 3 },
    ]);
    expect(channel.stats()).toMatchObject({
      state: 'open',
      outboxBytes: 0,
      inFlightMessages: 0,
      acceptedMessages: 3,
      acknowledgedMessages: 3,
      evictedMessages: 0,
    });
    expect(channel.stats().roundTripMs).toBeGreaterThanOrEqual(20);
  });

  it('gives a message the name that the handler sees', async () => {
    await rig.startAgent();
    const ids: string[] = [];
    rig.handle = ({ id }) => {
      ids.push(id);
      return undefined;
    };
    const channel = await rig.open();
    const sent = [channel.send('a', 1), channel.send('a', 2)];
    await rig.until(() => channel.stats().outboxMessages === 0);
    expect(ids).toEqual(sent.map(({ id }) => id));
    expect(new Set(ids).size).toBe(2);
  });

  it('makes one commit of all that is sent in one turn: one record of messages, one for its lane, one of what lanes share', async () => {
    await rig.startAgent();
    const store = new StoreUnderTest();
    const channel = await rig.open({ store });
    const before = store.commitCount;
    for (let index = 0; index < 1_000; index++) channel.send('reading', index);
    await rig.runtime.advance(0);
    expect(store.commitCount - before).toBe(1);
    expect(store.latestOperations).toEqual(['put outbox/batch//00000000000001', 'put outbox/lane/', 'put outbox/meta']);
    await rig.until(() => channel.stats().outboxMessages === 0);
    await rig.runtime.advance(1_000);
    expect(store.commitCount - before).toBe(2);
    expect(store.latestOperations).toEqual([
      'put outbox/lane/',
      'delete outbox/batch//00000000000001',
      'put outbox/meta',
    ]);
  });

  it('makes one commit of all that is sent while another is under way, and sends nothing before it is stored', async () => {
    await rig.startAgent();
    const gate = deferred();
    const store = new StoreUnderTest();
    const channel = await rig.open({ store });
    await rig.until(() => channel.stats().state === 'open');
    store.gate = gate.promise;
    const before = store.commitCount;
    for (let index = 0; index < 10; index++) {
      channel.send('reading', index);
      await rig.runtime.advance(1_000);
    }
    expect([store.commitCount - before, channel.stats().inFlightMessages, rig.handled]).toEqual([1, 0, []]);
    expect(rig.frames.filter(({ type }) => type === 'data')).toEqual([]);
    gate.resolve();
    await rig.until(() => rig.handled.length === 10);
    expect(store.commitCount - before).toBe(2);
  });

  it('says that a message is stored when the store has said so, and not before', async () => {
    let open = (): void => {};
    const store = new StoreUnderTest();
    const channel = await rig.open({ store });
    store.gate = new Promise((resolve) => {
      open = resolve;
    });
    const delivery = channel.send('reading', 1);
    let isStored = false;
    void delivery.stored.then(() => {
      isStored = true;
    });
    await rig.runtime.advance(60_000);
    expect(isStored).toBe(false);
    open();
    await delivery.stored;
    expect(channel.stats().outboxMessages).toBe(1);
  });

  it('ends what can not be stored as evicted, never sends it, and goes on when the store works again', async () => {
    await rig.startAgent();
    const store = new StoreUnderTest();
    const channel = await rig.open({ store });
    const events = eventsOf(channel);
    store.commitError = FULL_DISK;
    const lost = [channel.send('reading', 1), channel.send('reading', 2)];
    await expect(lost[0]?.stored).rejects.toMatchObject({ code: 'STORE_FAILED', message: 'the disk is full' });
    expect(lost[1]?.outcome).toEqual({
      ...{ status: 'evicted', cause: 'storeFailed', reason: 'the disk is full', attempts: 0 },
    });
    store.commitError = undefined;
    const kept = channel.send('reading', 3);
    await rig.until(() => kept.outcome !== undefined);
    expect([rig.handled, kept.outcome?.status]).toEqual([[3], 'acknowledged']);
    expect(events[0]).toEqual({ type: 'storeProblem', detail: 'the disk is full' });
    expect(channel.stats()).toMatchObject({ acceptedMessages: 3, evictedMessages: 2, outboxMessages: 0 });
    // Nobody has looked at `lost[1].stored`: see the check after each test.
    void lost[1]?.stored;
  });

  it('evicts what is beyond the number of messages or bytes that may wait', async () => {
    const channel = await rig.open({ outboxMaxMessages: 2 });
    const [, , third] = [channel.send('a', 1), channel.send('a', 2), channel.send('a', 3)];
    expect([third?.id, third?.outcome]).toMatchObject([
      undefined,
      { status: 'evicted', cause: 'outboxFull', attempts: 0 },
    ]);
    await expect(third?.stored).rejects.toMatchObject({ code: 'OUTBOX_FULL' });
    expect(await third?.settled).toEqual(third?.outcome);
    const large = await new ChannelRig().open({ outboxMaxBytes: 270_000 });
    const first = large.send('a', new Uint8Array(200_000));
    const second = large.send('a', new Uint8Array(150_000));
    expect([first.outcome, second.outcome?.status]).toEqual([undefined, 'evicted']);
  });

  it('takes again when the agent has made room', async () => {
    await rig.startAgent();
    const channel = await rig.open({ outboxMaxMessages: 1 });
    channel.send('a', 1);
    await rig.until(() => channel.stats().outboxMessages === 0);
    expect(channel.send('a', 2).outcome).toBeUndefined();
  });

  it('takes nothing of a message that can not be sent', async () => {
    const store = new StoreUnderTest();
    const channel = await rig.open({ store });
    const before = store.commitCount;
    expect(codeOf(() => channel.send('x'.repeat(256), 1))).toBe('NAME_TOO_LONG');
    expect(codeOf(() => channel.send('a', new Uint8Array(300_000)))).toBe('MESSAGE_TOO_LARGE');
    expect(codeOf(() => channel.send('a', () => {}))).toBe('DATA_NOT_SERIALISABLE');
    expect(codeOf(() => channel.send('a', JSON.parse('{"__proto__": 1}')))).toBe('DATA_UNSAFE_KEY');
    expect(codeOf(() => channel.send('', 1))).toContain('TypeError');
    await rig.runtime.advance(0);
    expect(store.commitCount).toBe(before);
    expect(channel.stats()).toMatchObject({ nextSequence: 1, acceptedMessages: 0, outboxMessages: 0 });
  });

  it('sends what waited while the link was away, more than memory holds, and in order', async () => {
    const channel = await rig.open();
    const count = 30_000;
    for (let first = 0; first < count; first += 1_000) {
      for (let index = first; index < first + 1_000; index++) channel.send('reading', [index, 'x'.repeat(300)]);
      await rig.runtime.advance(1);
    }
    expect(channel.stats()).toMatchObject({ outboxMessages: count });
    await rig.startAgent();
    await rig.until(() => channel.stats().outboxMessages === 0);
    expect(rig.handled.map((data) => (data as [number])[0])).toEqual(
      Array.from({ length: count }, (_, index) => index),
    );
  });

  it('sends again what a cut has taken, and the handler sees it once', async () => {
    await rig.startAgent();
    rig.handle = () => new Promise((resolve) => rig.runtime.setTimer(30, () => resolve(undefined)));
    const channel = await rig.open();
    for (let index = 0; index < 50; index++) channel.send('reading', index);
    for (let cut = 0; cut < 20; cut++) {
      await rig.runtime.advance(170);
      rig.network.cut();
    }
    await rig.until(() => channel.stats().outboxMessages === 0);
    expect(rig.handled).toEqual(Array.from({ length: 50 }, (_, index) => index));
  });

  it('sends nothing again after a reconnect that the agent has handled', async () => {
    await rig.startAgent();
    const gate = deferred();
    rig.handle = ({ data }) => (data === 5 ? gate.promise.then(() => undefined) : undefined);
    const channel = await rig.open();
    for (let index = 1; index <= 8; index++) channel.send('reading', index);
    // Four are handled, the fifth is with its handler; the acks are lost.
    await rig.until(() => rig.handled.length === 5);
    rig.network.cut();
    expect(channel.stats().acknowledgedMessages).toBe(0);
    rig.frames.length = 0;
    gate.resolve();
    await rig.until(() => channel.stats().outboxMessages === 0);
    expect(rig.frames.map((frame) => (frame.type === 'data' ? [frame.first, frame.count] : frame.type))).toEqual([
      'open',
      [6, 3],
    ]);
    expect(rig.handled).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('says which number is next, also after a restart', async () => {
    const store = new StoreUnderTest();
    const first = await rig.open({ store });
    expect(first.stats().nextSequence).toBe(1);
    for (let index = 0; index < 3; index++) first.send('reading', index);
    expect(first.stats().nextSequence).toBe(4);
    await first.close();
    const second = await rig.open({ store });
    expect(second.stats()).toMatchObject({ nextSequence: 4, outboxMessages: 3, acceptedMessages: 0 });
    store.commitError = FULL_DISK;
    await expect(second.send('reading', 3).stored).rejects.toMatchObject({ code: 'STORE_FAILED' });
    // What could not be stored is not below it after a restart: its number is given out again.
    await second.close();
    store.commitError = undefined;
    const third = await rig.open({ store });
    expect(third.stats()).toMatchObject({ nextSequence: 4, outboxMessages: 3 });
    await rig.startAgent();
    const delivery = third.send('reading', 'other');
    await rig.until(() => delivery.outcome !== undefined);
    expect(rig.handled).toEqual([0, 1, 2, 'other']);
  });

  it('goes on after a restart where the agent stands, when acks were lost with the channel', async () => {
    await rig.startAgent();
    const store = new StoreUnderTest();
    const first = await rig.open({ store });
    const deliveries = [first.send('reading', 1), first.send('reading', 2)];
    await rig.until(() => rig.handled.length === 2);
    await first.close();
    // The agent has handled them; this channel has not heard of it any more.
    expect(deliveries.map(({ outcome }) => outcome?.status)).toEqual(['kept', 'kept']);
    const second = await rig.open({ store });
    await rig.until(() => second.stats().outboxMessages === 0);
    expect([rig.handled, second.stats().acknowledgedMessages]).toEqual([[1, 2], 2]);
  });

  it('goes on after a restart with what was stored, once', async () => {
    const store = new StoreUnderTest();
    const first = await rig.open({ store });
    for (let index = 0; index < 5; index++) first.send('reading', index);
    await first.close();
    await rig.startAgent();
    const second = await rig.open({ store });
    expect(second.stats().outboxMessages).toBe(5);
    second.send('reading', 5);
    await rig.until(() => second.stats().outboxMessages === 0);
    expect(rig.handled).toEqual([0, 1, 2, 3, 4, 5]);
    await second.close();
    const third = await rig.open({ store });
    expect(third.stats()).toMatchObject({ outboxMessages: 0, outboxBytes: 0 });
  });

  it('reads again later when its store could not be read', async () => {
    const store = new StoreUnderTest();
    const first = await rig.open({ store });
    first.send('reading', 1);
    await first.close();
    await rig.startAgent();
    const second = await rig.open({ store });
    store.readError = new Error('no');
    const events = eventsOf(second);
    await rig.runtime.advance(45_000);
    expect(events.filter(({ type }) => type === 'storeProblem').length).toBeLessThan(4);
    store.readError = undefined;
    await rig.until(() => second.stats().outboxMessages === 0);
    expect(rig.handled).toEqual([1]);
  });

  it('does not open a store that another channel has, and leaves that one alone', async () => {
    await rig.startAgent();
    const store = memoryStore();
    const channel = await rig.open({ store });
    await expect(rig.open({ store })).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    const delivery = channel.send('a', 1);
    await rig.until(() => delivery.outcome !== undefined);
    expect(delivery.outcome?.status).toBe('acknowledged');
  });

  it('is the only one on its transport, and makes room for another one when it is closed', async () => {
    await rig.startAgent();
    const transport = rig.transport();
    const first = await rig.open({ transport });
    const store = memoryStore();
    await expect(rig.open({ transport, store })).rejects.toMatchObject({ code: 'CHANNEL_EXISTS' });
    await first.close();
    const second = await rig.open({ transport, store });
    const delivery = second.send('a', 1);
    await rig.until(() => delivery.outcome !== undefined);
    expect(delivery.outcome?.status).toBe('acknowledged');
  });

  it('leaves nothing behind that can not have its transport', async () => {
    await rig.startAgent();
    const store = new StoreUnderTest();
    const transport = rig.transport();
    const earlier = await rig.open({ transport, store });
    earlier.send('a', 'kept');
    await earlier.close();
    const first = await rig.open({ transport });
    await expect(rig.open({ transport, store })).rejects.toMatchObject({ code: 'CHANNEL_EXISTS' });
    store.readError = new Error('nobody may read it now');
    await first.close();
    await transport.disconnect();
    await rig.runtime.advance(120_000);
    expect(rig.runtime.pendingTimers).toBe(0);
    store.readError = undefined;
    const later = await rig.open({ store });
    await rig.until(() => rig.handled.length > 0);
    expect([rig.handled, later.stats().outboxMessages]).toEqual([['kept'], expect.any(Number)]);
  });

  it('lets its store go when it can not be opened', async () => {
    const store = memoryStore();
    const opened = await store.open();
    const checked = new CheckedStore(opened);
    await checked.commit([{ type: 'put', key: 'outbox/meta', value: Uint8Array.of(9, 9) }]);
    await opened.close();
    await expect(rig.open({ store })).rejects.toMatchObject({ code: 'STORE_FORMAT_UNKNOWN' });
    await (await store.open()).close();
  });

  describe('that is watched', () => {
    it('gives each message its own number when an observer sends', async () => {
      await rig.startAgent();
      const channel = await rig.open();
      const ids: unknown[] = [];
      rig.handle = ({ id }) => {
        ids.push(id);
        return undefined;
      };
      const sent: Delivery[] = [];
      channel.observe(({ type }) => {
        if (type === 'acknowledged' && sent.length === 0) sent.push(channel.send('a', 2), channel.send('a', 3));
      });
      const first = channel.send('a', 1);
      await rig.until(() => ids.length === 3);
      expect(ids).toEqual([first, ...sent].map(({ id }) => id));
    });

    it('takes no more from an observer than the outbox may hold', async () => {
      await rig.startAgent();
      const channel = await rig.open({ outboxMaxMessages: 2 });
      const sent: Delivery[] = [];
      channel.observe(({ type }) => {
        if (type === 'acknowledged' && sent.length === 0)
          for (let index = 0; index < 3; index++) sent.push(channel.send('a', index));
      });
      channel.send('a', 'first');
      await rig.until(() => sent.length > 0);
      expect(sent.map(({ outcome }) => outcome?.status)).toEqual([undefined, undefined, 'evicted']);
    });

    it('stores what an observer sends before it closes the channel', async () => {
      const store = new StoreUnderTest();
      const channel = await rig.open({ store });
      let last: Delivery | undefined;
      channel.observe(({ type }) => {
        if (type !== 'stored' || last !== undefined) return;
        last = channel.send('a', 'last');
        void channel.close();
      });
      channel.send('a', 'first');
      await rig.until(() => last?.outcome !== undefined);
      expect(last?.outcome).toEqual({ status: 'kept' });
      expect((await rig.open({ store })).stats().outboxMessages).toBe(2);
    });

    it('tells nothing more to an observer that has gone', async () => {
      const channel = await rig.open();
      const events: ChannelEvent[] = [];
      const stop = channel.observe((event) => events.push(event));
      channel.send('a', 1);
      await rig.runtime.advance(0);
      stop();
      channel.send('a', 2);
      await rig.runtime.advance(0);
      expect(events).toEqual([{ type: 'stored', lane: '', first: 1, last: 1 }]);
    });
  });

  describe('that is closed', () => {
    it('keeps what is not acknowledged, and says so', async () => {
      const channel = await rig.open({ store: new StoreUnderTest() });
      const delivery = channel.send('a', 1);
      const settled = delivery.settled;
      await channel.close();
      await delivery.stored;
      expect([await settled, delivery.outcome]).toEqual([{ status: 'kept' }, { status: 'kept' }]);
      expect(channel.stats().state).toBe('closed');
    });

    it('cancels it when the store ends with the process', async () => {
      const channel = await rig.open();
      const delivery = channel.send('a', 1);
      await channel.close();
      expect((await delivery.settled).status).toBe('cancelled');
    });

    it('leaves the outcome of what was acknowledged before', async () => {
      await rig.startAgent();
      const channel = await rig.open();
      const delivery = channel.send('a', 1);
      await rig.until(() => channel.stats().outboxMessages === 0);
      await channel.close();
      expect(await delivery.settled).toEqual({ status: 'acknowledged' });
    });

    it('takes no more messages, and may be closed again', async () => {
      const channel = await rig.open();
      const closing = channel.close();
      expect(codeOf(() => channel.send('a', 1))).toBe('CHANNEL_CLOSED');
      await Promise.all([closing, channel.close()]);
    });

    it('comes to an end although the store fails', async () => {
      await rig.startAgent();
      const store = new StoreUnderTest();
      const channel = await rig.open({ store });
      channel.send('a', 1);
      await rig.until(() => channel.stats().outboxMessages === 0);
      store.commitError = FULL_DISK;
      const delivery = channel.send('a', 2);
      const commitsBefore = store.commitCount;
      await channel.close();
      expect(delivery.outcome?.status).toBe('evicted');
      expect(store.commitCount - commitsBefore).toBeLessThan(4);
    });

    it('waits until the store has what was sent before', async () => {
      const gate = deferred();
      const store = new StoreUnderTest();
      const channel = await rig.open({ store });
      store.gate = gate.promise;
      const deliveries = [channel.send('a', 1)];
      await rig.runtime.advance(0);
      deliveries.push(channel.send('a', 2));
      let isClosed = false;
      const closing = channel.close().then(() => {
        isClosed = true;
      });
      await rig.runtime.advance(60_000);
      expect([isClosed, ...deliveries.map(({ outcome }) => outcome)]).toEqual([false, undefined, undefined]);
      gate.resolve();
      await closing;
      await Promise.all(deliveries.map(({ stored }) => stored));
      expect((await rig.open({ store })).stats().outboxMessages).toBe(2);
    });

    it('leaves the connection to its transport, and dials no more', async () => {
      await rig.startAgent();
      const transport = rig.transport();
      const channel = await rig.open({ transport });
      await rig.until(() => channel.stats().state === 'open');
      await channel.close();
      await rig.runtime.advance(1_000);
      expect(transport.isConnected()).toBe(true);
      transport.setSendTimeoutPolicy('RETURN_ON_ERROR', 'WAIT_TIL_SENT', 30);
      rig.network.setReachable(false);
      rig.network.cut();
      // The transport itself tries for a minute, and no longer.
      await rig.runtime.advance(600_000);
      expect([transport.isConnected(), rig.runtime.pendingTimers]).toEqual([false, 0]);
    });

    it('lets the store go', async () => {
      const store = memoryStore();
      await (await rig.open({ store })).close();
      await (await rig.open({ store })).close();
    });
  });

  describe('that is drained', () => {
    it('says yes when the outbox is empty, at once or later', async () => {
      await rig.startAgent();
      const channel = await rig.open();
      expect(await channel.drain()).toBe(true);
      channel.send('a', 1);
      const drained = channel.drain({ timeoutMs: 60_000 });
      await rig.until(() => channel.stats().outboxMessages === 0);
      expect(await drained).toBe(true);
      // The timer of the wait is gone with it: nothing but the keepalive is left.
      await rig.runtime.advance(1_000);
      expect(rig.runtime.pendingTimers).toBeLessThan(6);
    });

    it('says no when the time is up', async () => {
      const channel = await rig.open();
      channel.send('a', 1);
      const drained = channel.drain({ timeoutMs: 5_000 });
      await rig.runtime.advance(5_000);
      expect(await drained).toBe(false);
    });

    it('forgets who has waited for it in vain', async () => {
      const channel = await rig.open();
      channel.send('a', 1);
      const waitInVain = async (): Promise<WeakRef<Promise<boolean>>> => {
        const drained = channel.drain({ timeoutMs: 1_000 });
        await rig.runtime.advance(1_000);
        await drained;
        return new WeakRef(drained);
      };
      const waited = await waitInVain();
      await new Promise((resolve) => setImmediate(resolve));
      collectGarbage();
      expect(waited.deref()).toBeUndefined();
    });

    it('says no when the channel is closed', async () => {
      const channel = await rig.open();
      channel.send('a', 1);
      const drained = channel.drain();
      await channel.close();
      expect(await drained).toBe(false);
    });
  });
});
