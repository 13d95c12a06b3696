// What a channel does when records in its store decay: all messages but those in them are handled, and of those it says so.
import { beforeEach, describe, expect, it } from 'vitest';
import { batchKey, metaKey } from '../src/core/index.js';
import type { ChannelEvent, ReliableChannel, StoreFactory } from '../src/index.js';
import { memoryStore } from '../src/stores/memory.js';
import { ChannelRig } from './support/channel-rig.js';

const ALL = Number.MAX_SAFE_INTEGER;

/** A memory store that can be looked into while it is open. */
function glassStore(): { factory: StoreFactory; damage(key: string): Promise<void>; keys(): Promise<string[]> } {
  const inner = memoryStore();
  const opened = inner.open();
  return {
    factory: { name: 'glass', open: async () => ({ ...(await opened), close: async () => {} }) },
    damage: async (key) => {
      const store = await opened;
      const value = (await store.get(key)) ?? new Uint8Array();
      value[value.length >> 1] = (value[value.length >> 1] as number) ^ 0x10;
      await store.commit([{ type: 'put', key, value }]);
    },
    keys: async () => (await (await opened).read({ from: '', to: '~', maxBytes: ALL })).map(({ key }) => key),
  };
}

function eventsOf(channel: ReliableChannel): ChannelEvent[] {
  const events: ChannelEvent[] = [];
  channel.observe((event) => void (event.type === 'recordQuarantined' && events.push(event)));
  return events;
}

describe('an outbox', () => {
  let rig: ChannelRig;
  let store: ReturnType<typeof glassStore>;

  beforeEach(() => {
    rig = new ChannelRig();
    store = glassStore();
  });

  /** Sends messages of 100,000 bytes, one after another, each with its number at the beginning. */
  async function sendLarge(channel: ReliableChannel, count: number) {
    const deliveries = [];
    for (let number = 1; number <= count; number++) {
      deliveries.push(channel.send('reading', `${number} ${'x'.repeat(100_000)}`));
      await rig.runtime.advance(0);
    }
    return deliveries;
  }

  const handledNumbers = (): number[] => rig.handled.map((data) => Number.parseInt(data as string, 10));

  it('whose record decays before it is read back loses what is in it, says so, and delivers the rest in order', async () => {
    const channel = await rig.open({ store: store.factory });
    const events = eventsOf(channel);
    // More than is kept in memory.
    const deliveries = await sendLarge(channel, 80);
    const lost = [60, 61, 80];
    for (const number of lost) await store.damage(batchKey('outbox', '', number));
    await rig.startAgent();
    await rig.until(() => channel.stats().outboxMessages === 0);
    await rig.runtime.advance(1_000);
    const left = Array.from({ length: 80 }, (_, index) => index + 1).filter((number) => !lost.includes(number));
    expect(handledNumbers()).toEqual(left);
    expect(events.map((event) => 'key' in event && event.key)).toEqual(
      lost.map((number) => batchKey('outbox', '', number)),
    );
    for (const number of lost) {
      expect(await deliveries[number - 1]?.settled).toEqual({
        status: 'evicted',
        cause: 'unreadable',
        reason: 'its record in the store can not be read any more; check the disk',
        attempts: 0,
      });
    }
    for (const number of left) expect(deliveries[number - 1]?.outcome).toEqual({ status: 'acknowledged' });
    expect(channel.stats()).toMatchObject({ evictedMessages: 3, acknowledgedMessages: 77, quarantinedRecords: 3 });
    // The channel goes on.
    const more = channel.send('reading', '81');
    await rig.until(() => more.outcome !== undefined);
    expect(more.outcome).toEqual({ status: 'acknowledged' });
  });

  it('whose record decays between two runs delivers the rest, and tells who observes the channel', async () => {
    const first = await rig.open({ store: store.factory });
    await sendLarge(first, 5);
    await first.close();
    await store.damage(batchKey('outbox', '', 3));
    await store.damage(metaKey('outbox'));
    await rig.startAgent();
    const channel = await rig.open({ store: store.factory });
    const events = eventsOf(channel);
    await rig.until(() => channel.stats().outboxMessages === 0);
    await rig.runtime.advance(1_000);
    expect(handledNumbers()).toEqual([1, 2, 4, 5]);
    expect(events).toEqual([
      { type: 'recordQuarantined', key: 'outbox/meta', detail: expect.stringMatching(/^the checksum does not fit/) },
      {
        type: 'recordQuarantined',
        key: batchKey('outbox', '', 3),
        detail: expect.stringContaining('quarantine/outbox/batch/'),
      },
    ]);
    expect(await store.keys()).toEqual([
      'outbox/lane/',
      'outbox/meta',
      `quarantine/${batchKey('outbox', '', 3)}`,
      'quarantine/outbox/meta',
    ]);
    await channel.close();
  });

  it('whose numbering decays gives no number twice under one name', async () => {
    await rig.startAgent();
    const ids: string[] = [];
    rig.handle = ({ id }) => {
      ids.push(id);
      return undefined;
    };
    for (let round = 0; round < 3; round++) {
      const channel = await rig.open({ store: store.factory });
      for (let count = 0; count < 3; count++) channel.send('reading', round);
      await rig.until(() => channel.stats().outboxMessages === 0);
      await channel.close();
      await store.damage(metaKey('outbox'));
    }
    expect(rig.handled).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2]);
    expect(new Set(ids).size).toBe(9);
  });
});
