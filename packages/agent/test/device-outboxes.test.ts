import { CheckedStore, GroupCommit } from '@holdfast/reliable-channel';
import { memoryStore } from '@holdfast/reliable-channel/memory';
import { createVirtualRuntime } from '@holdfast/simulator';
import { expect, it } from 'vitest';
import { DeviceOutboxes } from '../src/device-outboxes.js';

async function outboxesOf() {
  const runtime = createVirtualRuntime({ seed: 1 });
  const store = new CheckedStore(await memoryStore().open());
  const told: unknown[] = [];
  const outboxes = new DeviceOutboxes({
    runtime,
    store,
    commits: new GroupCommit(store, runtime),
    options: { outboxMaxMessages: 2 },
    emit: (device, { type }) => told.push([device, type]),
  });
  const keys = async () => (await store.read({ from: 'o', to: 'p', maxBytes: 1e6 })).map(({ key }) => key);
  return { outboxes, runtime, told, keys };
}

it('begins no outbox by looking for one', async () => {
  const { outboxes, keys } = await outboxesOf();
  expect([await outboxes.openIfAny('a'), await keys()]).toEqual([undefined, []]);
  await outboxes.open('a');
  expect(await keys()).toEqual(['outbox/a/meta']);
  expect(await outboxes.openIfAny('a')).toBeDefined();
});

it('keeps the outboxes of devices apart, each with the limits that were asked for', async () => {
  const { outboxes, runtime, told, keys } = await outboxesOf();
  const [slash, plain] = [await outboxes.open('a/batch'), await outboxes.open('a')];
  expect([slash, slash, slash, plain].map((sending) => sending.send('set', 1).outcome?.status)).toEqual([
    ...[undefined, undefined, 'evicted', undefined],
  ]);
  await runtime.advance(0);
  expect((await keys()).filter((key) => key.includes('/batch/'))).toEqual([
    'outbox/a%2fbatch/batch//00000000000001',
    'outbox/a/batch//00000000000001',
  ]);
  expect(told).toEqual([
    ['a/batch', 'stored'],
    ['a', 'stored'],
  ]);
});
