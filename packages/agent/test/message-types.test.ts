// Names, data and replies of a program's own table, as the compiler sees them. `npm run typecheck` is what checks this file;
// running it shows that the types are those of what really happens.

import type { Delivery } from '@holdfast/reliable-channel';
import * as v from 'valibot';
import { expect, expectTypeOf, it } from 'vitest';
import { type Agent, type AgentMessage, createAgent, reject } from '../src/index.js';
import { memoryListener } from '../src/listeners/memory.js';
import { Rig } from './support/rig.js';

interface Messages {
  temperature: { data: { celsius: number }; reply: 'ok' | 'hot' };
  door: { data: boolean };
}

it('an agent with a table of messages knows their names, data and replies', async () => {
  const rig = await Rig.start();
  const agent = rig.agent as unknown as Agent<Messages>;
  agent.on('temperature', (data, message) => {
    expectTypeOf(data).toEqualTypeOf<{ celsius: number }>();
    expectTypeOf(message).toEqualTypeOf<AgentMessage>();
    if (Number.isNaN(data.celsius)) throw reject('not a number');
    return data.celsius > 90 ? 'hot' : 'ok';
  });
  agent.on('temperature', async ({ celsius }) => (celsius > 90 ? 'hot' : 'ok'));
  agent.on('door', (isOpen) => {
    expectTypeOf(isOpen).toEqualTypeOf<boolean>();
  });
  agent.on('door', async () => {});
  agent.onDevice('press-7', 'door', (isOpen) => void isOpen);

  // @ts-expect-error There is no such name.
  agent.on('temprature', () => 'ok');
  // @ts-expect-error There is no such reply.
  agent.on('temperature', () => 'cold');
  // @ts-expect-error A reply is missing.
  agent.on('temperature', () => {});
  // @ts-expect-error There is no reply to this one.
  agent.on('door', () => 'ok');
  // @ts-expect-error The data is something else.
  agent.on('door', (isOpen: string) => void isOpen);
  // @ts-expect-error The same for one device.
  agent.onDevice('press-7', 'door', () => 1);
});

it('schemas are for the names of the table, and make its data', () => {
  const listeners = [memoryListener({ writeMaxBytes: 1, listen: () => () => {} })];
  const store = { name: 'none', open: () => Promise.reject(new Error('not opened here')) };
  const create = (): void => {
    createAgent<Messages>({ listeners, store, schemas: { temperature: v.object({ celsius: v.number() }) } });
    // @ts-expect-error The schema makes other data.
    createAgent<Messages>({ listeners, store, schemas: { temperature: v.object({ kelvin: v.number() }) } });
    // @ts-expect-error There is no such name.
    createAgent<Messages>({ listeners, store, schemas: { temprature: v.number() } });
  };
  expect(create).not.toThrow();
});

it('an agent without a table takes any name, data and reply', async () => {
  const { agent } = await Rig.start();
  agent.on('anything', (data) => data.whatever);
  agent.on('else', async (data: { celsius: number }) => data.celsius);
  agent.on('nothing', () => {});
  expectTypeOf(agent).toEqualTypeOf<Agent>();
});

interface Commands {
  unlock: { data: { door: number }; reply: boolean };
  reboot: { data: null };
}

it('an agent with a table of commands knows what devices can be sent, and what they answer', async () => {
  const rig = await Rig.start();
  const agent = rig.agent as unknown as Agent<Messages, Commands>;
  const device = agent.device('press-7');
  const delivery = await device.send('unlock', { door: 1 }, { ttlMs: 1_000 });
  expectTypeOf(delivery).toEqualTypeOf<Delivery<boolean>>();
  await device.send('reboot', null);
  expect(await device.stats()).toMatchObject({ outboxMessages: 2 });
  const mistakes = (): void => {
    // @ts-expect-error There is no such command.
    void device.send('unlok', { door: 1 });
    // @ts-expect-error The data is something else.
    void device.send('unlock', { door: 'front' });
    // @ts-expect-error That is what devices send, not what they are sent.
    void device.send('temperature', { celsius: 1 });
  };
  expectTypeOf(mistakes).toBeFunction();
});
