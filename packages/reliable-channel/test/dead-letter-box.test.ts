import { beforeEach, describe, expect, it } from 'vitest';
import { reject } from '../src/handler-answers.js';
import { type HandlingResult, type ReliableChannel, type ReliableChannelOptions, thrownAnswer } from '../src/index.js';
import { ChannelRig, StoreUnderTest } from './support/channel-rig.js';

const REFUSED = thrownAnswer(reject('no such account')) as HandlingResult;
const FULL_DISK = new Error('the disk is full');

let rig: ChannelRig;
let store: StoreUnderTest;

beforeEach(async () => {
  rig = new ChannelRig();
  store = new StoreUnderTest();
  await rig.startAgent();
  rig.handle = () => REFUSED;
});

/** A channel whose messages 1 to `count` are dead. */
async function withDeadLetters(count: number, options: Partial<ReliableChannelOptions> = {}): Promise<ReliableChannel> {
  const channel = await rig.open({ store, ...options });
  for (let index = 1; index <= count; index++) channel.send('pay', { index });
  await rig.until(() => channel.stats().rejectedMessages === count);
  return channel;
}

/** Moves time on until the promise has settled. */
async function soon<T>(promise: Promise<T>): Promise<T> {
  let isSettled = false;
  const settle = (): void => {
    isSettled = true;
  };
  promise.then(settle, settle);
  await rig.until(() => isSettled);
  return promise;
}

describe('dead letters', () => {
  it('hold the message, why it was given up, and when', async () => {
    const channel = await rig.open({ store });
    const startedAtMs = rig.runtime.wallClockMs();
    const headers = { traceparent: '00-1' };
    channel.send('pay', { euros: 5, bytes: Uint8Array.of(1) }, { lane: 'money', headers });
    await rig.until(() => channel.stats().rejectedMessages === 1);
    const [letter] = await channel.deadLetters.list();
    expect(letter).toEqual({
      id: 1,
      status: 'rejected',
      reason: 'no such account',
      lane: 'money',
      sequence: 1,
      name: 'pay',
      data: { euros: 5, bytes: Uint8Array.of(1) },
      headers,
      attempts: 1,
      acceptedAtMs: startedAtMs,
      diedAtMs: expect.any(Number),
    });
    expect((letter?.diedAtMs as number) - startedAtMs).toBeGreaterThan(0);
    expect(await channel.deadLetters.get(1)).toEqual(letter);
    expect(await channel.deadLetters.get(2)).toBeUndefined();
  });

  it('are there after a restart, and keep their ids', async () => {
    await (await withDeadLetters(3)).close();
    const channel = await rig.open({ store });
    expect(channel.stats()).toMatchObject({ deadLetters: 3, outboxMessages: 0 });
    expect((await channel.deadLetters.list()).map(({ id, data }) => [id, data])).toEqual([
      [1, { index: 1 }],
      [2, { index: 2 }],
      [3, { index: 3 }],
    ]);
    channel.send('pay', { index: 4 });
    await rig.until(() => channel.stats().rejectedMessages === 1);
    expect((await channel.deadLetters.list()).map(({ id }) => id)).toEqual([1, 2, 3, 4]);
  });

  it('are listed in pages', async () => {
    const { deadLetters } = await withDeadLetters(5);
    const idsOf = async (page: { after?: number; limit?: number }) =>
      (await deadLetters.list(page)).map(({ id }) => id);
    expect(await idsOf({ limit: 2 })).toEqual([1, 2]);
    expect(await idsOf({ after: 2, limit: 2 })).toEqual([3, 4]);
    expect(await idsOf({ after: 4 })).toEqual([5]);
    expect(await idsOf({ after: 5 })).toEqual([]);
  });

  it('have a greatest number: the oldest make room, which is counted', async () => {
    const channel = await withDeadLetters(5, { deadLettersMaxMessages: 2 });
    expect((await channel.deadLetters.list()).map(({ id }) => id)).toEqual([4, 5]);
    expect(channel.stats()).toMatchObject({ deadLetters: 2, droppedDeadLetters: 3 });
    await channel.close();
    expect((await rig.open({ store })).deadLetters.count).toBe(2);
  });

  it('have a greatest size', async () => {
    const channel = await rig.open({ store, deadLettersMaxBytes: 2_500 });
    for (let index = 0; index < 3; index++) channel.send('pay', 'x'.repeat(1_000));
    await rig.until(() => channel.stats().rejectedMessages === 3);
    expect(channel.stats()).toMatchObject({ deadLetters: 2, droppedDeadLetters: 1 });
    expect(channel.stats().deadLetterBytes).toBeLessThanOrEqual(2_500);
  });

  it('are none when none are wanted; their outcomes are told all the same', async () => {
    const channel = await withDeadLetters(2, { deadLettersMaxMessages: 0 });
    expect([channel.deadLetters.count, await channel.deadLetters.list()]).toEqual([0, []]);
    expect(channel.stats().rejectedMessages).toBe(2);
  });
});

describe('a dead letter that is sent again', () => {
  it('is a new message, handled once, and leaves the box', async () => {
    const channel = await withDeadLetters(2);
    rig.handle = () => ({ status: 'replied', reply: 'paid' });
    rig.handled.length = 0;
    const delivery = await soon(channel.deadLetters.replay(1));
    await rig.until(() => delivery.outcome !== undefined);
    expect([delivery.outcome, rig.handled]).toEqual([{ status: 'acknowledged', reply: 'paid' }, [{ index: 1 }]]);
    expect((await channel.deadLetters.list()).map(({ id }) => id)).toEqual([2]);
    await channel.close();
    expect((await rig.open({ store })).deadLetters.count).toBe(1);
  });

  it('keeps its lane and headers', async () => {
    const channel = await rig.open({ store });
    channel.send('pay', 1, { lane: 'money', headers: { a: 'b' } });
    await rig.until(() => channel.stats().rejectedMessages === 1);
    const seen: unknown[] = [];
    rig.handle = ({ lane, headers }) => {
      seen.push([lane, headers]);
      return undefined;
    };
    await soon(channel.deadLetters.replay(1));
    await rig.until(() => seen.length === 1);
    expect(seen).toEqual([['money', { a: 'b' }]]);
  });

  it('may die again, under a new id', async () => {
    const channel = await withDeadLetters(1);
    await soon(channel.deadLetters.replay(1));
    await rig.until(() => channel.deadLetters.count === 1 && channel.stats().rejectedMessages === 2);
    expect((await channel.deadLetters.list()).map(({ id, data }) => [id, data])).toEqual([[2, { index: 1 }]]);
  });

  it('is sent once, however many ask for it at a time', async () => {
    const channel = await withDeadLetters(1);
    rig.handle = () => undefined;
    rig.handled.length = 0;
    const asked = [channel.deadLetters.replay(1), channel.deadLetters.replay(1)];
    await soon(Promise.allSettled(asked));
    await rig.until(() => channel.stats().outboxMessages === 0);
    await expect(asked[1]).rejects.toMatchObject({ code: 'DEAD_LETTER_UNKNOWN' });
    expect(rig.handled).toEqual([{ index: 1 }]);
  });

  it('stays in the box when the store does not take the new message', async () => {
    const channel = await withDeadLetters(1);
    await rig.runtime.advance(1_000);
    store.commitError = FULL_DISK;
    await expect(soon(channel.deadLetters.replay(1))).rejects.toMatchObject({ code: 'STORE_FAILED' });
    store.commitError = undefined;
    rig.handle = () => undefined;
    await rig.runtime.advance(60_000);
    expect(channel.deadLetters.count).toBe(1);
    await soon(channel.deadLetters.replay(1));
    await rig.until(() => channel.stats().outboxMessages === 0);
    expect(channel.deadLetters.count).toBe(0);
  });

  it('must exist', async () => {
    const channel = await withDeadLetters(1);
    await expect(channel.deadLetters.replay(9)).rejects.toMatchObject({ code: 'DEAD_LETTER_UNKNOWN' });
  });
});

describe('a dead letter that is discarded', () => {
  it('is gone, also after a restart', async () => {
    const channel = await withDeadLetters(2);
    expect(await soon(channel.deadLetters.discard(1))).toBe(true);
    expect(await channel.deadLetters.discard(1)).toBe(false);
    await channel.close();
    const later = await rig.open({ store });
    expect((await later.deadLetters.list()).map(({ id }) => id)).toEqual([2]);
  });

  it('rejects when the channel is closed before the store has let it go', async () => {
    const channel = await withDeadLetters(1);
    await rig.runtime.advance(1_000);
    store.commitError = FULL_DISK;
    const discarded = channel.deadLetters.discard(1);
    await rig.runtime.advance(1_000);
    await channel.close();
    await expect(discarded).rejects.toMatchObject({ code: 'CHANNEL_CLOSED' });
    store.commitError = undefined;
    expect((await rig.open({ store })).deadLetters.count).toBe(1);
  });
});
