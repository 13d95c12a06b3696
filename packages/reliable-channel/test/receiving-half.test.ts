import { NACK_CODE } from '@holdfast/protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import { GroupCommit, type HandlingResult, ReceivingHalf } from '../src/index.js';
import { memoryStore } from '../src/stores/memory.js';
import { ChannelRig, deferred, StoreUnderTest } from './support/channel-rig.js';

const LATER: HandlingResult = {
  status: 'again',
  pause: { code: NACK_CODE.handlerFailed, retryAfterMs: 0, reason: 'not now' },
};

describe('a receiving half', () => {
  let rig: ChannelRig;

  beforeEach(() => {
    rig = new ChannelRig();
  });

  it('repeats a message whose handling failed until it succeeds, and keeps order', async () => {
    await rig.startAgent();
    const attempts: number[] = [];
    rig.handle = ({ data, attempt }) => {
      if (data !== 1) return undefined;
      attempts.push(attempt);
      return attempts.length < 4 ? LATER : undefined;
    };
    const channel = await rig.open();
    for (let index = 0; index < 3; index++) channel.send('reading', index);
    await rig.until(() => channel.stats().outboxMessages === 0);
    expect(rig.handled).toEqual([0, 1, 1, 1, 1, 2]);
    expect(attempts).toEqual([1, 2, 3, 4]);
  });

  it('runs one handler after the other, and acknowledges when it is done', async () => {
    await rig.startAgent();
    let running = 0;
    rig.handle = async () => {
      running += 1;
      expect(running).toBe(1);
      await new Promise<void>((resolve) => rig.runtime.setTimer(100, resolve));
      running -= 1;
      return undefined;
    };
    const channel = await rig.open();
    for (let index = 0; index < 5; index++) channel.send('reading', index);
    await rig.runtime.advance(230);
    expect(rig.waitingCount).toBeGreaterThan(0);
    expect(channel.stats().acknowledgedMessages).toBeLessThan(3);
    await rig.until(() => channel.stats().outboxMessages === 0);
    expect([rig.handled, rig.waitingCount]).toEqual([[0, 1, 2, 3, 4], 0]);
  });

  it('gives back all that wait behind a message whose handler fails later, and keeps order', async () => {
    await rig.startAgent();
    const done: unknown[] = [];
    let failures = 0;
    rig.handle = async ({ data }) => {
      await new Promise<void>((resolve) => rig.runtime.setTimer(100, resolve));
      if (data === 1 && failures < 3) {
        failures += 1;
        return LATER;
      }
      done.push(data);
      return undefined;
    };
    const channel = await rig.open();
    for (let index = 0; index < 4; index++) channel.send('reading', index);
    await rig.until(() => failures === 1);
    expect([rig.waitingCount, rig.handled]).toEqual([0, [0, 1]]);
    await rig.until(() => channel.stats().outboxMessages === 0);
    expect([failures, done]).toEqual([3, [0, 1, 2, 3]]);
  });

  it('acknowledges nothing before its inbox has recorded it', async () => {
    const gate = deferred();
    const inbox = new StoreUnderTest();
    await rig.startAgent(inbox);
    inbox.gate = gate.promise;
    const channel = await rig.open();
    for (let index = 0; index < 3; index++) channel.send('reading', index);
    await rig.until(() => rig.handled.length === 3);
    await rig.runtime.advance(10_000);
    expect([channel.stats().acknowledgedMessages, rig.receiving?.isIdle]).toEqual([0, false]);
    gate.resolve();
    await rig.until(() => channel.stats().outboxMessages === 0);
    expect([rig.handled, inbox.commitCount]).toEqual([[0, 1, 2], 1]);
  });

  it('takes another connection while a handler runs, and does not run it again', async () => {
    await rig.startAgent();
    const gate = deferred();
    rig.handle = ({ data }) => (data === 1 ? gate.promise.then(() => undefined) : undefined);
    const channel = await rig.open();
    for (let index = 0; index < 4; index++) channel.send('reading', index);
    await rig.until(() => rig.handled.length === 2);
    expect(rig.waitingCount).toBe(2);
    for (let replaced = 0; replaced < 3; replaced++) {
      rig.network.cut();
      // What waits comes again from the device, and costs no memory meanwhile.
      expect(rig.waitingCount).toBe(0);
      await rig.until(() => rig.waitingCount === 2);
    }
    expect(rig.handled).toEqual([0, 1]);
    gate.resolve();
    await rig.until(() => channel.stats().outboxMessages === 0);
    expect([rig.handled, rig.waitingCount]).toEqual([[0, 1, 2, 3], 0]);
  });

  it('finishes without a connection what a handler has begun, and tells it to the next one', async () => {
    const receiving = await rig.startAgent();
    const gate = deferred();
    rig.handle = () => gate.promise.then(() => undefined);
    const channel = await rig.open();
    channel.send('reading', 1);
    await rig.until(() => rig.handled.length === 1);
    rig.network.setReachable(false);
    rig.network.cut();
    expect(receiving.isIdle).toBe(false);
    gate.resolve();
    await rig.runtime.advance(0);
    expect(receiving.isIdle).toBe(true);
    rig.network.setReachable(true);
    rig.frames.length = 0;
    await rig.until(() => channel.stats().outboxMessages === 0);
    expect(rig.frames.map(({ type }) => type)).toEqual(['open']);
    expect(rig.handled).toEqual([1]);
  });

  it('records many messages of one turn with few commits', async () => {
    const inbox = new StoreUnderTest();
    await rig.startAgent(inbox, 1_000);
    const channel = await rig.open();
    for (let index = 0; index < 1_000; index++) channel.send('reading', index);
    await rig.until(() => channel.stats().outboxMessages === 0);
    expect(inbox.commitCount).toBeLessThan(200);
  });

  it('acknowledges nothing while its inbox fails, and everything later, without running a handler again', async () => {
    const inbox = new StoreUnderTest();
    await rig.startAgent(inbox);
    inbox.commitError = new Error('the disk is full');
    const channel = await rig.open();
    channel.send('reading', 1);
    await rig.runtime.advance(30_000);
    expect([rig.handled, channel.stats().acknowledgedMessages]).toEqual([[1], 0]);
    expect(rig.storeProblems[0]).toBe('the disk is full');
    // Tried again when the device asks again, and not in a hurry.
    expect(rig.storeProblems.length).toBeLessThan(8);
    expect(rig.receiving?.isIdle).toBe(false);
    inbox.commitError = undefined;
    await rig.until(() => channel.stats().outboxMessages === 0);
    expect(rig.handled).toEqual([1]);
  });

  it('remembers across restarts what it has handled', async () => {
    const inbox = memoryStore();
    await rig.startAgent(inbox);
    const channel = await rig.open();
    for (let index = 0; index < 4; index++) channel.send('reading', index);
    // The handler has run, the record is written; the ack is lost with the connection.
    await rig.until(() => rig.handled.length === 4);
    await rig.stopAgent();
    expect(channel.stats().acknowledgedMessages).toBe(0);
    await rig.startAgent(inbox);
    await rig.until(() => channel.stats().outboxMessages === 0);
    expect(rig.handled).toEqual([0, 1, 2, 3]);
  });

  it('is known to the device as another one when its inbox is wiped, and loses nothing', async () => {
    await rig.startAgent();
    const channel = await rig.open();
    channel.send('reading', 1);
    await rig.until(() => channel.stats().outboxMessages === 0);
    await rig.stopAgent();
    channel.send('reading', 2);
    await rig.startAgent(memoryStore());
    await rig.until(() => channel.stats().outboxMessages === 0);
    expect(rig.handled).toEqual([1, 2]);
  });

  it('takes a device that was wiped for a new one', async () => {
    await rig.startAgent();
    const before = await rig.open();
    before.send('reading', 1);
    await rig.until(() => before.stats().outboxMessages === 0);
    await before.close();
    const after = await rig.open();
    after.send('reading', 2);
    await rig.until(() => after.stats().outboxMessages === 0);
    expect(rig.handled).toEqual([1, 2]);
  });

  it('gives back what comes while it is paused, and takes it when it goes on', async () => {
    const receiving = await rig.startAgent();
    receiving.pause({ code: NACK_CODE.restarting, retryAfterMs: 200, reason: 'restarting' });
    const channel = await rig.open();
    for (let index = 0; index < 3; index++) channel.send('reading', index);
    await rig.runtime.advance(20_000);
    expect(rig.handled).toEqual([]);
    receiving.resume();
    await rig.until(() => channel.stats().outboxMessages === 0);
    expect(rig.handled).toEqual([0, 1, 2]);
  });

  it('handles what waits before it is paused, when it is told to keep that, and gives back the rest', async () => {
    const receiving = await rig.startAgent();
    const gate = deferred();
    rig.handle = ({ data }) => (data === 0 ? gate.promise.then(() => undefined) : undefined);
    const channel = await rig.open();
    for (let index = 0; index < 3; index++) channel.send('reading', index);
    await rig.until(() => rig.waitingCount === 2);
    receiving.pause({ code: NACK_CODE.overloaded, retryAfterMs: 200, reason: 'overloaded' }, { keepsWaiting: true });
    channel.send('reading', 3);
    await rig.runtime.advance(5_000);
    gate.resolve();
    await rig.runtime.advance(5_000);
    expect([rig.handled, channel.stats().outboxMessages]).toEqual([[0, 1, 2], 1]);
    receiving.resume();
    await rig.until(() => channel.stats().outboxMessages === 0);
    expect(rig.handled).toEqual([0, 1, 2, 3]);
  });

  it('gives back what waits when it is paused, but for the message with the handler', async () => {
    const receiving = await rig.startAgent();
    const gate = deferred();
    rig.handle = ({ data }) => (data === 0 ? gate.promise.then(() => undefined) : undefined);
    const channel = await rig.open();
    for (let index = 0; index < 3; index++) channel.send('reading', index);
    await rig.until(() => rig.waitingCount === 2);
    receiving.pause({ code: NACK_CODE.restarting, retryAfterMs: 200, reason: 'restarting' });
    expect(rig.waitingCount).toBe(0);
    gate.resolve();
    await rig.until(() => channel.stats().acknowledgedMessages === 1);
    expect(rig.handled).toEqual([0]);
    receiving.resume();
    await rig.until(() => channel.stats().outboxMessages === 0);
    expect(rig.handled).toEqual([0, 1, 2]);
  });

  it('is idle when it has no connection and nothing to do', async () => {
    const receiving = await rig.startAgent();
    expect(receiving.isIdle).toBe(true);
    const channel = await rig.open();
    channel.send('reading', 1);
    await rig.until(() => channel.stats().outboxMessages === 0);
    expect([receiving.isIdle, receiving.waitingCount]).toEqual([false, 0]);
    rig.network.setReachable(false);
    rig.network.cut();
    expect(receiving.isIdle).toBe(true);
  });

  it('does not take an inbox that it can not read for an empty one', async () => {
    const store = await memoryStore().open();
    await store.commit([{ type: 'put', key: 'inbox/press-7', value: Uint8Array.of(9) }]);
    const parts = {
      runtime: rig.runtime,
      senderId: 'press-7',
      creditMessages: 1,
      inbox: new GroupCommit(store, rig.runtime),
      handle: () => undefined,
      onWaitingChanged: () => {},
      onStoreProblem: () => {},
      onReplyDropped: () => {},
      onDataRefused: () => {},
    };
    await expect(ReceivingHalf.open(store, parts)).rejects.toMatchObject({ code: 'VERSION_UNSUPPORTED' });
  });

  it('brings a reply or a refusal back to the delivery, and the messages behind follow', async () => {
    await rig.startAgent();
    rig.handle = ({ data }) => {
      if (data === 1) return { status: 'replied', reply: { valve: 'open' } };
      return data === 2 ? { status: 'rejected', reason: 'no such valve' } : undefined;
    };
    const channel = await rig.open();
    const deliveries = [1, 2, 3].map((data) => channel.send('valve', data));
    await rig.until(() => deliveries.every(({ outcome }) => outcome !== undefined));
    expect(deliveries.map(({ outcome }) => outcome)).toMatchObject([
      { status: 'acknowledged', reply: { valve: 'open' } },
      { status: 'rejected', reason: 'no such valve' },
      { status: 'acknowledged' },
    ]);
    expect(rig.receiving?.keptResults).toBeGreaterThan(0);
  });

  it('brings a reply back that was lost with its connection, and forgets it when the sender has it on disk', async () => {
    await rig.startAgent();
    const gate = deferred();
    rig.handle = () => gate.promise.then((): HandlingResult => ({ status: 'replied', reply: 7 }));
    const channel = await rig.open();
    const delivery = channel.send('reading', 1);
    await rig.until(() => rig.handled.length === 1);
    rig.network.setReachable(false);
    rig.network.cut();
    gate.resolve();
    await rig.runtime.advance(0);
    expect(rig.receiving?.keptResults).toBe(1);
    rig.network.setReachable(true);
    await rig.until(() => delivery.outcome !== undefined);
    expect([delivery.outcome, rig.handled]).toEqual([{ status: 'acknowledged', reply: 7 }, [1]]);
    // The floor that says so comes with a later message.
    await rig.runtime.advance(5_000);
    channel.send('reading', 2);
    await rig.until(() => channel.stats().outboxMessages === 0);
    expect(rig.receiving?.keptResults).toBe(1);
  });

  it('keeps a lane going while the handler of another one is stuck, however much that one has to send', async () => {
    await rig.startAgent(memoryStore(), 10);
    rig.handle = ({ lane }) => (lane === 'stuck' ? new Promise(() => {}) : undefined);
    const channel = await rig.open();
    for (let index = 0; index < 200; index++) channel.send('reading', index, { lane: 'stuck' });
    await rig.runtime.advance(1_000);
    const others = Array.from({ length: 50 }, (_, index) => channel.send('reading', index, { lane: `${index % 3}` }));
    await rig.until(() => others.every(({ outcome }) => outcome !== undefined), 60_000);
    expect(others.every(({ outcome }) => outcome?.status === 'acknowledged')).toBe(true);
  });

  it('grants nothing for a while, and everything goes on when it grants something again', async () => {
    const receiving = await rig.startAgent();
    receiving.setCredit(0);
    const channel = await rig.open();
    const deliveries = Array.from({ length: 20 }, (_, index) => channel.send('reading', index));
    await rig.runtime.advance(120_000);
    expect(rig.handled).toEqual([]);
    receiving.setCredit(2);
    await rig.until(() => deliveries.every(({ outcome }) => outcome?.status === 'acknowledged'), 10_000);
    expect(rig.handled).toEqual(Array.from({ length: 20 }, (_, index) => index));
  });
});
