// Goal: whatever a network does to a device and its agent, every message of the channel is handled once and in order, and
// plain messages are lost only in the ways that their send codes allow. Method: real TCP through a proxy that breaks it.

import { createAgent } from '@holdfast/agent';
import { tcpListener } from '@holdfast/agent/tcp';
import { openReliableChannel, type ReliableChannel } from '@holdfast/reliable-channel';
import { memoryStore } from '@holdfast/reliable-channel/memory';
import { pick, randomInteger, seededRandom } from '@holdfast/simulator';
import { type ChaosProxy, startChaosProxy } from '@holdfast/simulator/chaos-proxy';
import {
  CONNECT_REASON,
  createTransport,
  DISCONNECTED,
  NOT_CONNECTED,
  RETURN_ON_ERROR,
  SEND_OK,
  TIMEOUT,
  type Transport,
  type TransportEvent,
  WAIT_FOR_ACK,
  WAIT_TIL_SENT,
} from '@holdfast/transport';
import { tcp } from '@holdfast/transport/tcp';
import { afterEach, describe, expect, test } from 'vitest';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** How soon either end finds a dead link: a ping after the first, and the end after both. */
const KEEPALIVE = { keepaliveIdleMs: 200, keepaliveTimeoutMs: 200 };

interface Setting {
  readonly proxy: ChaosProxy;
  readonly transport: Transport;
  /** What the transport has told. */
  readonly events: TransportEvent[];
  /** What the handlers got, in order. */
  readonly got: unknown[];
}

/** An agent, a device, and the proxy between them. */
async function setUp(): Promise<Setting> {
  const agent = createAgent({ listeners: [tcpListener({ port: 0 })], store: memoryStore(), connection: KEEPALIVE });
  cleanups.push(() => agent.close());
  const got: unknown[] = [];
  agent.onAny((data) => got.push(data));
  const [listener] = await agent.listen();
  const proxy = await startChaosProxy({ target: { host: '127.0.0.1', port: listener?.port as number } });
  cleanups.push(() => proxy.close());
  const transport = createTransport({
    deviceId: 'press-7',
    link: tcp({ host: '127.0.0.1', port: proxy.port }),
    reconnectBackoff: { minMs: 10, maxMs: 100 },
    handshakeTimeoutMs: 400,
    ...KEEPALIVE,
  });
  cleanups.push(() => transport.disconnect());
  const events: TransportEvent[] = [];
  transport.observe((event) => events.push(event));
  return { proxy, transport, events, got };
}

async function openChannel({ transport }: Setting): Promise<ReliableChannel> {
  const channel = await openReliableChannel({
    transport,
    store: memoryStore(),
    retryBackoff: { minMs: 10, maxMs: 100 },
    ackTimeout: { initialMs: 500, minMs: 200, maxMs: 1_000 },
  });
  cleanups.push(() => channel.close());
  return channel;
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

async function until(condition: () => boolean): Promise<void> {
  await expect.poll(condition, { interval: 5 }).toBe(true);
}

function causesOf(events: readonly TransportEvent[]): string[] {
  return events.flatMap((event) => (event.type === 'disconnected' ? [event.cause.kind] : []));
}

describe('a reliable channel', () => {
  /** Sends 2000 messages, breaks the network when a part has arrived, mends it, and looks at what came. */
  async function survives(
    breakIt: (setting: Setting) => unknown,
    mendIt: (setting: Setting) => unknown,
  ): Promise<Setting> {
    const setting = await setUp();
    const channel = await openChannel(setting);
    const send = (from: number, to: number): void => {
      for (let n = from; n <= to; n++) channel.send('reading', n);
    };
    send(1, 500);
    await until(() => setting.got.length >= 100);
    await breakIt(setting);
    send(501, 1_500);
    await mendIt(setting);
    send(1_501, 2_000);
    expect(await channel.drain({ timeoutMs: 20_000 })).toBe(true);
    expect(setting.got).toEqual(numbers(2_000));
    return setting;
  }

  /** Waits until the device has noticed that its link is gone. */
  const isNoticed = ({ events }: Setting): Promise<void> => until(() => causesOf(events).length > 0);

  test('survives a connection that is cut', async () => {
    const { events } = await survives(({ proxy }) => proxy.cut(), isNoticed);
    expect(causesOf(events)).toEqual(['linkLost']);
  });

  test('survives a server that can not be reached for a while', async () => {
    const { events } = await survives(
      async ({ proxy }) => {
        await proxy.refuse(true);
        proxy.cut();
      },
      async ({ proxy, events }) => {
        await until(() => events.filter(({ type }) => type === 'connectFailed').length >= 3);
        await proxy.refuse(false);
      },
    );
    expect(events).toContainEqual(expect.objectContaining({ type: 'connectFailed', reason: CONNECT_REASON.noServer }));
  });

  test('survives a black hole, which the keepalive finds', async () => {
    const { events } = await survives(
      ({ proxy }) => proxy.blackHole(true),
      async (setting) => {
        await isNoticed(setting);
        // Dialing gets no answer either.
        await until(() => setting.events.some(({ type }) => type === 'connectFailed'));
        setting.proxy.blackHole(false);
      },
    );
    expect(causesOf(events)).toEqual(['keepaliveTimeout']);
  });

  test('survives a connection of which only the agent has seen the end', async () => {
    const { events } = await survives(({ proxy }) => proxy.halfOpen(), isNoticed);
    expect(causesOf(events)).toEqual(['keepaliveTimeout']);
  });

  test('survives delay and little bandwidth without a reconnect', async () => {
    const { events } = await survives(
      ({ proxy }) => {
        proxy.delay(60);
        proxy.bandwidth(300_000);
      },
      () => {},
    );
    expect(causesOf(events)).toEqual([]);
  });

  const seed = Number(process.env.NETWORK_SEED ?? Date.now() % 1_000_000_000);
  test(`survives faults of every kind in a row, at random moments (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    const setting = await setUp();
    const { proxy, got, events } = setting;
    const channel = await openChannel(setting);
    const unreachable = async (): Promise<void> => {
      await proxy.refuse(true);
      proxy.cut();
    };
    const breaks = [() => proxy.cut(), () => proxy.halfOpen(), unreachable, () => proxy.blackHole(true)];
    const conditions = [
      () => proxy.delay(randomInteger(random, { min: 0, max: 30 })),
      () => proxy.bandwidth(randomInteger(random, { min: 50_000, max: 1_000_000 })),
    ];
    let sent = 0;
    for (let round = 0; round < 18; round++) {
      const goal = sent + 100;
      while (sent < goal) {
        sent += 1;
        channel.send('reading', sent);
      }
      // The next fault strikes when a random part of what was sent has arrived.
      const mark = randomInteger(random, { min: got.length, max: sent });
      await until(() => got.length >= mark);
      if (round % 3 === 0) pick(random, conditions)();
      const told = events.length;
      await pick(random, breaks)();
      await until(() => events.length > told);
      proxy.blackHole(false);
      await proxy.refuse(false);
    }
    proxy.delay(0);
    proxy.bandwidth(undefined);
    expect(await channel.drain({ timeoutMs: 20_000 })).toBe(true);
    expect(got).toEqual(numbers(sent));
    const { acceptedMessages, acknowledgedMessages, evictedMessages } = channel.stats();
    expect([acceptedMessages, acknowledgedMessages, evictedMessages]).toEqual([sent, sent, 0]);
  });
});

describe('plain messages', () => {
  async function connected(): Promise<Setting> {
    const setting = await setUp();
    expect(await setting.transport.connect()).toBe(CONNECT_REASON.connected);
    return setting;
  }

  /** `connect` would take part in an attempt that may have begun in the black hole, and end with it. */
  async function comesBack(transport: Transport, proxy: ChaosProxy): Promise<void> {
    proxy.blackHole(false);
    const letGo = transport.keepConnected();
    await until(() => transport.isConnected());
    letGo();
  }

  test('with WAIT_TIL_SENT answer 0 into a black hole, and are lost', async () => {
    const { transport, proxy, got, events } = await connected();
    transport.setSendTimeoutPolicy(RETURN_ON_ERROR, WAIT_TIL_SENT, 5);
    expect(await transport.send('reading', 1)).toBe(SEND_OK);
    await until(() => got.length === 1);
    proxy.blackHole(true);
    expect(await transport.send('reading', 2)).toBe(SEND_OK);
    await until(() => causesOf(events).length > 0);
    expect(await transport.send('reading', 3)).toBe(NOT_CONNECTED);
    await comesBack(transport, proxy);
    expect(await transport.send('reading', 4)).toBe(SEND_OK);
    await until(() => got.length === 2);
    expect(got).toEqual([1, 4]);
  });

  test('with WAIT_FOR_ACK tell that they may be lost', async () => {
    const { transport, proxy, got } = await connected();
    transport.setSendTimeoutPolicy(RETURN_ON_ERROR, WAIT_FOR_ACK, 5);
    expect(await transport.send('reading', 1)).toBe(SEND_OK);
    proxy.blackHole(true);
    // The keepalive is sooner than the send's own timeout.
    expect(await transport.send('reading', 2)).toBe(DISCONNECTED);
    await comesBack(transport, proxy);
    proxy.blackHole(true);
    transport.setSendTimeoutPolicy(RETURN_ON_ERROR, WAIT_FOR_ACK, 0.1);
    expect(await transport.send('reading', 3)).toBe(TIMEOUT);
    expect(got).toEqual([1]);
  });

  test('that arrived, but whose ack was lost, are handled twice when they are sent again', async () => {
    const { transport, proxy, got } = await connected();
    transport.setSendTimeoutPolicy(RETURN_ON_ERROR, WAIT_FOR_ACK, 5);
    proxy.delay(50);
    const first = transport.send('reading', 'again');
    // Handled, with the ack on its way back.
    await until(() => got.length === 1);
    proxy.cut();
    expect(await first).toBe(DISCONNECTED);
    proxy.delay(0);
    await transport.connect();
    expect(await transport.send('reading', 'again')).toBe(SEND_OK);
    expect(got).toEqual(['again', 'again']);
  });

  test('of which a part was sent when the connection was cut never arrive in part', async () => {
    const { transport, proxy, got } = await connected();
    transport.setSendTimeoutPolicy(RETURN_ON_ERROR, WAIT_FOR_ACK, 5);
    proxy.bandwidth(20_000);
    const sending = transport.send('large', new Uint8Array(100_000));
    await until(() => proxy.stats().toTarget.forwardedBytes > 5_000);
    proxy.cut();
    expect(await sending).toBe(DISCONNECTED);
    proxy.bandwidth(undefined);
    await transport.connect();
    expect(await transport.send('reading', 1)).toBe(SEND_OK);
    await until(() => got.length === 1);
    expect(got).toEqual([1]);
  });
});
