import { beforeEach, describe, expect, it } from 'vitest';
import {
  openStoredOutbox,
  type Store,
  type StoredOutbox,
  type StoreFactory,
  type WaitingMessage,
} from '../src/index.js';
import { memoryStore } from '../src/stores/memory.js';
import { ChannelRig, StoreUnderTest } from './support/channel-rig.js';

let rig: ChannelRig;
let store: StoreFactory;

beforeEach(() => {
  rig = new ChannelRig();
  store = memoryStore();
});

/** Runs a program whose messages named `bad` are refused for good; leaves what it sends while `isAway` in the outbox. */
async function leaveBehind(): Promise<void> {
  rig.handle = ({ name }) => (name === 'bad' ? { status: 'rejected', reason: 'no good' } : undefined);
  await rig.startAgent();
  const channel = await rig.open({ store });
  for (const value of [1, 2]) channel.send('bad', { value }, { lane: 'alarms', headers: { from: 'test' } });
  channel.send('good', null);
  await rig.until(() => channel.stats().outboxMessages === 0);
  await rig.stopAgent();
  for (const value of [3, 4, 5]) channel.send('reading', { value });
  channel.send('door', true, { lane: 'alarms', headers: { from: 'test' } });
  await rig.runtime.advance(5_000);
  await closed(channel);
}

/** A store whose commits fail after so many. */
class FailingStore extends StoreUnderTest {
  failAfter = Number.POSITIVE_INFINITY;

  override async open(): Promise<Store> {
    const inner = await super.open();
    return {
      ...inner,
      commit: async (operations) => {
        if (this.commitCount >= this.failAfter) throw new Error('the disk is full');
        await inner.commit(operations);
      },
    };
  }
}

async function closed(open: { close(): Promise<void> }): Promise<void> {
  let isClosed = false;
  void open.close().then(() => {
    isClosed = true;
  });
  await rig.until(() => isClosed);
}

function open(): Promise<StoredOutbox> {
  return openStoredOutbox({ store, runtime: rig.runtime });
}

async function waitingIn(outbox: StoredOutbox, lane = ''): Promise<WaitingMessage[]> {
  const messages: WaitingMessage[] = [];
  for await (const piece of outbox.waiting(lane)) messages.push(...piece);
  return messages;
}

/** Waits in virtual time. */
async function done<Value>(promise: Promise<Value>): Promise<Value> {
  let isDone = false;
  const end = (): void => {
    isDone = true;
  };
  promise.then(end, end);
  await rig.until(() => isDone);
  return promise;
}

describe('a stored outbox', () => {
  it('says what waits, lane by lane, and for how long', async () => {
    await leaveBehind();
    await rig.runtime.advance(60_000);
    const outbox = await open();
    const [first, alarms] = await outbox.lanes();
    expect(first).toMatchObject({ lane: '', messages: 3, bytes: 3 * 18 });
    expect(alarms).toMatchObject({ lane: 'alarms', messages: 1 });
    expect(first?.oldestAgeMs).toBeGreaterThanOrEqual(65_000);
    expect(first?.oldestAgeMs).toBeLessThan(66_000);
    expect(await waitingIn(outbox)).toEqual(
      [2, 3, 4].map((sequence) => ({
        id: `${outbox.epoch}--${sequence}`,
        lane: '',
        sequence,
        name: 'reading',
        headers: {},
        importance: 'critical',
        bytes: 18,
      })),
    );
    expect(await waitingIn(outbox, 'alarms')).toMatchObject([{ name: 'door', sequence: 3, headers: { from: 'test' } }]);
    expect(await waitingIn(outbox, 'nobody')).toEqual([]);
    await closed(outbox);
  });

  it('puts a dead letter back, and it goes out with the next program', async () => {
    await leaveBehind();
    const outbox = await open();
    expect(await outbox.deadLetters.list()).toMatchObject([
      { id: 1, status: 'rejected', reason: 'no good', lane: 'alarms', name: 'bad', data: { value: 1 } },
      { id: 2, data: { value: 2 } },
    ]);
    const delivery = await done(outbox.deadLetters.replay(1));
    expect(outbox.deadLetters.count).toBe(1);
    expect((await waitingIn(outbox, 'alarms')).map(({ id }) => id)).toContain(delivery.id);
    await closed(outbox);

    rig.handle = () => undefined;
    rig.handled.length = 0;
    await rig.startAgent();
    const channel = await rig.open({ store });
    await rig.until(() => channel.stats().outboxMessages === 0);
    expect(rig.handled).toEqual(expect.arrayContaining([{ value: 1 }, { value: 3 }, { value: 4 }, { value: 5 }, true]));
    expect(rig.handled).toHaveLength(5);
    expect(channel.stats().deadLetters).toBe(1);
    await closed(channel);
  });

  it('puts several back in their order', async () => {
    await leaveBehind();
    const outbox = await open();
    await done(Promise.all([1, 2].map((id) => outbox.deadLetters.replay(id))));
    expect(outbox.deadLetters.count).toBe(0);
    expect((await waitingIn(outbox, 'alarms')).map(({ name, sequence }) => [name, sequence])).toEqual([
      ['door', 3],
      ['bad', 4],
      ['bad', 5],
    ]);
    await closed(outbox);
  });

  it.each([0, 1, 2])('loses nothing when the store fails after %i commits of a replay', async (commits) => {
    const failing = new FailingStore();
    store = failing;
    await leaveBehind();
    const outbox = await open();
    failing.failAfter = failing.commitCount + commits;
    outbox.deadLetters.replay(1).catch(() => undefined);
    await rig.runtime.advance(1_000);
    await closed(outbox);
    failing.failAfter = Number.POSITIVE_INFINITY;

    const again = await open();
    const letters = (await again.deadLetters.list()).map(({ data }) => data);
    const waiting = (await waitingIn(again, 'alarms')).filter(({ name }) => name === 'bad');
    expect(letters).toContainEqual({ value: 2 });
    const isLetter = letters.some((data) => (data as { value: number }).value === 1);
    expect([isLetter, waiting.length]).toEqual(
      [
        [true, 0],
        [true, 1],
        [false, 1],
      ][commits],
    );
    await closed(again);
  });

  it('lets a dead letter go for good', async () => {
    await leaveBehind();
    const outbox = await open();
    expect(await done(outbox.deadLetters.discard(2))).toBe(true);
    expect(await done(outbox.deadLetters.discard(2))).toBe(false);
    await closed(outbox);
    const again = await open();
    expect((await again.deadLetters.list()).map(({ id }) => id)).toEqual([1]);
    expect(again.deadLetterBytes).toBeGreaterThan(0);
    await closed(again);
  });

  it('leaves an outbox that is only looked at as it is', async () => {
    const watched = new StoreUnderTest();
    store = watched;
    await leaveBehind();
    const commitCount = watched.commitCount;
    const outbox = await open();
    await outbox.lanes();
    await waitingIn(outbox);
    await outbox.deadLetters.list();
    await closed(outbox);
    expect(watched.commitCount).toBe(commitCount);
  });

  it('drops no dead letters that its program would keep', async () => {
    await rig.startAgent();
    rig.handle = () => ({ status: 'rejected', reason: 'no good' });
    const channel = await rig.open({ store, deadLettersMaxMessages: 10_000 });
    for (let value = 0; value < 1_500; value++) channel.send('bad', value);
    await rig.until(() => channel.stats().deadLetters === 1_500);
    await rig.stopAgent();
    await closed(channel);
    const outbox = await open();
    await done(outbox.deadLetters.discard(1));
    await rig.until(() => outbox.deadLetters.count === 1_499);
    await closed(outbox);
  });

  it('names the device whose outbox an agent does not have', async () => {
    await expect(openStoredOutbox({ store, device: 'press-7', runtime: rig.runtime })).rejects.toMatchObject({
      code: 'OUTBOX_MISSING',
      message: expect.stringContaining('no outbox towards the device press-7 in memory'),
    });
  });

  it('makes no outbox where there is none, and lets the store go', async () => {
    await expect(open()).rejects.toMatchObject({ code: 'OUTBOX_MISSING' });
    const inner = await store.open();
    expect(await inner.read({ from: '', to: '~', maxBytes: 1 })).toEqual([]);
  });

  it('says that a program has the store', async () => {
    await leaveBehind();
    const channel = await rig.open({ store });
    await expect(open()).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    await closed(channel);
  });
});
