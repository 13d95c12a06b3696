// A shared channel over the real port, with stand-ins for the browser's locks and its database.

import { systemRuntime } from '@holdfast/protocol';
import { createTransport } from '@holdfast/transport';
import { createMemoryNetwork } from '@holdfast/transport/memory';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openReliableChannel } from '../../src/index.js';
import { openSharedChannel, type SharedChannelOptions } from '../../src/tabs/index.js';
import { FakeLocks, stubBrowser } from '../support/fake-browser.js';

let locks: FakeLocks;

beforeEach(() => {
  stubBrowser();
  locks = new FakeLocks();
  vi.stubGlobal('navigator', { locks });
  vi.stubGlobal('document', new EventTarget());
  vi.stubGlobal('addEventListener', () => {});
  vi.stubGlobal('removeEventListener', () => {});
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** Nobody answers: everything waits. */
const open: SharedChannelOptions['open'] = (store) => {
  const transport = createTransport({
    deviceId: 'tablet-3',
    link: createMemoryNetwork({ runtime: systemRuntime() }).link(),
  });
  return openReliableChannel({ transport, store });
};

it('lets two tabs send into one outbox, and the second one go on alone', async () => {
  const first = await openSharedChannel({ name: 'outbox', open });
  const second = await openSharedChannel({ name: 'outbox', open });
  await expect.poll(() => first.isLeader).toBe(true);
  const sent = [first.send('n', 1), second.send('n', 2, { lane: 'x' })];
  await Promise.all(sent.map(({ stored }) => stored));
  expect(locks.isHeld('holdfast/channel/outbox')).toBe(true);
  expect(locks.isHeld('holdfast/store/outbox')).toBe(true);
  expect(first.stats().channel).toMatchObject({ outboxMessages: 2 });
  await first.close();
  expect(await sent[0]?.settled).toEqual({ status: 'kept' });
  await expect.poll(() => second.isLeader).toBe(true);
  expect(second.stats()).toMatchObject({ waitingMessages: 1, channel: { outboxMessages: 2 } });
  await second.close();
  for (const name of ['channel', 'store']) expect(locks.isHeld(`holdfast/${name}/outbox`)).toBe(false);
});

it('lets the store go at once when its page is frozen', async () => {
  const first = await openSharedChannel({ name: 'outbox', open });
  await expect.poll(() => first.isLeader).toBe(true);
  const sent = first.send('n', 1);
  await sent.stored;
  const second = await openSharedChannel({ name: 'outbox', open });
  document.dispatchEvent(new Event('freeze'));
  // Both pages are this one here: the first has let go, and none is waiting.
  expect(first.isLeader).toBe(false);
  await expect.poll(() => locks.isHeld('holdfast/store/outbox')).toBe(false);
  document.dispatchEvent(new Event('resume'));
  await expect.poll(() => first.isLeader || second.isLeader).toBe(true);
  await first.close();
  await second.close();
});

it('wants a name, and something that opens a channel', async () => {
  await expect(openSharedChannel({ name: '', open })).rejects.toThrow(TypeError);
  await expect(openSharedChannel({ name: 'x'.repeat(256), open })).rejects.toThrow(RangeError);
  await expect(openSharedChannel({ name: 'x', open: undefined as never })).rejects.toThrow('open must be a function');
});
