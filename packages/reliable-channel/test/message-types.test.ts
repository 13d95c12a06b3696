// Names, data and replies of a program's own table, as the compiler sees them. `npm run typecheck` is what checks this file;
// running it shows that the types are those of what really happens.

import { expect, expectTypeOf, it } from 'vitest';
import { type Delivery, type Outcome, openReliableChannel, type ReliableChannel } from '../src/index.js';
import { memoryStore } from '../src/stores/memory.js';
import { ChannelRig } from './support/channel-rig.js';

interface Messages {
  temperature: { data: { celsius: number }; reply: 'ok' | 'hot' };
  door: { data: boolean };
}

interface Commands {
  setInterval: { data: { everyMs: number }; reply: number };
}

it('a channel with a table of messages knows their names, data and replies', async () => {
  const rig = new ChannelRig();
  await rig.startAgent();
  rig.handle = ({ name }) => (name === 'temperature' ? { status: 'replied', reply: 'hot' } : undefined);
  const channel = await openReliableChannel<Messages, Commands>({ transport: rig.transport(), store: memoryStore() });
  const delivery = channel.send('temperature', { celsius: 95 }, { lane: 'alarms' });
  expectTypeOf(delivery).toEqualTypeOf<Delivery<'ok' | 'hot'>>();
  const door = channel.send('door', true);
  await rig.until(() => channel.stats().outboxMessages === 0);
  const outcome = await delivery.settled;
  expectTypeOf(outcome).toEqualTypeOf<Outcome<'ok' | 'hot'>>();
  if (outcome.status !== 'acknowledged') throw new Error(outcome.status);
  expectTypeOf(outcome.reply).toEqualTypeOf<'ok' | 'hot' | undefined>();
  expect([outcome.reply, await door.settled]).toEqual(['hot', { status: 'acknowledged' }]);

  channel.on('setInterval', ({ everyMs }, message) => {
    expectTypeOf(everyMs).toEqualTypeOf<number>();
    expectTypeOf(message.headers).toExtend<Readonly<Record<string, string>>>();
    return everyMs;
  });
  channel.on('setInterval', async ({ everyMs }) => everyMs);

  const mistakes = (): void => {
    // @ts-expect-error There is no such name.
    channel.send('temprature', { celsius: 1 });
    // @ts-expect-error The data is something else.
    channel.send('temperature', { kelvin: 1 });
    // @ts-expect-error The data is missing.
    channel.send('door');
    // @ts-expect-error There is no such option.
    channel.send('door', true, { priority: 1 });
    // @ts-expect-error The agent sends no such message.
    channel.on('temperature', () => 'ok');
    // @ts-expect-error The reply is something else.
    channel.on('setInterval', () => 'done');
    // @ts-expect-error A reply is missing.
    channel.on('setInterval', () => {});
  };
  expectTypeOf(mistakes).toBeFunction();
});

it('a channel without a table takes any name, data and reply', async () => {
  const rig = new ChannelRig();
  const channel = await rig.open();
  expectTypeOf(channel).toEqualTypeOf<ReliableChannel>();
  channel.on('anything', (data) => data.whatever);
  const delivery = channel.send('anything', [1, 'two', { three: null }]);
  expect(delivery.id).toMatch(/--1$/);
  await channel.close();
});
