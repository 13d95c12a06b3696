// Messages whose time is over. The number in a title is that of the experiment in which a peer sent them anyway, or kept them.

import { lmdbStore } from '@holdfast/reliable-channel/lmdb';
import { expect, test } from 'vitest';
import { Setting } from './setting.js';

/** How long the link stays away; three times what a message has. */
const OFFLINE_MS = 3_000;
const DAY_MS = 86_400_000;

test('E5 a message that may wait for a second, and waits for three, ends as expired and is never handled', async () => {
  const setting = await Setting.create();
  await setting.startDevice();
  const begin = performance.now();
  await setting.send({ first: 1, count: 1, options: { ttlMs: 1_000 } });
  await setting.settle();
  // It is told when the time is over, not when the link is back.
  expect((await setting.report()).endings).toEqual({ expired: '1' });

  await setting.send({ first: 2, count: 1, options: { ttlMs: 60_000 } });
  await setting.said('link', () => performance.now() - begin >= OFFLINE_MS);
  await setting.startAgent();
  await setting.settle();
  expect(setting.calls).toBe('2');
  expect((await setting.report()).endings).toEqual({ expired: '1', acknowledged: '2' });
});

test('E5 the time of a message runs on while the device is off', async () => {
  const setting = await Setting.create();
  await setting.startDevice();
  await setting.send({ first: 1, count: 1, options: { ttlMs: DAY_MS } });
  await setting.send({ first: 2, count: 1, options: { ttlMs: 7 * DAY_MS } });
  await setting.closeDevice();
  await setting.startAgent();
  // By the clock on its wall it was off for two days.
  await setting.startDevice({ wallClockAheadMs: 2 * DAY_MS });
  await setting.drain();
  expect(setting.calls).toBe('2');
  // It is told when it is written down, which may be a moment after the outbox is empty.
  await expect.poll(async () => (await setting.report()).stats.expiredMessages).toBe(1);
  expect((await setting.report()).stats.acknowledgedMessages).toBe(1);
});

test.each([
  ['is back in 1970', -Date.now()],
  ['is ten years ahead', 10 * 365 * DAY_MS],
])('E5 no message expires early because the wall clock %s after a restart', async (_, wallClockAheadMs) => {
  const setting = await Setting.create();
  await setting.startDevice();
  await setting.send({ first: 1, count: 1, options: { ttlMs: DAY_MS } });
  await setting.closeDevice();
  await setting.startDevice({ wallClockAheadMs });
  await setting.startAgent();
  await setting.drain();
  expect(setting.calls).toBe('1');
  expect((await setting.report()).stats).toMatchObject({ expiredMessages: 0, acknowledgedMessages: 1 });
});

test('E12 a thousand messages that expired offline leave nothing behind, in memory or on disk', async () => {
  const setting = await Setting.create();
  await setting.startDevice({ channel: { deadLettersMaxMessages: 0 } });
  await setting.send({ first: 1, count: 1_000, options: { ttlMs: 1_500 } });
  await setting.settle();
  const { stats, endings } = await setting.report();
  expect(endings).toEqual({ expired: '1-1000' });
  expect(stats).toMatchObject({ outboxMessages: 0, outboxBytes: 0, deadLetters: 0, expiredMessages: 1_000 });

  await setting.startAgent();
  await setting.send({ first: 1_001, count: 1 });
  await setting.drain();
  expect(setting.calls).toBe('1001');
  await setting.closeDevice();
  expect(await messageRecords(setting.outboxFolder)).toEqual([]);
});

test('E12 where dead letters are kept, so many are kept as was chosen', async () => {
  const setting = await Setting.create();
  await setting.startDevice({ channel: { deadLettersMaxMessages: 100 } });
  await setting.send({ first: 1, count: 1_000, options: { ttlMs: 1_500 } });
  await setting.settle();
  const { stats } = await setting.report();
  expect(stats).toMatchObject({ outboxMessages: 0, deadLetters: 100, droppedDeadLetters: 900 });
  await setting.closeDevice();
  expect(await messageRecords(setting.outboxFolder)).toHaveLength(100);
});

/** The keys of the records that hold messages, waiting ones and dead letters. */
async function messageRecords(folder: string): Promise<string[]> {
  const store = await lmdbStore(folder).open();
  const entries = await store.read({ from: 'outbox/', to: 'outbox0', maxBytes: Number.MAX_SAFE_INTEGER });
  await store.close();
  expect(entries.length).toBeGreaterThan(0);
  return entries.map(({ key }) => key).filter((key) => /\/(batch|dead)\/.*[0-9a-f]{14}$/.test(key));
}
