// What can be asked of a sending half, through the public channel and in virtual time.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { thrownAnswer } from '../src/handler-answers.js';
import { type ChannelEvent, type Delivery, isHoldfastError, reject, retryLater } from '../src/index.js';
import { ChannelRig, deferred, StoreUnderTest } from './support/channel-rig.js';

const again = () => thrownAnswer(retryLater(0, 'not now')) as never;
const refuse = (reason: string) => thrownAnswer(reject(reason)) as never;

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
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', onUnhandled);
  expect(unhandled).toEqual([]);
});

function setWallClock(wallMs: number): void {
  rig.runtime.shiftWallClock(wallMs - rig.runtime.wallClockMs());
}

const statusOf = ({ outcome }: Delivery): string | undefined => outcome?.status;

describe('lanes', () => {
  it('keep order in themselves, and do not wait for one another', async () => {
    await rig.startAgent();
    const gate = deferred();
    const handled: string[] = [];
    rig.handle = async ({ lane, data }) => {
      if (lane === 'bulk') await gate.promise;
      handled.push(`${lane} ${data}`);
      return undefined;
    };
    const channel = await rig.open();
    const bulk = [1, 2, 3].map((data) => channel.send('a', data, { lane: 'bulk' }));
    const alarms = [1, 2, 3].map((data) => channel.send('a', data, { lane: 'alarms' }));
    await rig.until(() => alarms.every(({ outcome }) => outcome !== undefined));
    expect([handled, bulk.map(statusOf)]).toEqual([
      ['alarms 1', 'alarms 2', 'alarms 3'],
      [undefined, undefined, undefined],
    ]);
    gate.resolve();
    await rig.until(() => channel.stats().outboxMessages === 0);
    expect(handled.slice(3)).toEqual(['bulk 1', 'bulk 2', 'bulk 3']);
  });

  it('are not held by a poison message in another one', async () => {
    await rig.startAgent();
    const seen: unknown[] = [];
    rig.handle = ({ lane, data }) => {
      if (data === 'poison') return again();
      seen.push([lane, data]);
      return undefined;
    };
    const channel = await rig.open({ maxAttempts: 4, retryBackoff: { minMs: 60_000, maxMs: 60_000 } });
    const poison = channel.send('a', 'poison', { lane: 'bulk' });
    const behind = channel.send('a', 'behind', { lane: 'bulk' });
    const other = channel.send('a', 'other');
    await rig.until(() => other.outcome !== undefined, 5_000);
    expect([seen, statusOf(poison), statusOf(behind)]).toEqual([[['', 'other']], undefined, undefined]);
    await rig.until(() => behind.outcome !== undefined && poison.outcome !== undefined);
    expect([statusOf(poison), seen[1]]).toEqual(['rejected', ['bulk', 'behind']]);
  });

  it('of a higher priority go first, whatever waits in others', async () => {
    const channel = await rig.open({ lanes: { alarms: { priority: 1 }, idle: { priority: -1 } } });
    for (let index = 0; index < 50; index++) channel.send('a', index, { lane: 'idle' });
    for (let index = 0; index < 50; index++) channel.send('a', index);
    await rig.runtime.advance(10);
    channel.send('a', 'alarm', { lane: 'alarms' });
    await rig.runtime.advance(10);
    await rig.startAgent();
    await rig.until(() => channel.stats().outboxMessages === 0);
    const order = rig.frames.flatMap((frame) => (frame.type === 'data' ? [frame.lane] : []));
    expect([...new Set(order)]).toEqual(['alarms', '', 'idle']);
  });

  it('are known by name in the stats, each with its own numbers, also after a restart', async () => {
    const store = new StoreUnderTest();
    const first = await rig.open({ store });
    for (let index = 0; index < 3; index++) first.send('a', index, { lane: 'bulk' });
    const alarm = first.send('a', 0, { lane: 'alarms' });
    expect(alarm.id).toMatch(/^[0-9a-f]{16}-alarms-1$/);
    await first.close();
    const second = await rig.open({ store });
    expect([...second.stats().lanes].sort((a, b) => a.lane.localeCompare(b.lane))).toEqual([
      { lane: 'alarms', nextSequence: 2, messages: 1 },
      { lane: 'bulk', nextSequence: 4, messages: 3 },
    ]);
    await rig.startAgent();
    await rig.until(() => second.stats().outboxMessages === 0);
    expect(rig.handled).toHaveLength(4);
  });

  it('can have any name, and at most 256 of them', async () => {
    await rig.startAgent();
    const channel = await rig.open();
    const names = [
      'a/b',
      'a%2Fb',
      '../up',
      'ünïcode 🙂',
      ...Array.from({ length: 252 }, (_, index) => `lane ${index}`),
    ];
    for (const lane of names) channel.send('a', lane, { lane });
    let code: string | undefined;
    try {
      channel.send('a', 1, { lane: 'one too many' });
    } catch (error) {
      code = isHoldfastError(error) ? error.code : String(error);
    }
    expect([code, channel.stats().acceptedMessages]).toEqual(['TOO_MANY_LANES', 256]);
    await rig.until(() => channel.stats().outboxMessages === 0);
    expect(new Set(rig.handled)).toEqual(new Set(names));
    expect(channel.send('a', 1, { lane: 'a/b' }).id).toMatch(/-a\/b-2$/);
  });
});

describe('importance', () => {
  async function openChannel(store = new StoreUnderTest()) {
    await rig.startAgent();
    const channel = await rig.open({ store });
    await rig.until(() => channel.stats().state === 'open');
    return { channel, store };
  }

  it('high and low cost no commit of the message when it can go out and is acknowledged', async () => {
    const { channel, store } = await openChannel();
    // The numbers that they may use are reserved with the first one.
    await rig.until(() => channel.send('a', 0, { importance: 'high' }) && channel.stats().state === 'open');
    await rig.until(() => channel.stats().outboxMessages === 0);
    await rig.runtime.advance(10_000);
    const before = store.commitCount;
    const deliveries = (['high', 'low'] as const).map((importance) => channel.send('a', importance, { importance }));
    await rig.until(() => channel.stats().outboxMessages === 0);
    expect(deliveries.map(({ outcome }) => outcome)).toEqual([{ status: 'acknowledged' }, { status: 'acknowledged' }]);
    // Safe all the same: the agent has handled them.
    await Promise.all(deliveries.map(({ stored }) => stored));
    expect(store.commitCount).toBe(before);
  });

  it('high is stored when it can not go out, and survives a restart', async () => {
    const store = new StoreUnderTest();
    const first = await rig.open({ store });
    const delivery = first.send('a', 1, { importance: 'high' });
    await delivery.stored;
    await first.close();
    await rig.startAgent();
    const second = await rig.open({ store });
    await rig.until(() => second.stats().outboxMessages === 0);
    expect(rig.handled).toEqual([1]);
  });

  it('high is stored when its attempt fails: not before, and `stored` says so', async () => {
    const { channel } = await openChannel();
    rig.handle = () => new Promise(() => {});
    const delivery = channel.send('a', 1, { importance: 'high' });
    let isStored = false;
    void delivery.stored.then(() => {
      isStored = true;
    });
    await rig.runtime.advance(500);
    expect([isStored, rig.handled]).toEqual([false, [1]]);
    rig.network.setReachable(false);
    rig.network.cut();
    await rig.until(() => isStored, 5_000);
    expect(statusOf(delivery)).toBeUndefined();
  });

  it('low ends as evicted at once when it can not go out, and takes no number', async () => {
    const channel = await rig.open();
    const delivery = channel.send('a', 1, { importance: 'low' });
    expect([delivery.id, delivery.outcome]).toMatchObject([
      undefined,
      { status: 'evicted', cause: 'notSendable', attempts: 0 },
    ]);
    await expect(delivery.stored).rejects.toMatchObject({ code: 'MESSAGE_GIVEN_UP' });
    expect(channel.stats()).toMatchObject({ nextSequence: 1, evictedMessages: 1, acceptedMessages: 0 });
    expect(channel.stats().evictedBy.notSendable).toBe(1);
  });

  it('low ends as evicted when its connection is lost, having been seen perhaps', async () => {
    const { channel } = await openChannel();
    rig.handle = () => new Promise(() => {});
    const delivery = channel.send('a', 1, { importance: 'low' });
    await rig.until(() => rig.handled.length === 1);
    rig.network.cut();
    await rig.until(() => delivery.outcome !== undefined, 5_000);
    expect(delivery.outcome).toMatchObject({ status: 'evicted', cause: 'notSendable', attempts: 1 });
  });

  it('of all kinds in one lane keep their order, across cuts', async () => {
    const { channel } = await openChannel();
    const sent: Delivery[] = [];
    for (let index = 0; index < 60; index++) {
      const importance = (['critical', 'high', 'low'] as const)[index % 3] ?? 'low';
      sent.push(channel.send('a', index, { importance }));
      if (index % 20 === 19) rig.network.cut();
      await rig.runtime.advance(7);
    }
    await rig.until(() => channel.stats().outboxMessages === 0);
    const handled = rig.handled as number[];
    expect(handled).toEqual([...handled].sort((a, b) => a - b));
    expect(new Set(handled).size).toBe(handled.length);
    for (const [index, delivery] of sent.entries()) {
      if (delivery.outcome?.status === 'acknowledged') expect(handled).toContain(index);
      else expect([index % 3, delivery.outcome]).toMatchObject([2, { status: 'evicted', cause: 'notSendable' }]);
    }
  });
});

describe('a time to live', () => {
  const HOUR = 3_600_000;

  it('ends a message that waits, as expired and as a dead letter, when its time is over and not before', async () => {
    const channel = await rig.open();
    const events: ChannelEvent[] = [];
    channel.observe((event) => events.push(event));
    const short = channel.send('a', 'short', { ttlMs: HOUR });
    const long = channel.send('a', 'long');
    await rig.runtime.advance(HOUR - 1);
    expect(statusOf(short)).toBeUndefined();
    await rig.runtime.advance(1_000);
    expect([short.outcome, statusOf(long)]).toEqual([
      { status: 'expired', reason: `its time of ${HOUR} ms is over`, attempts: 0 },
      undefined,
    ]);
    expect(events.filter(({ type }) => type === 'givenUp')).toMatchObject([
      { lane: '', first: 1, last: 1, outcome: { status: 'expired' } },
    ]);
    expect(await channel.deadLetters.list()).toMatchObject([{ status: 'expired', data: 'short' }]);
    await rig.startAgent();
    await rig.until(() => channel.stats().outboxMessages === 0);
    expect(rig.handled).toEqual(['long']);
  });

  it('is told before drain says that nothing waits, and before the dead letters are read', async () => {
    await rig.startAgent();
    rig.handle = () => ({ status: 'rejected', reason: 'no good' });
    const channel = await rig.open();
    const delivery = channel.send('a', 'bad');
    let drained: boolean | undefined;
    void channel.drain().then((isEmpty) => {
      drained = isEmpty;
      expect(delivery.outcome).toMatchObject({ status: 'rejected', reason: 'no good' });
      expect(channel.stats().deadLetters).toBe(1);
    });
    await rig.until(() => drained !== undefined);
    expect(drained).toBe(true);
  });

  it('does not end what is in flight', async () => {
    await rig.startAgent();
    const gate = deferred();
    rig.handle = () => gate.promise.then(() => undefined);
    const channel = await rig.open();
    const delivery = channel.send('a', 1, { ttlMs: HOUR });
    await rig.until(() => rig.handled.length === 1);
    await rig.runtime.advance(2 * HOUR);
    expect(statusOf(delivery)).toBeUndefined();
    gate.resolve();
    await rig.until(() => delivery.outcome !== undefined);
    expect(statusOf(delivery)).toBe('acknowledged');
  });

  it('goes on across a restart, and while the program does not run', async () => {
    const store = new StoreUnderTest();
    const first = await rig.open({ store });
    first.send('a', 'short', { ttlMs: HOUR });
    first.send('a', 'long', { ttlMs: 10 * HOUR });
    await rig.runtime.advance(HOUR / 2);
    await first.close();
    await rig.runtime.advance(HOUR);
    const second = await rig.open({ store });
    await rig.startAgent();
    await rig.until(() => second.stats().expiredMessages === 1);
    await rig.until(() => second.stats().outboxMessages === 0);
    expect(rig.handled).toEqual(['long']);
  });

  it('of an earlier run waits for the agent, who may have handled the message', async () => {
    const store = new StoreUnderTest();
    const first = await rig.open({ store });
    first.send('a', 1, { ttlMs: HOUR });
    await first.close();
    const second = await rig.open({ store });
    await rig.runtime.advance(2 * HOUR);
    expect(second.stats()).toMatchObject({ expiredMessages: 0, outboxMessages: 1 });
    await rig.startAgent();
    await rig.until(() => second.stats().expiredMessages === 1);
    await rig.until(() => second.stats().outboxMessages === 0);
    expect(rig.handled).toEqual([]);
  });

  it('is not over early when the wall clock leaps from 1970 to 2026 and back', async () => {
    const store = new StoreUnderTest();
    setWallClock(10_000);
    const first = await rig.open({ store });
    const delivery = first.send('a', 1, { ttlMs: HOUR });
    await rig.runtime.advance(60_000);
    setWallClock(Date.UTC(2026, 0, 1));
    await rig.runtime.advance(60_000);
    setWallClock(0);
    await rig.runtime.advance(60_000);
    expect(statusOf(delivery)).toBeUndefined();
    await first.close();
    setWallClock(Date.UTC(2026, 0, 2));
    const second = await rig.open({ store });
    await rig.runtime.advance(HOUR / 2);
    expect(second.stats()).toMatchObject({ expiredMessages: 0, outboxMessages: 1 });
    // Not more than the time that this process has seen: what the first one has seen since its last commit is not known.
    await rig.runtime.advance(HOUR / 2 + 1_000);
    await rig.startAgent();
    await rig.until(() => second.stats().expiredMessages === 1);
    await rig.until(() => second.stats().outboxMessages === 0);
  });

  it('counts the time of a power cut when the device learns the wall clock only later', async () => {
    const store = new StoreUnderTest();
    setWallClock(Date.UTC(2026, 0, 1));
    const first = await rig.open({ store });
    first.send('a', 1, { ttlMs: HOUR });
    await rig.runtime.advance(1_000);
    await first.close();
    setWallClock(0);
    const second = await rig.open({ store });
    await rig.runtime.advance(60_000);
    expect(second.stats().expiredMessages).toBe(0);
    setWallClock(Date.UTC(2026, 0, 1, 2));
    second.send('a', 'any input lets it look at the clock');
    await rig.runtime.advance(60_000);
    await rig.startAgent();
    await rig.until(() => second.stats().expiredMessages === 1);
    await rig.until(() => second.stats().outboxMessages === 0);
    expect(rig.handled).toEqual(['any input lets it look at the clock']);
  });

  it('of the whole outbox evicts what is too old', async () => {
    const channel = await rig.open({ outboxMaxAgeMs: HOUR });
    const delivery = channel.send('a', 1);
    await rig.runtime.advance(HOUR + 1_000);
    expect(delivery.outcome).toMatchObject({ status: 'evicted', cause: 'tooOld', attempts: 0 });
    expect(channel.stats().evictedBy.tooOld).toBe(1);
    expect(channel.deadLetters.count).toBe(0);
  });
});

describe('a full outbox', () => {
  it('that waits keeps messages in memory, tells a producer, and takes them in order', async () => {
    const channel = await rig.open({ outboxMaxMessages: 2, whenFull: 'wait' });
    const sent = [1, 2, 3, 4].map((data) => channel.send('a', data));
    const stored: number[] = [];
    for (const [index, delivery] of sent.entries()) void delivery.stored.then(() => stored.push(index));
    let isReady = false;
    void channel.ready().then(() => {
      isReady = true;
    });
    await rig.runtime.advance(1_000);
    expect([stored, isReady, sent.map(statusOf)]).toEqual([
      [0, 1],
      false,
      [undefined, undefined, undefined, undefined],
    ]);
    await rig.startAgent();
    await rig.until(() => channel.stats().outboxMessages === 0);
    expect([rig.handled, stored, isReady]).toEqual([[1, 2, 3, 4], [0, 1, 2, 3], true]);
  });

  it('that waits has a limit, too', async () => {
    const channel = await rig.open({ outboxMaxMessages: 1, whenFull: 'wait' });
    const sent = Array.from({ length: 1_100 }, (_, index) => channel.send('a', index));
    const refused = sent.filter(({ outcome }) => outcome !== undefined);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]?.outcome).toMatchObject({ status: 'evicted', cause: 'outboxFull' });
    await expect(refused[0]?.stored).rejects.toMatchObject({ code: 'OUTBOX_FULL' });
  });

  it('that is closed takes what waited, and lets a producer go', async () => {
    const store = new StoreUnderTest();
    const channel = await rig.open({ store, outboxMaxMessages: 1, whenFull: 'wait' });
    const sent = [1, 2, 3].map((data) => channel.send('a', data));
    const ready = channel.ready();
    await channel.close();
    await ready;
    await Promise.all(sent.map(({ stored }) => stored));
    expect(sent.map(statusOf)).toEqual(['kept', 'kept', 'kept']);
    expect((await rig.open({ store })).stats().outboxMessages).toBe(3);
  });

  it('that evicts lets the least important go first, then the oldest, and tells each', async () => {
    const channel = await rig.open({ outboxMaxMessages: 3, whenFull: 'evict' });
    const send = async (data: string, importance: 'critical' | 'high') => {
      const delivery = channel.send('a', data, { importance });
      await rig.runtime.advance(10);
      return delivery;
    };
    const critical = await send('critical 1', 'critical');
    const high = await send('high', 'high');
    await send('critical 2', 'critical');
    expect(channel.stats().outboxMessages).toBe(3);
    await send('critical 3', 'critical');
    await rig.until(() => high.outcome !== undefined, 1_000);
    expect([high.outcome, statusOf(critical)]).toMatchObject([{ status: 'evicted', cause: 'outboxFull' }, undefined]);
    await high.stored;
    await send('critical 4', 'critical');
    await rig.until(() => critical.outcome !== undefined, 1_000);
    expect(channel.stats()).toMatchObject({ outboxMessages: 3, evictedMessages: 2 });
    await rig.startAgent();
    await rig.until(() => channel.stats().outboxMessages === 0);
    expect(rig.handled).toEqual(['critical 2', 'critical 3', 'critical 4']);
  });

  it('that evicts never lets go what is in flight', async () => {
    await rig.startAgent();
    const gate = deferred();
    rig.handle = () => gate.promise.then(() => undefined);
    const channel = await rig.open({ outboxMaxMessages: 1, whenFull: 'evict' });
    const first = channel.send('a', 1);
    await rig.until(() => rig.handled.length === 1);
    const second = channel.send('a', 2);
    expect(second.outcome).toMatchObject({ status: 'evicted', cause: 'outboxFull' });
    gate.resolve();
    await rig.until(() => first.outcome !== undefined);
    expect(statusOf(first)).toBe('acknowledged');
  });
});

describe('a coalesce key', () => {
  it('replaces what waits with the same key in its lane, and tells the older one', async () => {
    const channel = await rig.open();
    const older = channel.send('door', 'open', { coalesceKey: 'door' });
    const other = channel.send('window', 'open', { coalesceKey: 'window' });
    const elsewhere = channel.send('door', 'open', { coalesceKey: 'door', lane: 'b' });
    await rig.runtime.advance(10);
    const newer = channel.send('door', 'closed', { coalesceKey: 'door' });
    await rig.until(() => older.outcome !== undefined, 1_000);
    expect(older.outcome).toMatchObject({ status: 'evicted', cause: 'replaced', attempts: 0 });
    expect([other, elsewhere, newer].map(statusOf)).toEqual([undefined, undefined, undefined]);
    await rig.startAgent();
    await rig.until(() => channel.stats().outboxMessages === 0);
    expect(rig.handled.slice().sort()).toEqual(['closed', 'open', 'open']);
  });

  it('replaces within one turn', async () => {
    const channel = await rig.open();
    const sent = [1, 2, 3].map((data) => channel.send('a', data, { coalesceKey: 'k' }));
    await rig.runtime.advance(1_000);
    expect(sent.map(statusOf)).toEqual(['evicted', 'evicted', undefined]);
    expect(channel.stats()).toMatchObject({ outboxMessages: 1, evictedMessages: 2 });
  });

  it('leaves alone what is in flight', async () => {
    await rig.startAgent();
    const gate = deferred();
    rig.handle = () => gate.promise.then(() => undefined);
    const channel = await rig.open();
    const older = channel.send('a', 1, { coalesceKey: 'k' });
    await rig.until(() => rig.handled.length === 1);
    channel.send('a', 2, { coalesceKey: 'k' });
    gate.resolve();
    await rig.until(() => channel.stats().outboxMessages === 0);
    expect([rig.handled, statusOf(older)]).toEqual([[1, 2], 'acknowledged']);
  });
});

describe('a message that is called back', () => {
  it('is never sent, and says so; the store knows it, too', async () => {
    const store = new StoreUnderTest();
    const channel = await rig.open({ store });
    const [first, second] = [channel.send('a', 1), channel.send('a', 2)];
    await first.stored;
    expect([first.cancel(), first.cancel()]).toEqual([true, false]);
    const settled = first.settled;
    expect(first.outcome).toBeUndefined();
    // Told when the store knows it.
    await rig.until(() => first.outcome !== undefined, 1_000);
    expect((await settled).status).toBe('cancelled');
    expect(channel.stats()).toMatchObject({ cancelledMessages: 1, outboxMessages: 1 });
    await channel.close();
    expect([second.cancel(), second.outcome]).toEqual([false, { status: 'kept' }]);
    await rig.startAgent();
    const later = await rig.open({ store });
    await rig.until(() => later.stats().outboxMessages === 0);
    expect(rig.handled).toEqual([2]);
  });

  it('before it was stored rejects `stored`', async () => {
    const channel = await rig.open();
    const delivery = channel.send('a', 1);
    const { stored } = delivery;
    expect(delivery.cancel()).toBe(true);
    await rig.until(() => delivery.outcome !== undefined, 1_000);
    await expect(stored).rejects.toMatchObject({ code: 'MESSAGE_GIVEN_UP' });
    expect(await delivery.settled).toMatchObject({ status: 'cancelled', attempts: 0 });
  });

  it('stays when it is in flight or over', async () => {
    await rig.startAgent();
    const gate = deferred();
    rig.handle = () => gate.promise.then(() => undefined);
    const channel = await rig.open();
    const delivery = channel.send('a', 1);
    await rig.until(() => rig.handled.length === 1);
    expect(delivery.cancel()).toBe(false);
    gate.resolve();
    await rig.until(() => delivery.outcome !== undefined);
    expect([delivery.cancel(), statusOf(delivery)]).toEqual([false, 'acknowledged']);
  });
});

describe('answers of the handler', () => {
  it('refuse for good: the reason comes back, and what follows goes on', async () => {
    await rig.startAgent();
    rig.handle = ({ data }) => (data === 1 ? refuse('out of range') : undefined);
    const channel = await rig.open();
    const [first, second] = [channel.send('a', 1), channel.send('a', 2)];
    await rig.until(() => first.outcome !== undefined && second.outcome !== undefined);
    expect([await first.settled, await second.settled]).toEqual([
      { status: 'rejected', reason: 'out of range', attempts: 1 },
      { status: 'acknowledged' },
    ]);
    expect(channel.stats()).toMatchObject({ rejectedMessages: 1, acknowledgedMessages: 1, deadLetters: 1 });
  });

  it('ask for later: not before, and the lane waits', async () => {
    await rig.startAgent();
    const at: number[] = [];
    rig.handle = () => {
      at.push(rig.runtime.nowMs());
      return at.length === 1 ? (thrownAnswer(retryLater(120_000)) as never) : undefined;
    };
    const channel = await rig.open();
    channel.send('a', 1);
    await rig.until(() => channel.stats().outboxMessages === 0);
    expect((at[1] as number) - (at[0] as number)).toBeGreaterThanOrEqual(120_000);
  });

  it('use up the attempts that one message may have, before those of the channel', async () => {
    await rig.startAgent();
    rig.handle = again;
    const channel = await rig.open({ maxAttempts: 10, retryBackoff: { minMs: 1, maxMs: 10 } });
    const few = channel.send('a', 'few', { maxAttempts: 2 });
    const many = channel.send('a', 'many', { lane: 'b' });
    await rig.until(() => few.outcome !== undefined && many.outcome !== undefined);
    expect([few.outcome, many.outcome]).toMatchObject([
      { status: 'rejected', attempts: 2 },
      { status: 'rejected', attempts: 10 },
    ]);
    expect(rig.handled.filter((data) => data === 'few')).toHaveLength(2);
  });

  it('count across restarts of the device', async () => {
    await rig.startAgent();
    rig.handle = again;
    const store = new StoreUnderTest();
    const options = { store, maxAttempts: 6, retryBackoff: { minMs: 1_000, maxMs: 1_000 } };
    for (let life = 0; life < 6; life++) {
      const channel = await rig.open(options);
      if (life === 0) channel.send('a', 'poison');
      await rig.runtime.advance(1_500);
      await channel.close();
    }
    const last = await rig.open(options);
    await rig.until(() => last.stats().outboxMessages === 0);
    expect(await last.deadLetters.list()).toMatchObject([{ status: 'rejected', data: 'poison', attempts: 6 }]);
    expect(rig.handled.length).toBeLessThanOrEqual(8);
  });

  it('do not count what the link has swallowed', async () => {
    await rig.startAgent();
    rig.handle = () => new Promise((resolve) => rig.runtime.setTimer(400, () => resolve(undefined)));
    const channel = await rig.open({ maxAttempts: 1 });
    const delivery = channel.send('a', 1);
    for (let cut = 0; cut < 10; cut++) {
      await rig.runtime.advance(100);
      rig.network.cut();
    }
    await rig.until(() => delivery.outcome !== undefined);
    expect(statusOf(delivery)).toBe('acknowledged');
  });
});

describe('headers', () => {
  it('come with the message, also from the store', async () => {
    const store = new StoreUnderTest();
    const first = await rig.open({ store });
    first.send('a', 1, { headers: { traceparent: '00-abc', plain: '' } });
    first.send('a', 2);
    await first.close();
    await rig.startAgent();
    const headers: unknown[] = [];
    rig.handle = (message) => {
      headers.push(message.headers);
      return undefined;
    };
    const second = await rig.open({ store });
    await rig.until(() => second.stats().outboxMessages === 0);
    expect(headers).toEqual([{ traceparent: '00-abc', plain: '' }, {}]);
  });
});

describe('a sending half that is closed', () => {
  it('leaves no timer, although messages with a time to live and retries wait', async () => {
    await rig.startAgent();
    rig.handle = again;
    const transport = rig.transport();
    const channel = await rig.open({ transport, store: new StoreUnderTest() });
    channel.send('a', 1, { ttlMs: 3_600_000 });
    channel.send('b', 1, { importance: 'high', lane: 'b' });
    await rig.runtime.advance(5_000);
    await channel.close();
    await transport.disconnect();
    await rig.runtime.advance(60_000);
    expect(rig.runtime.pendingTimers).toBe(0);
  });

  it('refuses dead letters to be replayed or discarded, instead of waiting for ever', async () => {
    await rig.startAgent();
    rig.handle = () => refuse('no');
    const channel = await rig.open({ store: new StoreUnderTest() });
    channel.send('a', 1);
    await rig.until(() => channel.deadLetters.count === 1);
    await rig.runtime.advance(1_000);
    await channel.close();
    await expect(channel.deadLetters.discard(1)).rejects.toMatchObject({ code: 'CHANNEL_CLOSED' });
    await expect(channel.deadLetters.replay(1)).rejects.toThrow();
  });
});
