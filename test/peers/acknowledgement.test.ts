// Acks that are late, lost, or never come. The number in a title is that of the experiment in which a peer waited for ever,
// ran a handler again, or had to forget after two minutes.

import { cpSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Setting } from './setting.js';

const IMPATIENT = { ackTimeout: { initialMs: 200, minMs: 100, maxMs: 300 } };
const THIRTY_DAYS_MS = 30 * 86_400_000;

async function attempts(setting: Setting): Promise<number> {
  return (await setting.report()).stats.attempts;
}

test('E7 while an agent does not ack and the link stays up, the message is sent again, and a late ack counts', async () => {
  const setting = await Setting.create();
  await setting.startAgent({ isHeld: true });
  await setting.startDevice({ channel: IMPATIENT });
  await setting.send({ first: 1, count: 1 });
  await setting.called(1);
  // A handshake may have taken more than one.
  const { connectionsAccepted } = setting.proxy.stats();
  await expect.poll(() => attempts(setting)).toBeGreaterThanOrEqual(5);
  expect(setting.proxy.stats()).toMatchObject({ connectionsAccepted, connectionsOpen: 1 });
  expect((await setting.report()).endings).toEqual({});

  setting.release();
  await setting.settle();
  expect((await setting.report()).endings).toEqual({ acknowledged: '1' });
  expect(setting.calls).toBe('1');
  expect(setting.handled).toBe('1');
});

test('E7 a message that an agent never acked is handled by the agent that takes its place', async () => {
  const setting = await Setting.create();
  await setting.startAgent({ isHeld: true });
  await setting.startDevice({ channel: IMPATIENT });
  await setting.send({ first: 1, count: 1 });
  await setting.called(1);
  await setting.killAgent();
  await setting.startAgent();
  await setting.settle();
  expect((await setting.report()).endings).toEqual({ acknowledged: '1' });
  // It was under way when the agent was killed, and had come to nothing.
  expect(setting.calls).toBe('1 1');
  expect(setting.handled).toBe('1');
});

test('E8 a handler that takes longer than the ack timeout runs once for each message, and the sender is told', async () => {
  const setting = await Setting.create();
  await setting.startAgent({ workMs: 700 });
  await setting.startDevice({ channel: IMPATIENT });
  await setting.send({ first: 1, count: 3 });
  await setting.settle();
  // They were sent again: this is not a test of patience.
  expect(await attempts(setting)).toBeGreaterThan(3);
  expect((await setting.report()).endings).toEqual({ acknowledged: '1-3' });
  expect(setting.calls).toBe('1-3');
  expect(setting.handled).toBe('1-3');
});

/** The first message is handled, and its ack is lost. */
async function loseAck(setting: Setting): Promise<void> {
  await setting.startAgent({ isHeld: true });
  await setting.startDevice();
  await setting.send({ first: 1, count: 1 });
  await setting.called(1);
  setting.proxy.blackHole(true);
  setting.release();
  await expect.poll(() => setting.handled).toBe('1');
  await expect.poll(() => setting.proxy.stats().toClient.discardedBytes).toBeGreaterThan(0);
  expect((await setting.report()).endings).toEqual({});
  setting.proxy.blackHole(false);
}

test('E15 a message whose ack was lost is handled once, and its sender hears of it on the next connection', async () => {
  const setting = await Setting.create();
  await loseAck(setting);
  setting.proxy.cut();
  await setting.settle();
  await setting.send({ first: 2, count: 1 });
  await setting.settle();
  expect((await setting.report()).endings).toEqual({ acknowledged: '1-2' });
  expect(setting.calls).toBe('1-2');
});

test('E15 a message whose ack was lost is not handled again after both ends crashed and a month went by', async () => {
  const setting = await Setting.create();
  await loseAck(setting);
  await setting.killDevice();
  await setting.killAgent();
  await setting.startAgent({ clockAheadMs: THIRTY_DAYS_MS });
  await setting.startDevice();
  await setting.send({ first: 2, count: 1 });
  await setting.drain();
  expect((await setting.report()).stats).toMatchObject({ outboxMessages: 0, acknowledgedMessages: 2 });
  expect(setting.calls).toBe('1-2');
});

test('E15 an outbox that is put back to an older copy of itself repeats nothing', async () => {
  const setting = await Setting.create();
  await setting.startDevice();
  await setting.send({ first: 1, count: 1_000 });
  await setting.closeDevice();
  cpSync(setting.outboxFolder, `${setting.outboxFolder}-copy`, { recursive: true });

  await setting.startAgent();
  await setting.startDevice();
  await setting.drain();
  await setting.closeDevice();
  cpSync(`${setting.outboxFolder}-copy`, setting.outboxFolder, { recursive: true });

  await setting.startDevice();
  expect((await setting.report()).stats.nextSequence).toBe(1_001);
  await setting.drain();
  expect(setting.calls).toBe('1-1000');
});
