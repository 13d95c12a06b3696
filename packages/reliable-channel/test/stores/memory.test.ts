import { expect, it } from 'vitest';
import { memoryStore } from '../../src/stores/memory.js';

// What every store must do is tested in packages/simulator/test/compliance.

it('the memory store says that it does not outlive the process', async () => {
  const store = await memoryStore().open();
  expect(store.isDurable).toBe(false);
});

it('a memory store that is closed late does not let go what has been opened since', async () => {
  const factory = memoryStore();
  const first = await factory.open();
  await first.close();
  await factory.open();
  await first.close();
  await expect(factory.open()).rejects.toMatchObject({ code: 'STORE_LOCKED' });
});
