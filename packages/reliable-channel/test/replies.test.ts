// Replies of the handler, through a channel in virtual time.

import { beforeEach, expect, it } from 'vitest';
import { reject } from '../src/handler-answers.js';
import { type HandlingResult, type IncomingMessage, thrownAnswer } from '../src/index.js';
import { ChannelRig, StoreUnderTest } from './support/channel-rig.js';

let rig: ChannelRig;

beforeEach(() => {
  rig = new ChannelRig();
  rig.handle = ({ data }) => ({ status: 'replied', reply: { of: data } });
});

it('come with the outcome, to those who wait and to those who ask late', async () => {
  await rig.startAgent();
  const channel = await rig.open();
  const [first, second] = [channel.send('ask', 1), channel.send('ask', 2)];
  const settled = first.settled;
  await rig.until(() => channel.stats().outboxMessages === 0);
  expect(await settled).toEqual({ status: 'acknowledged', reply: { of: 1 } });
  await rig.runtime.advance(86_400_000);
  expect([second.outcome, await second.settled]).toEqual([
    { status: 'acknowledged', reply: { of: 2 } },
    { status: 'acknowledged', reply: { of: 2 } },
  ]);
});

it('may be anything that is plain data, and `undefined` is none', async () => {
  await rig.startAgent();
  const replies: unknown[] = [0, '', false, null, [1, { a: Uint8Array.of(1) }], undefined];
  rig.handle = ({ data }) => {
    const reply = replies[data as number];
    return reply === undefined ? undefined : { status: 'replied', reply };
  };
  const channel = await rig.open();
  const sent = replies.map((_, index) => channel.send('ask', index));
  await rig.until(() => channel.stats().outboxMessages === 0);
  for (const [index, delivery] of sent.entries()) {
    const expected = { status: 'acknowledged', ...(replies[index] !== undefined && { reply: replies[index] }) };
    expect(await delivery.settled).toEqual(expected);
  }
});

it('survive cuts of the link at any moment, with the handler called once', async () => {
  await rig.startAgent();
  const channel = await rig.open();
  for (let waitMs = 0; waitMs < 80; waitMs += 2) {
    const delivery = channel.send('ask', waitMs);
    await rig.runtime.advance(waitMs);
    rig.network.cut();
    await rig.until(() => delivery.outcome !== undefined);
    expect(delivery.outcome).toEqual({ status: 'acknowledged', reply: { of: waitMs } });
  }
  expect(rig.handled).toHaveLength(40);
});

it('survive a restart of the agent and of the device between the work and the ack', async () => {
  const [inbox, store] = [new StoreUnderTest(), new StoreUnderTest()];
  await rig.startAgent(inbox);
  const first = await rig.open({ store });
  first.send('ask', 1);
  first.send('ask', 'no', { lane: 'other' });
  rig.handle = ({ data }) =>
    data === 'no'
      ? (thrownAnswer(reject('refused')) as HandlingResult)
      : { status: 'replied', reply: 'of the first life' };
  await rig.until(() => rig.handled.length === 2);
  await first.close();
  await rig.stopAgent();
  rig.handle = () => ({ status: 'replied', reply: 'of the second life' });
  await rig.startAgent(inbox);
  const second = await rig.open({ store });
  // The message is of an earlier run: its delivery is gone, its result is not lost.
  await rig.until(() => second.stats().outboxMessages === 0 && second.stats().rejectedMessages === 1);
  expect(second.stats()).toMatchObject({ acknowledgedMessages: 1, rejectedMessages: 1 });
  expect(await second.deadLetters.list()).toMatchObject([{ reason: 'refused', lane: 'other' }]);
  expect(rig.handled).toHaveLength(2);
});

it('that can not be sent are dropped: the message is handled all the same', async () => {
  await rig.startAgent();
  const replies = [new Uint8Array(70_000), () => 1, 'fits'];
  rig.handle = ({ data }: IncomingMessage) => ({ status: 'replied', reply: replies[data as number] });
  const channel = await rig.open();
  const sent = replies.map((_, index) => channel.send('ask', index));
  await rig.until(() => channel.stats().outboxMessages === 0);
  expect(await Promise.all(sent.map(({ settled }) => settled))).toEqual([
    { status: 'acknowledged' },
    { status: 'acknowledged' },
    { status: 'acknowledged', reply: 'fits' },
  ]);
  expect(rig.storeProblems).toEqual([expect.stringContaining('70005 bytes'), expect.any(String)]);
});

it('are forgotten at the agent when the device has them on its disk', async () => {
  await rig.startAgent();
  const channel = await rig.open();
  for (let index = 0; index < 500; index++) channel.send('ask', index);
  await rig.until(() => channel.stats().outboxMessages === 0);
  expect(rig.receiving?.keptResults).toBeLessThanOrEqual(500);
  // The floor travels with the next frames.
  await rig.runtime.advance(1_000);
  channel.send('ask', 'last');
  await rig.until(() => channel.stats().outboxMessages === 0);
  expect(rig.receiving?.keptResults).toBeLessThanOrEqual(1);
});
