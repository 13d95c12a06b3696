import { CheckedStore } from '@holdfast/reliable-channel';
import { memoryStore } from '@holdfast/reliable-channel/memory';
import { createVirtualRuntime } from '@holdfast/simulator';
import { createMemoryNetwork } from '@holdfast/transport/memory';
import { expect, it } from 'vitest';
import { openAgentStore } from '../src/agent-store.js';
import { memoryListener } from '../src/listeners/memory.js';
import { resolveAgentOptions } from '../src/options.js';

it('writes inbox and outboxes the same way, and names the device in what an outbox tells', async () => {
  const runtime = createVirtualRuntime({ seed: 1 });
  const listeners = [memoryListener(createMemoryNetwork({ runtime }))];
  const store = new CheckedStore(await memoryStore().open());
  const told: unknown[] = [];
  const options = resolveAgentOptions({ listeners, store: memoryStore(), runtime });
  const inbox = openAgentStore(store, options, (event) => told.push(event));
  // An outbox that is begun waits for work that has the store for itself, as a transaction of a handler has.
  let isTransactionOver = false;
  const transaction = inbox.commits.exclusive(async () => {
    await new Promise((resolve) => setImmediate(resolve));
    isTransactionOver = true;
  });
  const sending = await inbox.outboxes.open('a');
  expect(isTransactionOver).toBe(true);
  await transaction;
  await sending.send('set', 1).stored;
  await runtime.advance(0);
  expect(told).toEqual([
    { type: 'deviceChannel', device: 'a', event: { type: 'stored', lane: '', first: 1, last: 1 } },
  ]);
});
