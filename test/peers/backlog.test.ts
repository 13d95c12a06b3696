// What a backlog does to other messengers: memory without a bound, and messages that overwrite each other. The number in a
// title is that of the experiment in which a peer failed. What the device's process holds is printed with `--reporter=verbose`.

import { expect, type TestContext, test } from 'vitest';
import { type Sends, Setting } from './setting.js';

const MEBIBYTE = 1024 * 1024;

/**
 * Sends messages while no agent is there. Returns by how much the process grew with the second half of them, in bytes: with the
 * first the heap grows to its size, whatever becomes of them.
 */
async function sendOffline(
  setting: Setting,
  { annotate }: TestContext,
  { count, ...what }: Pick<Sends, 'count' | 'bytes'>,
): Promise<number> {
  const half = count / 2;
  const sizes = [(await setting.report()).memoryBytes];
  for (const first of [1, half + 1]) {
    await setting.send({ first, count: half, ...what, isWatched: false });
    sizes.push((await setting.report()).memoryBytes);
  }
  const [none, some, all] = sizes.map((size) => `${(size / MEBIBYTE).toFixed(1)} MiB`);
  await annotate(
    `memory of the device's process: ${none} at first, ${some} with ${half} messages, ${all} with ${count}`,
  );
  return (sizes[2] as number) - (sizes[1] as number);
}

test('E2 100,000 messages of a kilobyte wait on disk, not in memory', async (context) => {
  const setting = await Setting.create();
  await setting.startDevice();
  expect(await sendOffline(setting, context, { count: 100_000, bytes: 1_000 })).toBeLessThan(40 * MEBIBYTE);
  expect((await setting.report()).stats).toMatchObject({ outboxMessages: 100_000, evictedMessages: 0 });

  await setting.startAgent();
  await setting.drain();
  expect(setting.handled).toBe('1-100000');
  expect(setting.calls).toBe('1-100000');
});

test('E3 of 70,000 messages sent offline none takes the place of another', async () => {
  const setting = await Setting.create();
  await setting.startDevice();
  await setting.send({ first: 1, count: 70_000 });
  await setting.startAgent();
  await setting.settle();
  expect(setting.handled).toBe('1-70000');
  expect(setting.handledIdCount).toBe(70_000);
  expect((await setting.report()).endings).toEqual({ acknowledged: '1-70000' });
});

test('E4 200,000 small messages wait on disk, and none of them is lost', async (context) => {
  const setting = await Setting.create();
  await setting.startDevice();
  expect(await sendOffline(setting, context, { count: 200_000 })).toBeLessThan(40 * MEBIBYTE);
  expect((await setting.report()).stats).toMatchObject({ outboxMessages: 200_000, evictedMessages: 0 });

  await setting.startAgent();
  await setting.drain();
  expect(setting.handled).toBe('1-200000');
  expect(setting.calls).toBe('1-200000');
});
