// Limits that other messengers do not have, or do not tell of. The number in a title is that of the experiment in which a peer
// queued without end, or took what it could not send.

import { expect, test } from 'vitest';
import { Setting } from './setting.js';

const MEBIBYTE = 1024 * 1024;

test('E10 an outbox of 10,000 refuses the other 90,000 at once and by name', async () => {
  const setting = await Setting.create();
  await setting.startDevice({ channel: { outboxMaxMessages: 10_000 } });
  await setting.send({ first: 1, count: 100_000 });
  const full = await setting.report();
  expect(full.stats).toMatchObject({ outboxMessages: 10_000, evictedMessages: 90_000 });
  expect(full.endings).toEqual({ 'evicted outboxFull': '10001-100000' });
  expect(full.notStored).toBe('10001-100000');

  await setting.startAgent();
  await setting.settle();
  expect((await setting.report()).endings.acknowledged).toBe('1-10000');
  expect(setting.handled).toBe('1-10000');
});

test('E10 an outbox is as bounded in bytes', async () => {
  const setting = await Setting.create();
  await setting.startDevice({ channel: { outboxMaxBytes: MEBIBYTE } });
  await setting.send({ first: 1, count: 5_000, bytes: 1_000 });
  const { stats, endings } = await setting.report();
  expect(stats.outboxBytes).toBeLessThanOrEqual(MEBIBYTE);
  expect(stats.outboxBytes).toBeGreaterThan(MEBIBYTE - 1_100);
  expect(endings).toEqual({ 'evicted outboxFull': `${stats.outboxMessages + 1}-5000` });

  await setting.startAgent();
  await setting.settle();
  expect(setting.handled).toBe(`1-${stats.outboxMessages}`);
});

test('E11 an outbox of 10,000 keeps the newest of 200,000 where that was chosen', async () => {
  const setting = await Setting.create();
  await setting.startDevice({ channel: { outboxMaxMessages: 10_000, whenFull: 'evict' } });
  await setting.send({ first: 1, count: 200_000 });
  const full = await setting.report();
  expect(full.stats).toMatchObject({ outboxMessages: 10_000, evictedMessages: 190_000 });
  expect(full.endings).toEqual({ 'evicted outboxFull': '1-190000' });

  await setting.startAgent();
  await setting.settle();
  expect((await setting.report()).endings.acknowledged).toBe('190001-200000');
  expect(setting.handled).toBe('190001-200000');
});

test('E13 while the link is connecting, messages are taken up to the limit and then refused', async () => {
  const setting = await Setting.create();
  setting.proxy.blackHole(true);
  await setting.startDevice({ channel: { outboxMaxMessages: 500 } });
  await setting.send({ first: 1, count: 1_000 });
  const waiting = await setting.report();
  expect(waiting.stats).toMatchObject({ outboxMessages: 500, acceptedMessages: 500 });
  expect(waiting.endings).toEqual({ 'evicted outboxFull': '501-1000' });
  expect(waiting.notStored).toBe('501-1000');

  await setting.startAgent();
  setting.proxy.blackHole(false);
  setting.proxy.cut();
  await setting.settle();
  expect((await setting.report()).endings.acknowledged).toBe('1-500');
  expect(setting.handled).toBe('1-500');
});

test('E13 while the link is connecting, a producer that asks for room is held, and loses nothing', async () => {
  const setting = await Setting.create();
  setting.proxy.blackHole(true);
  await setting.startDevice({ channel: { outboxMaxMessages: 100, whenFull: 'wait' } });
  setting.begin({ type: 'produce', first: 1, count: 1_000 });
  await expect.poll(async () => (await setting.report()).stats.outboxMessages).toBe(100);
  expect((await setting.report()).stats).toMatchObject({ acceptedMessages: 100, outboxMessages: 100 });

  await setting.startAgent();
  setting.proxy.blackHole(false);
  setting.proxy.cut();
  await setting.said('producedAll');
  await setting.settle();
  expect((await setting.report()).endings).toEqual({ acknowledged: '1-1000' });
  expect(setting.handled).toBe('1-1000');
});
