// What other messengers lose when a connection or the other end goes away, sent through this channel. The number in a title
// is that of the experiment in which a peer failed: published while the server was down, during the replay of a store, into a
// black hole, and through restarts of the server.

import { expect, test } from 'vitest';
import { Setting } from './setting.js';

const OUTAGE_MS = 5_000;

async function until(condition: () => boolean): Promise<void> {
  await expect.poll(condition, { interval: 5 }).toBe(true);
}

test('E1 ten messages sent while the agent is down for five seconds are all handled, once', async () => {
  const setting = await Setting.create();
  await setting.startAgent();
  await setting.startDevice();
  await setting.send({ first: 1, count: 1 });
  await setting.drain();

  await setting.stopAgent();
  await setting.proxy.refuse(true);
  const begin = performance.now();
  await setting.send({ first: 2, count: 10 });
  await setting.said('link', ({ connectFailed }) => connectFailed >= 5 && performance.now() - begin >= OUTAGE_MS);
  expect((await setting.report()).stats.outboxMessages).toBe(10);

  await setting.proxy.refuse(false);
  await setting.startAgent();
  await setting.settle();
  expect(setting.calls).toBe('1-11');
  expect(setting.handled).toBe('1-11');
  expect((await setting.report()).endings).toEqual({ acknowledged: '1-11' });
});

test('E6 what is sent while a store is replayed survives two more losses of the link', async () => {
  const setting = await Setting.create();
  await setting.startDevice();
  await setting.send({ first: 1, count: 2_000, bytes: 200 });
  await setting.closeDevice();

  setting.proxy.bandwidth(250_000);
  await setting.startAgent();
  await setting.startDevice();
  await until(() => setting.handledCount > 200);
  setting.begin({ type: 'send', first: 2_001, count: 500, bytes: 200 });
  setting.proxy.cut();
  await setting.said('sent');
  await until(() => setting.handledCount > 1_000);
  expect(setting.handledCount).toBeLessThan(2_000);
  setting.proxy.cut();
  setting.proxy.bandwidth(undefined);

  await setting.settle();
  await setting.drain();
  expect(setting.calls).toBe('1-2500');
  const { endings, stats } = await setting.report();
  expect(endings).toEqual({ acknowledged: '2001-2500' });
  expect(stats).toMatchObject({ outboxMessages: 0, acknowledgedMessages: 2_500 });
});

test('E9 five messages sent into a black hole, then cut off, are all handled, once', async () => {
  const setting = await Setting.create();
  await setting.startAgent();
  await setting.startDevice();
  await setting.send({ first: 1, count: 1 });
  await setting.drain();

  setting.proxy.blackHole(true);
  await setting.send({ first: 2, count: 5 });
  await until(() => setting.proxy.stats().toTarget.discardedBytes > 0);
  expect((await setting.report()).endings).toEqual({ acknowledged: '1' });
  setting.proxy.blackHole(false);
  setting.proxy.cut();

  await setting.settle();
  expect(setting.calls).toBe('1-6');
  expect((await setting.report()).endings).toEqual({ acknowledged: '1-6' });
});

test('E14 through four restarts of the agent 6,000 messages are handled in order, none twice', async () => {
  const setting = await Setting.create();
  await setting.startAgent();
  await setting.startDevice();
  setting.begin({ type: 'send', first: 1, count: 6_000, burst: 50 });
  for (const mark of [500, 1_000, 1_500, 2_000]) {
    await until(() => setting.handledCount >= mark);
    await setting.stopAgent();
    expect(setting.handledCount).toBeLessThan(6_000);
    await setting.startAgent();
  }
  await setting.said('sent');
  await setting.settle();
  expect(setting.calls).toBe('1-6000');
  expect(setting.handled).toBe('1-6000');
  expect((await setting.report()).endings).toEqual({ acknowledged: '1-6000' });
});
