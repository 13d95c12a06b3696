import { openReliableChannel } from '@holdfast/reliable-channel';
import { memoryStore } from '@holdfast/reliable-channel/memory';
import { createTransport, SEND_OK, type Transport, WAIT_FOR_ACK } from '@holdfast/transport';
import { tcp } from '@holdfast/transport/tcp';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type ImposDevice, imposDevice } from '../../src/impos/index.js';
import { createAgent } from '../../src/index.js';
import { tcpListener } from '../../src/listeners/tcp.js';
import { deferred, Rig, type RigOptions } from '../support/rig.js';

const ID = 'press-7';

interface Program {
  readonly rig: Rig;
  readonly device: ImposDevice;
  /** What impOS would have logged. */
  readonly lines: string[];
}

async function setUp(options: RigOptions = {}): Promise<Program> {
  const rig = await Rig.start(options);
  const lines: string[] = [];
  return { rig, device: imposDevice(rig.agent, ID, { log: (line) => lines.push(line) }), lines };
}

/** Sends with the strongest promise that a plain message has, and expects it. */
async function sendAcknowledged(rig: Rig, transport: Transport, name: string, data: unknown): Promise<void> {
  transport.setSendTimeoutPolicy('RETURN_ON_ERROR', WAIT_FOR_ACK, 30);
  expect(await rig.until(transport.send(name, data))).toBe(SEND_OK);
  await rig.settle();
}

/** Writes down the edges that a program is told. */
function watchEdges(device: ImposDevice, as = ''): string[] {
  const edges: string[] = [];
  device.onconnect((...args: unknown[]) => edges.push(`${as}connected ${args.length}`));
  device.ondisconnect((...args: unknown[]) => edges.push(`${as}gone ${args.length}`));
  return edges;
}

/** Catches what would be uncaught errors of the process, until the test ends. */
function watchUncaught(): unknown[] {
  const surfaced: unknown[] = [];
  const defer = globalThis.queueMicrotask;
  const queue = vi.spyOn(globalThis, 'queueMicrotask').mockImplementation((task) => {
    defer(() => {
      try {
        task();
      } catch (error) {
        surfaced.push(error);
      }
    });
  });
  onTestFinished(() => queue.mockRestore());
  return surfaced;
}

describe('device.on', () => {
  it('S37 without a handler a message is dropped with one line in the log, and its sender sees 0', async () => {
    const { rig, lines } = await setUp();
    const transport = await rig.device(ID);
    await sendAcknowledged(rig, transport, 'reading', 1);
    expect(lines).toEqual(["ERROR: no handler for agent.send('reading')"]);
    expect(rig.agent.stats().droppedMessages.noHandler).toBe(1);
  });

  it('S37 the line stays one line whatever the name holds', async () => {
    const { rig, lines } = await setUp();
    await sendAcknowledged(rig, await rig.device(ID), "a'\n\u001b[2J\u2028b", 1);
    expect(lines).toEqual(["ERROR: no handler for agent.send('a\\u{27}\\u{a}\\u{1b}[2J\\u{2028}b')"]);
  });

  it('S37 messages of other devices, and those that the agent handles, are not logged', async () => {
    const { rig, lines } = await setUp();
    rig.agent.on('for all', () => {});
    await sendAcknowledged(rig, await rig.device('other'), 'reading', 1);
    await sendAcknowledged(rig, await rig.device(ID), 'for all', 1);
    expect(lines).toEqual([]);
  });

  it('S37 the log is the console unless told otherwise', async () => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {});
    onTestFinished(() => log.mockRestore());
    const rig = await Rig.start();
    imposDevice(rig.agent, ID);
    await sendAcknowledged(rig, await rig.device(ID), 'reading', 1);
    expect(log.mock.calls).toEqual([["ERROR: no handler for agent.send('reading')"]]);
  });

  it('S38 a later handler replaces the earlier one and gets exactly one argument; other names keep theirs', async () => {
    const { rig, device } = await setUp();
    const got: unknown[] = [];
    device.on('reading', () => got.push('replaced'));
    device.on('other', (...args) => got.push(args));
    device.on('reading', (...args) => got.push(args));
    const transport = await rig.device(ID);
    await sendAcknowledged(rig, transport, 'reading', { celsius: 73.97, raw: Uint8Array.of(0, 255) });
    await sendAcknowledged(rig, transport, 'other', null);
    expect(got).toEqual([[{ celsius: 73.97, raw: Uint8Array.of(0, 255) }], [null]]);
    const [reading] = got[0] as [{ raw: unknown }];
    expect(Object.getPrototypeOf(reading.raw)).toBe(Uint8Array.prototype);
  });

  it('takes the messages of a reliable channel alike, and acknowledges them after the work', async () => {
    const { rig, device, lines } = await setUp();
    const work = deferred();
    const got: unknown[] = [];
    device.on('reading', (...args) => {
      got.push(args);
      return work.promise;
    });
    const channel = await rig.channel(ID);
    const [delivery, unhandled] = [channel.send('reading', 1), channel.send('nobody', 2)];
    await rig.settle();
    expect([got, delivery.outcome]).toEqual([[[1]], undefined]);
    work.resolve();
    expect(await rig.until(delivery.settled)).toEqual({ status: 'acknowledged' });
    // One without a handler is not lost, so there is nothing to log; it waits for its handler.
    await rig.settle(5_000);
    expect([unhandled.outcome, lines]).toEqual([undefined, []]);
    device.on('nobody', (...args) => got.push(args));
    expect(await rig.until(unhandled.settled)).toEqual({ status: 'acknowledged' });
    expect(got).toEqual([[1], [2]]);
  });

  it('tells the agent of a handler that throws, and handles what follows', async () => {
    const { rig, device, lines } = await setUp();
    const got: unknown[] = [];
    device.on('reading', (data) => {
      if (data === 1) throw new Error('no');
      got.push(data);
    });
    const transport = await rig.device(ID);
    for (const n of [1, 2]) await sendAcknowledged(rig, transport, 'reading', n);
    expect(rig.eventsOf('handlerFailed')).toMatchObject([{ device: ID, name: 'reading', error: { message: 'no' } }]);
    expect([got, lines]).toEqual([[2], []]);
  });
});

describe('device.send', () => {
  it('S18 brings the reply that alone proves delivery', async () => {
    const { rig, device } = await setUp();
    device.on('reading', (data) => device.send('stored', (data as { id: number }).id));
    const transport = await rig.device(ID);
    const stored: unknown[] = [];
    transport.on('stored', (id) => stored.push(id));
    for (const id of [1, 2, 3]) await sendAcknowledged(rig, transport, 'reading', { id });
    expect(stored).toEqual([1, 2, 3]);
  });

  it('S17 no reply comes for what the overloaded agent dropped after the server ack', async () => {
    const { rig, device, lines } = await setUp({ agentQueueMaxMessages: 1 });
    const work = deferred();
    device.on('reading', async (id) => {
      await work.promise;
      device.send('stored', id);
    });
    const transport = await rig.device(ID);
    const stored: unknown[] = [];
    transport.on('stored', (id) => stored.push(id));
    for (const id of [1, 2, 3]) await sendAcknowledged(rig, transport, 'reading', id);
    work.resolve();
    await rig.settle();
    expect(stored).toEqual([1, 2]);
    expect([rig.agent.stats().droppedMessages.overloaded, lines]).toEqual([1, []]);
  });

  it('S39 returns nothing, and loses a message for a device that is away', async () => {
    const { rig, device, lines } = await setUp();
    expect(device.send('setting', 'early')).toBeUndefined();
    const transport = rig.transport(ID);
    const got: unknown[] = [];
    transport.on('setting', (data) => got.push(data));
    await rig.until(transport.connect());
    expect(device.send('setting', 'there')).toBeUndefined();
    await rig.settle();
    await rig.until(transport.disconnect());
    await rig.settle();
    device.send('setting', 'away');
    await rig.until(transport.connect());
    await rig.settle(60_000);
    expect([got, lines]).toEqual([['there'], []]);
  });

  it('S39 loses what is on the way when the device goes, and does not throw for it', async () => {
    const { rig, device } = await setUp();
    const transport = await rig.device(ID);
    const got: unknown[] = [];
    transport.on('setting', (data) => got.push(data));
    device.send('setting', 1);
    rig.network.cut();
    await rig.until(transport.connect());
    device.send('setting', 2);
    await rig.settle();
    expect(got).toEqual([2]);
  });

  it('throws at once for data that can not be sent, whether the device is there or not', async () => {
    const { rig, device } = await setUp();
    const sendBad = (): void => device.send('setting', () => {});
    const bad = expect.objectContaining({ code: 'DATA_NOT_SERIALISABLE' });
    expect(sendBad).toThrow(bad);
    await rig.device(ID);
    expect(sendBad).toThrow(bad);
    expect(() => device.send('setting', 'x'.repeat(300_000))).toThrow(
      expect.objectContaining({ code: 'MESSAGE_TOO_LARGE' }),
    );
  });

  it.each([
    ['large', 'x'.repeat(250_000), 40, 25],
    ['small', 'x'.repeat(100), 60_000, 30_000],
  ])(
    'loses %s messages that a device does not read, each with one line in the log',
    async (_, data, count, keptMax) => {
      const { rig, device, lines } = await setUp();
      const edges = watchEdges(device);
      await rig.device(ID);
      rig.network.setBlackHole(true);
      for (let n = 0; n < count; n++) device.send('setting', data);
      expect(new Set(lines)).toEqual(
        new Set(["ERROR: device.send('setting') is lost: the device does not read what it is sent"]),
      );
      expect(count - lines.length).toBeLessThan(keptMax);
      // What waits is not kept for good: the connection goes, and the next one begins with nothing.
      await rig.settle(30_100);
      expect([device.isconnected(), edges]).toEqual([false, ['connected 0', 'gone 0']]);
    },
  );
});

describe('a log that throws', () => {
  it('is an uncaught error, not one of whoever sends or is handled', async () => {
    const rig = await Rig.start();
    const surfaced = watchUncaught();
    const log = (line: string): void => {
      throw new Error(line);
    };
    const device = imposDevice(rig.agent, ID, { log });
    const transport = await rig.device(ID);
    await sendAcknowledged(rig, transport, 'reading', 1);
    expect(surfaced).toEqual([new Error("ERROR: no handler for agent.send('reading')")]);
    rig.network.setBlackHole(true);
    for (let n = 0; n < 40; n++) expect(device.send('setting', 'x'.repeat(250_000))).toBeUndefined();
    await rig.settle();
    const lost = new Error("ERROR: device.send('setting') is lost: the device does not read what it is sent");
    expect(surfaced.slice(1)).toContainEqual(lost);
  });
});

describe('device.onconnect and device.ondisconnect', () => {
  it('S40 are called on edges, without an argument, and follow isconnected', async () => {
    const { rig, device } = await setUp();
    const edges = watchEdges(device);
    expect(device.isconnected()).toBe(false);
    const transport = await rig.device(ID);
    expect([device.isconnected(), edges]).toEqual([true, ['connected 0']]);
    await rig.device('other');
    await rig.until(transport.disconnect());
    await rig.settle();
    expect([device.isconnected(), edges]).toEqual([false, ['connected 0', 'gone 0']]);
  });

  it('S40 have one slot each: a later callback replaces, null removes', async () => {
    const { rig, device } = await setUp();
    const edges = watchEdges(device, 'old ');
    device.onconnect(() => edges.push('new'));
    device.ondisconnect(null);
    const transport = await rig.device(ID);
    await rig.until(transport.disconnect());
    await rig.settle();
    device.onconnect(null);
    await rig.until(transport.connect());
    expect(edges).toEqual(['new']);
  });

  it('S40 do not tell what was so before', async () => {
    const { rig, device } = await setUp();
    await rig.device(ID);
    const edges = watchEdges(device);
    const late = watchEdges(imposDevice(rig.agent, ID));
    await rig.settle(10_000);
    expect([edges, late]).toEqual([[], []]);
  });

  it('S40 see nothing of a drop that the server noticed only by the new connection', async () => {
    const { rig, device } = await setUp();
    const edges = watchEdges(device);
    await rig.device(ID);
    // The older connection is half dead: the device has begun again, and the server has not noticed.
    const transport = await rig.device(ID);
    await rig.settle(1_000);
    expect(rig.eventsOf('deviceReplaced')).toHaveLength(1);
    expect([device.isconnected(), edges]).toEqual([true, ['connected 0']]);
    await rig.until(transport.disconnect());
    await rig.settle();
    expect(edges).toEqual(['connected 0', 'gone 0']);
  });

  it('S40 are both called when the server noticed the cut first', async () => {
    const { rig, device } = await setUp();
    const edges = watchEdges(device);
    const transport = await rig.device(ID);
    rig.network.cut();
    await rig.until(transport.connect());
    expect(edges).toEqual(['connected 0', 'gone 0', 'connected 0']);
  });

  it('are heard by both sides: what they send arrives', async () => {
    const { rig, device } = await setUp();
    const transport = rig.transport(ID);
    const got: unknown[] = [];
    transport.on('hello', (data) => got.push(data));
    device.onconnect(() => device.send('hello', 'again'));
    await rig.until(transport.connect());
    await rig.settle();
    expect(got).toEqual(['again']);
  });

  it('that throw surface as uncaught errors, and the next edge is told', async () => {
    const { rig, device } = await setUp();
    const surfaced = watchUncaught();
    const edges = watchEdges(device);
    device.onconnect(() => {
      throw new Error('no');
    });
    const transport = await rig.device(ID);
    expect(surfaced).toEqual([new Error('no')]);
    await rig.until(transport.disconnect());
    await rig.settle();
    expect(edges).toEqual(['gone 0']);
  });
});

describe('a restart of the agent', () => {
  it('S41 messages in the gap vanish without an error for the device', async () => {
    const { rig, device, lines } = await setUp();
    const got: unknown[] = [];
    const program = (): void => device.on('reading', (data) => got.push(data));
    program();
    const transport = await rig.device(ID);
    await sendAcknowledged(rig, transport, 'reading', 1);
    const gap = deferred();
    const restarting = rig.agent.restart(async () => {
      await gap.promise;
      program();
    });
    await sendAcknowledged(rig, transport, 'reading', 2);
    await rig.settle(5_000);
    expect(transport.isConnected()).toBe(true);
    gap.resolve();
    await restarting;
    await sendAcknowledged(rig, transport, 'reading', 3);
    expect([got, lines]).toEqual([[1, 3], []]);
    expect(rig.agent.stats().droppedMessages.restarting).toBe(1);
  });

  it('forgets what the program has registered; the next one may use the same object', async () => {
    const { rig, device, lines } = await setUp();
    const edges = watchEdges(device, 'old ');
    device.on('reading', () => edges.push('old reading'));
    await rig.agent.restart(() => device.ondisconnect(() => edges.push('new gone')));
    const transport = await rig.device(ID);
    await sendAcknowledged(rig, transport, 'reading', 1);
    await rig.until(transport.disconnect());
    await rig.settle();
    expect(edges).toEqual(['new gone']);
    expect(lines).toEqual(["ERROR: no handler for agent.send('reading')"]);
    await rig.agent.restart(() => device.on('other', () => edges.push('newest other')));
    await rig.until(transport.connect());
    await sendAcknowledged(rig, transport, 'other', 1);
    await sendAcknowledged(rig, transport, 'reading', 1);
    await rig.until(transport.disconnect());
    await rig.settle();
    expect(edges).toEqual(['new gone', 'newest other']);
    expect(lines).toHaveLength(2);
  });

  it('lets the next program make its own object, and there is one line for a message', async () => {
    const rig = await Rig.start();
    const lines: string[] = [];
    const edges: string[] = [];
    const program = (): void => {
      const device = imposDevice(rig.agent, ID, { log: (line) => lines.push(line) });
      device.onconnect(() => edges.push('connected'));
    };
    program();
    for (let n = 1; n <= 3; n++) await rig.agent.restart(program);
    await sendAcknowledged(rig, await rig.device(ID), 'reading', 1);
    expect(edges).toEqual(['connected']);
    expect(lines).toEqual(["ERROR: no handler for agent.send('reading')"]);
  });

  it('shows the next program no edge that came before it', async () => {
    const { rig, device } = await setUp();
    const gap = deferred();
    const edges: string[] = [];
    const restarting = rig.agent.restart(async () => {
      await gap.promise;
      edges.push(...watchEdges(device));
      device.onconnect(() => edges.push('connected'));
      device.ondisconnect(() => edges.push('gone'));
    });
    const transport = await rig.device(ID);
    gap.resolve();
    await restarting;
    await rig.settle();
    expect([device.isconnected(), edges]).toEqual([true, []]);
    await rig.until(transport.disconnect());
    await rig.settle();
    expect(edges).toEqual(['gone']);
  });
});

describe('imposDevice', () => {
  it('names what is wrong', async () => {
    const { rig, device } = await setUp();
    expect(() => imposDevice(rig.agent, '')).toThrow('deviceId');
    expect(() => imposDevice(rig.agent, 'x'.repeat(129))).toThrow('deviceId');
    expect(() => imposDevice(rig.agent, ID, { log: 1 as never })).toThrow('log');
    expect(() => device.on('reading', 1 as never)).toThrow('reading');
    expect(() => device.onconnect(undefined as never)).toThrow('onconnect');
    expect(() => device.ondisconnect({} as never)).toThrow('ondisconnect');
  });

  it('S18 works over real sockets', async () => {
    const agent = createAgent({ listeners: [tcpListener({ port: 0 })], store: memoryStore() });
    onTestFinished(() => agent.close());
    const [listener] = await agent.listen();
    const device = imposDevice(agent, ID);
    const gone = new Promise<void>((resolve) => device.ondisconnect(resolve));
    device.on('reading', (data) => device.send('stored', data));
    const link = tcp({ host: '127.0.0.1', port: listener?.port as number });
    const transport = createTransport({ deviceId: ID, link });
    onTestFinished(() => transport.disconnect());
    const blob = Uint8Array.from({ length: 200_000 }, (_, n) => n % 251);
    const stored = new Promise((resolve) => transport.on('stored', resolve));
    await transport.connect();
    expect(device.isconnected()).toBe(true);
    expect(await transport.send('reading', blob)).toBe(SEND_OK);
    expect(Buffer.from((await stored) as Uint8Array).equals(blob)).toBe(true);
    const channel = await openReliableChannel({ transport, store: memoryStore() });
    expect(await channel.send('reading', 2).settled).toEqual({ status: 'acknowledged' });
    await channel.close();
    await transport.disconnect();
    await gone;
    expect(device.isconnected()).toBe(false);
  });
});
