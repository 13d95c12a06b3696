// Goal: what can be asked for a message holds between a device and an agent that know nothing of each other but real TCP:
// lanes, priorities, importance, limits of time, keys that replace, calling back, and what becomes of a message that its
// handler can not stand. Method: an outbox that fills while the agent is away, and then what arrives, in which order.

import { type Agent, createAgent, type Handler, reject } from '@holdfast/agent';
import { tcpListener } from '@holdfast/agent/tcp';
import { openReliableChannel, type ReliableChannel, type ReliableChannelOptions } from '@holdfast/reliable-channel';
import { memoryStore } from '@holdfast/reliable-channel/memory';
import { startChaosProxy } from '@holdfast/simulator/chaos-proxy';
import { createTransport } from '@holdfast/transport';
import { tcp } from '@holdfast/transport/tcp';
import { expect, onTestFinished, test } from 'vitest';

interface Setting {
  readonly channel: ReliableChannel;
  readonly agent: Agent;
  /** What handlers have done, in order. */
  readonly got: unknown[];
  /** Lets the device reach the agent. */
  connect(): Promise<void>;
}

/** A device that can not reach its agent yet. */
async function setUp(options: Partial<ReliableChannelOptions> = {}, handler: Handler = () => {}): Promise<Setting> {
  const agent = createAgent({ listeners: [tcpListener({ port: 0 })], store: memoryStore() });
  onTestFinished(() => agent.close());
  const got: unknown[] = [];
  agent.onAny(async (data, message) => {
    const reply = await handler(data, message);
    got.push(data);
    return reply;
  });
  const [listener] = await agent.listen();
  const proxy = await startChaosProxy({ target: { host: '127.0.0.1', port: listener?.port as number } });
  onTestFinished(() => proxy.close());
  await proxy.refuse(true);
  const transport = createTransport({
    deviceId: 'press-7',
    link: tcp({ host: '127.0.0.1', port: proxy.port }),
    reconnectBackoff: { minMs: 10, maxMs: 100 },
  });
  onTestFinished(() => transport.disconnect());
  const retryBackoff = { minMs: 5, maxMs: 20 };
  const channel = await openReliableChannel({ transport, store: memoryStore(), retryBackoff, ...options });
  onTestFinished(() => channel.close());
  return { channel, agent, got, connect: () => proxy.refuse(false) };
}

/** A handler that can not stand some data. */
function failingFor(isPoison: (data: unknown) => boolean): Handler {
  return (data) => {
    if (isPoison(data)) throw new Error('this is poison');
  };
}

test('lanes of a higher priority go first, and each lane keeps its order', async () => {
  // One message at a time, so that the order is that of the sender: the agent handles lanes side by side.
  const lanes = { alarms: { priority: 1 }, log: { priority: -1 } };
  const { channel, got, connect } = await setUp({ lanes, windowMaxMessages: 1 });
  for (const number of [1, 2, 3]) {
    for (const lane of ['log', 'readings', 'alarms']) channel.send('note', `${lane} ${number}`, { lane });
  }
  await connect();
  await channel.drain();
  expect(got).toEqual(['alarms', 'readings', 'log'].flatMap((lane) => [`${lane} 1`, `${lane} 2`, `${lane} 3`]));
});

test('a message that its handler can not stand stops its lane until it is dead, and never another lane', async () => {
  const { channel, got, connect } = await setUp(
    { maxAttempts: 5 },
    failingFor((data) => data === 'poison'),
  );
  const poison = channel.send('note', 'poison', { lane: 'a' });
  channel.send('note', 'behind it', { lane: 'a' });
  const other = channel.send('note', 'beside it', { lane: 'b' });
  await connect();
  expect(await other.settled).toEqual({ status: 'acknowledged' });
  expect(await poison.settled).toMatchObject({ status: 'rejected', attempts: 5 });
  await channel.drain();
  expect(got).toEqual(['beside it', 'behind it']);
  expect(channel.stats()).toMatchObject({ rejectedMessages: 1, acknowledgedMessages: 2, deadLetters: 1 });
});

test('a message may have fewer attempts and other waits than its channel', async () => {
  const { channel, connect } = await setUp(
    { maxAttempts: 1_000, retryBackoff: { minMs: 60_000 } },
    failingFor(() => true),
  );
  const options = { maxAttempts: 3, retryBackoff: { minMs: 1, maxMs: 5 } };
  const delivery = channel.send('note', 'poison', options);
  await connect();
  expect(await delivery.settled).toMatchObject({ status: 'rejected', attempts: 3 });
});

test('a dead letter says what it was and why it died, and can be sent again or let go', async () => {
  let isMended = false;
  const handler: Handler = (data) => {
    if (!isMended) throw reject(`${data} is too hot`);
  };
  const { channel, got, connect } = await setUp({}, handler);
  await connect();
  for (const celsius of [1, 2, 3]) await channel.send('temperature', celsius, { lane: 'heat' }).settled;
  const letters = await channel.deadLetters.list();
  expect(
    letters.map(({ data, status, reason, lane, sequence, attempts }) => [
      data,
      status,
      reason,
      lane,
      sequence,
      attempts,
    ]),
  ).toEqual([1, 2, 3].map((celsius) => [celsius, 'rejected', `${celsius} is too hot`, 'heat', celsius, 1]));
  isMended = true;
  const [first, second, third] = letters.map(({ id }) => id) as [number, number, number];
  expect(await channel.deadLetters.discard(first)).toBe(true);
  const delivery = await channel.deadLetters.replay(second);
  expect(await delivery.settled).toEqual({ status: 'acknowledged' });
  expect(got).toEqual([2]);
  expect((await channel.deadLetters.list()).map(({ id }) => id)).toEqual([third]);
});

test('a newer message takes the place of one with the same key that has not been sent', async () => {
  const { channel, got, connect } = await setUp();
  const deliveries = [20, 21, 22].map((celsius) => channel.send('state', { celsius }, { coalesceKey: 'state' }));
  channel.send('state', { rpm: 900 }, { coalesceKey: 'another' });
  await connect();
  const outcomes = await Promise.all(deliveries.map(({ settled }) => settled));
  expect(outcomes).toMatchObject([
    { status: 'evicted', cause: 'replaced' },
    { status: 'evicted', cause: 'replaced' },
    { status: 'acknowledged' },
  ]);
  await channel.drain();
  expect(got).toEqual([{ celsius: 22 }, { rpm: 900 }]);
  expect(channel.stats().evictedBy.replaced).toBe(2);
});

test('a message that has not been sent can be called back, once', async () => {
  const { channel, got, connect } = await setUp();
  const [first, second, third] = [1, 2, 3].map((number) => channel.send('note', number));
  expect(second?.cancel()).toBe(true);
  expect(await second?.settled).toMatchObject({ status: 'cancelled' });
  expect(second?.cancel()).toBe(false);
  await connect();
  expect(await first?.settled).toEqual({ status: 'acknowledged' });
  expect(await third?.settled).toEqual({ status: 'acknowledged' });
  expect(first?.cancel()).toBe(false);
  expect(got).toEqual([1, 3]);
});

test('importance says what becomes of a message that can not go out now: it is stored, or it ends', async () => {
  const { channel, got, connect } = await setUp();
  const [critical, high, low] = (['critical', 'high', 'low'] as const).map((importance) =>
    channel.send('note', importance, { importance }),
  );
  await Promise.all([critical?.stored, high?.stored]);
  expect(await low?.settled).toMatchObject({ status: 'evicted', cause: 'notSendable' });
  await connect();
  expect(await critical?.settled).toEqual({ status: 'acknowledged' });
  expect(await high?.settled).toEqual({ status: 'acknowledged' });
  expect(await channel.send('note', 'low, in time', { importance: 'low' }).settled).toEqual({ status: 'acknowledged' });
  expect(got).toEqual(['critical', 'high', 'low, in time']);
});

test('a message that has waited longer than any may is evicted, and its age is the cause', async () => {
  const { channel, got, connect } = await setUp({ outboxMaxAgeMs: 50 });
  expect(await channel.send('note', 'old').settled).toMatchObject({ status: 'evicted', cause: 'tooOld' });
  await connect();
  expect(channel.stats()).toMatchObject({ evictedMessages: 1, outboxMessages: 0 });
  expect(got).toEqual([]);
});

test('a handler answers with a value, and its sender gets it', async () => {
  const { channel, connect } = await setUp({}, (data) => ({ twice: 2 * (data as number) }));
  const delivery = channel.send('number', 21);
  await connect();
  expect(await delivery.settled).toEqual({ status: 'acknowledged', reply: { twice: 42 } });
});
