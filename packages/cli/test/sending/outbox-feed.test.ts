import { HoldfastError } from '@holdfast/protocol';
import { openReliableChannel, type ReliableChannel, type Store } from '@holdfast/reliable-channel';
import { memoryStore } from '@holdfast/reliable-channel/memory';
import { createTransport, type Link } from '@holdfast/transport';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Reading, Readings } from '../../src/readings/reading.js';
import { checkReadings, OutboxFeed, unlessAborted } from '../../src/sending/outbox-feed.js';

/** A channel whose agent never answers. */
async function lonelyChannel(changeStore: (store: Store) => Store = (store) => store): Promise<ReliableChannel> {
  const link: Link = { name: 'nowhere', writeMaxBytes: 1_024, dial: () => new Promise(() => {}) };
  const transport = createTransport({ deviceId: 'd', link });
  const { name, open } = memoryStore();
  const channel = await openReliableChannel({
    transport,
    store: { name, open: async () => changeStore(await open()) },
  });
  onTestFinished(async () => {
    await transport.disconnect();
    await channel.close();
  });
  return channel;
}

async function* readingsOf(count: number, dataOf: (index: number) => unknown, pieceSize = 1_000): Readings {
  for (let first = 0; first < count; first += pieceSize) {
    const length = Math.min(pieceSize, count - first);
    yield Array.from({ length }, (_, offset): Reading => {
      const line = 1 + 2 * (first + offset);
      return { line, lastLine: line + 1, data: dataOf(first + offset) };
    });
  }
}

const never = new AbortController().signal;

describe('an outbox feed', () => {
  it('takes everything, and knows where that ended', async () => {
    const channel = await lonelyChannel();
    const feed = new OutboxFeed(channel, 'reading');
    await feed.take(
      readingsOf(5_000, (index) => index),
      never,
    );
    expect(channel.stats().outboxMessages).toBe(5_000);
    expect([feed.takenMessages, feed.lastLine]).toEqual([5_000, 10_000]);
  });

  it.each([
    ['messages', 60_000, 1, 50_000, 51_024],
    ['bytes', 3_000, 128 * 1024, 2_040, 2_060],
  ])('waits when enough %s wait', async (_, count, bytes, atLeast, atMost) => {
    const channel = await lonelyChannel();
    const feed = new OutboxFeed(channel, 'reading');
    const abort = new AbortController();
    const data = 'x'.repeat(bytes);
    const isTaken = feed.take(
      readingsOf(count, () => data),
      abort.signal,
    );
    // It stands still when nothing is stored for a while.
    for (let before = -1; before !== feed.takenMessages || before < atLeast; ) {
      before = feed.takenMessages;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(feed.takenMessages).toBeLessThanOrEqual(atMost);
    abort.abort();
    await isTaken;
    expect(channel.stats().outboxMessages).toBe(feed.takenMessages);
  });

  it('names the line that is no message, and has what comes before it', async () => {
    const channel = await lonelyChannel();
    const feed = new OutboxFeed(channel, 'reading');
    const readings = readingsOf(5, (index) => (index === 3 ? { constructor: 1 } : index));
    await expect(feed.take(readings, never)).rejects.toMatchObject({
      line: 7,
      fault: expect.stringMatching(/constructor/),
    });
    expect([channel.stats().outboxMessages, feed.takenMessages, feed.lastLine]).toEqual([3, 3, 6]);
  });

  it('does not count what the store did not take', async () => {
    let commits = 0;
    const channel = await lonelyChannel((store) => ({
      ...store,
      isDurable: store.isDurable,
      get: (key) => store.get(key),
      read: (range) => store.read(range),
      close: () => store.close(),
      commit: async (operations) => {
        commits += 1;
        if (commits === 3) throw new Error('disk full');
        await store.commit(operations);
      },
    }));
    const feed = new OutboxFeed(channel, 'reading');
    // The first commit was that of the numbering.
    const error = await feed
      .take(
        readingsOf(3_000, (index) => index),
        never,
      )
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(HoldfastError);
    expect(error).toMatchObject({ code: 'STORE_FAILED' });
    expect([feed.takenMessages, feed.lastLine, channel.stats().outboxMessages]).toEqual([1_000, 2_000, 1_000]);
  });
});

describe('the check before sending', () => {
  it('counts', async () => {
    const seen: number[] = [];
    const count = await checkReadings(
      readingsOf(2_500, () => ({ a: 1 })),
      'reading',
      (so) => seen.push(so),
    );
    expect([count, seen]).toEqual([2_500, [1_000, 2_000, 2_500]]);
  });

  it('names the line of data that no message can have', async () => {
    const readings = readingsOf(5, (index) => (index === 2 ? 'x'.repeat(262_144) : 1));
    await expect(checkReadings(readings, 'reading', () => {})).rejects.toMatchObject({
      line: 5,
      fault: expect.stringMatching(/262144/),
    });
  });
});

describe('a wait that can be given up', () => {
  it('ends with its promise, or when it is given up', async () => {
    await unlessAborted(Promise.resolve(), never);
    await expect(unlessAborted(Promise.reject(new Error('no')), never)).rejects.toThrow('no');
    const abort = new AbortController();
    const wait = unlessAborted(new Promise(() => {}), abort.signal);
    abort.abort();
    await wait;
    await unlessAborted(Promise.reject(new Error('too late')), abort.signal);
  });
});
