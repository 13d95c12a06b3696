// The device's end as a program sees it, over a memory network in virtual time.

import { CLOSE_CODE, REFUSE_CODE } from '@holdfast/protocol/core';
import { createVirtualRuntime, type VirtualRuntime } from '@holdfast/simulator';
import { describe, expect, test } from 'vitest';
import {
  CONNECT_REASON,
  createTransport,
  DISCONNECTED,
  type Link,
  LinkError,
  NOT_CONNECTED,
  RETURN_ON_ERROR,
  SEND_OK,
  TIMEOUT,
  type Transport,
  type TransportEvent,
  type TransportOptions,
  WAIT_FOR_ACK,
  WAIT_TIL_SENT,
} from '../src/index.js';
import { createMemoryNetwork, type MemoryNetwork, type MemoryNetworkOptions } from '../src/links/memory.js';
import { TestServer } from './server.js';
import { uncaughtDuring } from './uncaught.js';

const TOKEN = 'tok-9f3a77';

class Bench {
  readonly runtime: VirtualRuntime;
  readonly network: MemoryNetwork;
  readonly server: TestServer;
  readonly transport: Transport;
  readonly events: TransportEvent[] = [];
  readonly stopServer: () => void;

  constructor(options: Partial<TransportOptions> = {}, network: Partial<MemoryNetworkOptions> = {}, seed = 1) {
    this.runtime = createVirtualRuntime({ seed });
    this.network = createMemoryNetwork({ runtime: this.runtime, latencyMs: 10, ...network });
    this.server = new TestServer(this.runtime);
    this.stopServer = this.server.listen(this.network);
    const link = this.network.link();
    this.transport = createTransport({ deviceId: 'press-7', token: TOKEN, link, runtime: this.runtime, ...options });
    this.transport.setSendTimeoutPolicy(RETURN_ON_ERROR, WAIT_TIL_SENT, 30);
    this.transport.observe((event) => this.events.push(event));
  }

  static async connected(...options: ConstructorParameters<typeof Bench>): Promise<Bench> {
    const bench = new Bench(...options);
    expect(await bench.wait(bench.transport.connect())).toBe(CONNECT_REASON.connected);
    return bench;
  }

  /** Lets time go by until a promise is settled. */
  async wait<Value>(promise: Promise<Value>, limitMs = 200_000): Promise<Value> {
    let settled = false;
    const settle = (): void => {
      settled = true;
    };
    promise.then(settle, settle);
    if (!(await this.runtime.runUntil(() => settled, { limitMs }))) throw new Error(`not settled within ${limitMs} ms`);
    return promise;
  }

  typesOf(): string[] {
    return this.events.map(({ type }) => type);
  }
}

describe('connect', () => {
  test('says that it is connected, and so do isConnected and the observers', async () => {
    const bench = new Bench();
    expect(bench.transport.isConnected()).toBe(false);
    expect(await bench.wait(bench.transport.connect())).toBe(CONNECT_REASON.connected);
    expect(bench.transport.isConnected()).toBe(true);
    expect(bench.events).toEqual([{ type: 'connected' }]);
  });

  test('dials once for two callers, and answers at once when connected already', async () => {
    const bench = new Bench();
    const both = Promise.all([bench.transport.connect(), bench.transport.connect()]);
    expect(await bench.wait(both)).toEqual([CONNECT_REASON.connected, CONNECT_REASON.connected]);
    const before = bench.runtime.nowMs();
    expect(await bench.wait(bench.transport.connect())).toBe(CONNECT_REASON.connected);
    expect(bench.runtime.nowMs()).toBe(before);
    expect(bench.server.accepted).toBe(1);
  });

  test('S30 says why it failed, and can be called again', async () => {
    const bench = new Bench();
    bench.network.setReachable(false);
    expect(await bench.wait(bench.transport.connect())).toBe(CONNECT_REASON.noServer);
    expect(bench.events).toMatchObject([
      { type: 'connectFailed', reason: CONNECT_REASON.noServer, cause: { kind: 'linkLost' } },
    ]);
    bench.network.setReachable(true);
    expect(await bench.wait(bench.transport.connect())).toBe(CONNECT_REASON.connected);
  });

  test('S28 is the only thing that dials once a loss is declared', async () => {
    const bench = await Bench.connected();
    bench.network.setReachable(false);
    bench.network.cut();
    await bench.runtime.advance(60_000);
    expect(bench.events.at(-1)).toEqual({ type: 'lossDeclared', reason: CONNECT_REASON.noServer });
    bench.network.setReachable(true);
    await bench.runtime.advance(3_600_000);
    expect(bench.transport.isConnected()).toBe(false);
    expect(bench.server.accepted).toBe(1);
    expect(await bench.wait(bench.transport.connect())).toBe(CONNECT_REASON.connected);
  });

  test('gives a server that says nothing 10 s', async () => {
    const bench = new Bench();
    bench.server.onHello = () => {};
    const startMs = bench.runtime.nowMs();
    expect(await bench.wait(bench.transport.connect())).toBe(CONNECT_REASON.noServer);
    expect(bench.runtime.nowMs() - startMs).toBe(10_010);
  });

  test('S29 gives up after 60 s, or what it is told, when the link does not open', async () => {
    for (const [options, ms] of [
      [{}, 60_000],
      [{ timeoutMs: 250 }, 250],
    ] as const) {
      const bench = new Bench();
      bench.network.setBlackHole(true);
      expect(await bench.wait(bench.transport.connect(options))).toBe(CONNECT_REASON.noServer);
      expect(bench.runtime.nowMs()).toBe(ms);
    }
  });

  test('says that this device is refused, but not that a server has no time for it', async () => {
    const bench = new Bench();
    bench.server.onHello = (connection) => connection.refuse(REFUSE_CODE.unauthorised, 'unknown device');
    expect(await bench.wait(bench.transport.connect())).toBe(CONNECT_REASON.notAuthorised);
    expect(bench.events.at(-1)).toMatchObject({
      cause: { kind: 'refused', detail: expect.stringContaining('unknown device') },
    });
    bench.server.onHello = (connection) => connection.refuse(REFUSE_CODE.overloaded, 'too many devices', 5_000);
    expect(await bench.wait(bench.transport.connect())).toBe(CONNECT_REASON.noServer);
  });

  test('takes a link that fails without a reason for one without a server', async () => {
    const failing = (error: unknown): Link => ({
      name: 'bad',
      writeMaxBytes: 1_000,
      dial: () => Promise.reject(error),
    });
    const throwing: Link = {
      name: 'worse',
      writeMaxBytes: 1_000,
      dial: () => {
        throw new Error('at once');
      },
    };
    for (const link of [failing(new Error('odd')), failing('odder'), throwing]) {
      const bench = new Bench({ link });
      expect(await bench.wait(bench.transport.connect())).toBe(CONNECT_REASON.noServer);
    }
    const bench = new Bench({ link: failing(new LinkError(CONNECT_REASON.noLink, 'no cable')) });
    expect(await bench.wait(bench.transport.connect())).toBe(CONNECT_REASON.noLink);
  });

  test('survives a server that drops the pipe at once', async () => {
    const bench = new Bench({}, { latencyMs: 0 });
    bench.network.listen((pipe) => {
      pipe.destroy();
      return { received: () => {}, closed: () => {} };
    });
    expect(await bench.wait(bench.transport.connect())).toBe(CONNECT_REASON.noServer);
    expect(bench.runtime.nowMs()).toBe(0);
  });

  test('names a timeout that is none', async () => {
    const bench = new Bench();
    await expect(bench.transport.connect({ timeoutMs: 0 })).rejects.toThrow('timeoutMs');
  });
});

describe('disconnect', () => {
  test('S33 resolves when the last bytes have left, and nothing dials afterwards', async () => {
    const bench = await Bench.connected();
    bench.transport.keepConnected();
    const codes = [bench.transport.send('a', 1), bench.transport.send('b', 2)];
    await bench.wait(bench.transport.disconnect());
    expect(await Promise.all(codes)).toEqual([SEND_OK, SEND_OK]);
    await bench.runtime.advance(3_600_000);
    expect(bench.server.messages.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(bench.server.ended).toMatchObject([{ kind: 'closedByPeer', code: CLOSE_CODE.normal }]);
    expect(bench.server.accepted).toBe(1);
  });

  test('resolves at once when there is nothing to end, and for everybody who asks', async () => {
    const bench = new Bench();
    await bench.transport.disconnect();
    await bench.wait(bench.transport.connect());
    await bench.wait(Promise.all([bench.transport.disconnect(), bench.transport.disconnect()]));
    expect(bench.typesOf().filter((type) => type === 'disconnected')).toHaveLength(1);
  });

  test('leaves no timer that would keep the program from ending', async () => {
    const bench = await Bench.connected();
    bench.transport.keepConnected();
    await bench.transport.send('a', 1);
    await bench.wait(bench.transport.disconnect());
    await bench.runtime.advance(20); // The network tells the server.
    expect(bench.runtime.pendingTimers).toBe(0);
  });

  test('resolves within a second when the link takes nothing', async () => {
    const bench = await Bench.connected({}, { inFlightMaxBytes: 1 });
    bench.network.setBlackHole(true);
    await bench.transport.send('a', 'x'.repeat(500));
    const startMs = bench.runtime.nowMs();
    await bench.wait(bench.transport.disconnect());
    expect(bench.runtime.nowMs() - startMs).toBe(1_000);
  });

  test('gives an attempt up while it dials, and says so', async () => {
    const bench = new Bench();
    const connecting = bench.transport.connect();
    await bench.transport.disconnect();
    expect(await connecting).toBe(CONNECT_REASON.notConnected);
    await bench.runtime.advance(100_000);
    expect(bench.server.ended).toEqual([]);
    expect(bench.transport.isConnected()).toBe(false);
  });

  test('gives an attempt up while it greets', async () => {
    const bench = new Bench();
    const connecting = bench.transport.connect();
    await bench.runtime.advance(15);
    await bench.wait(bench.transport.disconnect());
    expect(await connecting).toBe(CONNECT_REASON.notConnected);
  });

  test('can be followed by connect at once', async () => {
    const bench = await Bench.connected();
    void bench.transport.disconnect();
    expect(await bench.wait(bench.transport.connect())).toBe(CONNECT_REASON.connected);
    expect(bench.server.accepted).toBe(2);

    const dialing = new Bench();
    const first = dialing.transport.connect();
    void dialing.transport.disconnect();
    expect(await dialing.wait(dialing.transport.connect())).toBe(CONNECT_REASON.connected);
    expect(await first).toBe(CONNECT_REASON.notConnected);
  });
});

describe('send', () => {
  test('S24 waits until the message is in the buffer, for 30 s, when nothing else is set', async () => {
    const bench = await Bench.connected({ sendBufferBytes: 100 }, { inFlightMaxBytes: 1 });
    bench.network.setBlackHole(true);
    expect(await bench.wait(bench.transport.send('a', 'x'.repeat(50)))).toBe(SEND_OK);
    const startMs = bench.runtime.nowMs();
    expect(await bench.wait(bench.transport.send('b', 'x'.repeat(500)))).toBe(TIMEOUT);
    expect(bench.runtime.nowMs() - startMs).toBe(30_000);
    expect(bench.events).toContainEqual(
      expect.objectContaining({ type: 'disconnected', cause: expect.objectContaining({ kind: 'sendTimeout' }) }),
    );
  });

  test('S12 S13 waits for the server ack, as long as the policy says, in seconds', async () => {
    const bench = await Bench.connected();
    bench.transport.setSendTimeoutPolicy(RETURN_ON_ERROR, WAIT_FOR_ACK, 0.5);
    const startMs = bench.runtime.nowMs();
    expect(await bench.wait(bench.transport.send('a', 1))).toBe(SEND_OK);
    expect(bench.runtime.nowMs() - startMs).toBe(20);
    bench.network.setBlackHole(true);
    expect(await bench.wait(bench.transport.send('b', 2))).toBe(TIMEOUT);
    expect(bench.runtime.nowMs() - startMs).toBe(520);
    expect(bench.transport.isConnected()).toBe(false);
    expect(await bench.wait(bench.transport.send('c', 3))).toBe(NOT_CONNECTED);
    expect(bench.server.messages).toEqual([{ name: 'a', data: 1 }]);
  });

  test('S22 a message that timed out may have arrived, so that sending it again repeats it', async () => {
    const bench = await Bench.connected({}, { latencyMs: 400 });
    bench.transport.setSendTimeoutPolicy(RETURN_ON_ERROR, WAIT_FOR_ACK, 0.5);
    expect(await bench.wait(bench.transport.send('a', 1))).toBe(TIMEOUT);
    bench.transport.setSendTimeoutPolicy(RETURN_ON_ERROR, WAIT_FOR_ACK, 30);
    await bench.wait(bench.transport.connect());
    expect(await bench.wait(bench.transport.send('a', 1))).toBe(SEND_OK);
    expect(bench.server.messages).toHaveLength(2);
  });

  test('S31 a silent cut is noticed after 105 s, and not before', async () => {
    const bench = await Bench.connected();
    bench.network.setBlackHole(true);
    await bench.runtime.advance(104_000);
    expect(bench.transport.isConnected()).toBe(true);
    await bench.runtime.advance(1_000);
    expect(bench.transport.isConnected()).toBe(false);
    expect(bench.server.ended).toMatchObject([{ kind: 'keepaliveTimeout' }]);
  });

  test('a quiet connection stays up', async () => {
    const bench = await Bench.connected();
    await bench.runtime.advance(3_600_000);
    expect(bench.transport.isConnected()).toBe(true);
    expect(await bench.wait(bench.transport.send('a', 1))).toBe(SEND_OK);
  });

  test('S15 answers DISCONNECTED when the connection goes during the send', async () => {
    const bench = await Bench.connected();
    bench.transport.setSendTimeoutPolicy(RETURN_ON_ERROR, WAIT_FOR_ACK, 30);
    const code = bench.transport.send('a', 1);
    bench.network.cut();
    expect(await code).toBe(DISCONNECTED);
  });

  test('S42 S43 carries data as it is', async () => {
    const bench = await Bench.connected();
    const data = { a: [null, true, 0.5, -3, 'text\0', Uint8Array.of(0, 255)], nested: { empty: {} } };
    await bench.transport.send('n', data);
    await bench.runtime.advance(10);
    expect(bench.server.messages).toEqual([{ name: 'n', data }]);
  });

  test('S44 rejects what can not be sent, connected or not', async () => {
    const bench = new Bench();
    await expect(bench.transport.send('n', () => 1)).rejects.toMatchObject({ code: 'DATA_NOT_SERIALISABLE' });
    await expect(bench.transport.send('', 1)).rejects.toThrow(TypeError);
    await expect(bench.transport.send('n', 'x'.repeat(262_144))).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE' });
  });

  test('S18 the round trip through a handler at the other end can be told in a few lines', async () => {
    const bench = await Bench.connected();
    bench.server.onMessage = () => void bench.server.latest.send('pong', 'handled', 1_000);
    const answer = new Promise((resolve) => bench.transport.on('pong', resolve));
    await bench.transport.send('ping', 1);
    expect(await bench.wait(answer)).toBe('handled');
  });
});

describe('settings', () => {
  test('S3 S4 S5 S6 the send buffer grows up to its limit, never shrinks, and keeps its size', async () => {
    const bench = await Bench.connected();
    const { transport } = bench;
    expect(transport.sendBuffer).toEqual({ capacityBytes: 3_456, usedBytes: 0, freeBytes: 3_456 });
    expect(transport.setSendBufferSize(8_096)).toBe(3_456);
    expect(transport.setSendBufferSize(100)).toBe(8_096);
    expect(transport.setSendBufferSize(1_000_000)).toBe(8_096);
    expect(transport.sendBuffer.capacityBytes).toBe(30_720);
    await bench.wait(transport.disconnect());
    await bench.wait(transport.connect());
    expect(transport.sendBuffer.capacityBytes).toBe(30_720);
    for (const bytes of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => transport.setSendBufferSize(bytes)).toThrow('bytes');
    }
  });

  test('a policy that does not exist is refused', () => {
    const { transport } = new Bench();
    const set = transport.setSendTimeoutPolicy.bind(transport) as (...args: unknown[]) => void;
    expect(() => set('RETURN', WAIT_TIL_SENT, 30)).toThrow('onError');
    expect(() => set(RETURN_ON_ERROR, 'WAIT', 30)).toThrow('waitFor');
    for (const seconds of [-1, 3_601, Number.NaN, '30']) {
      expect(() => set(RETURN_ON_ERROR, WAIT_TIL_SENT, seconds)).toThrow('timeoutSeconds');
    }
  });
});

describe('messages from the agent', () => {
  test('S38 reach the handler that was registered last, S37 or are dropped with a word', async () => {
    const bench = await Bench.connected();
    const heard: unknown[] = [];
    bench.transport.on('n', () => heard.push('the older handler'));
    bench.transport.on('n', (...data) => heard.push(data));
    await bench.server.latest.send('n', 7, 1_000);
    await bench.server.latest.send('other', 8, 1_000);
    await bench.runtime.advance(10);
    expect(heard).toEqual([[7]]);
    expect(bench.events.at(-1)).toEqual({ type: 'messageDropped', name: 'other' });
  });

  test('do not break anything when handlers and observers throw; the errors surface', async () => {
    const bench = await Bench.connected();
    const errors = await uncaughtDuring(async () => {
      bench.transport.on('n', () => {
        throw new Error('the handler broke');
      });
      bench.transport.observe(() => {
        throw new Error('the observer broke');
      });
      await bench.server.latest.send('n', 7, 1_000);
      await bench.server.latest.send('other', 7, 1_000);
      await bench.runtime.advance(10);
    });
    expect(errors).toMatchObject([{ message: 'the handler broke' }, { message: 'the observer broke' }]);
    bench.transport.setSendTimeoutPolicy(RETURN_ON_ERROR, WAIT_FOR_ACK, 30);
    expect(await bench.wait(bench.transport.send('a', 1))).toBe(SEND_OK);
  });
});

describe('keepConnected', () => {
  test('dials at once and after every loss, and says when', async () => {
    const bench = new Bench();
    bench.transport.keepConnected();
    expect(await bench.runtime.runUntil(() => bench.transport.isConnected(), { limitMs: 1_000 })).toBe(true);
    bench.network.cut();
    expect(await bench.runtime.runUntil(() => bench.transport.isConnected(), { limitMs: 1_000 })).toBe(true);
    expect(bench.typesOf()).toEqual(['connected', 'disconnected', 'reconnectScheduled', 'connected']);
  });

  test('keeps a connection that is up already', async () => {
    const bench = await Bench.connected();
    bench.transport.keepConnected();
    await bench.runtime.advance(1_000);
    expect(bench.server.accepted).toBe(1);
    bench.network.cut();
    expect(await bench.runtime.runUntil(() => bench.transport.isConnected(), { limitMs: 1_000 })).toBe(true);
  });

  test('dials after a connection that this end has closed for a protocol error, too', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const bench = new Bench({}, {}, seed);
      bench.transport.keepConnected();
      await bench.runtime.runUntil(() => bench.transport.isConnected(), { limitMs: 1_000 });
      bench.server.latest.carrier.sendFrame({ type: 'serverAck', count: 99 } as never);
      await bench.runtime.runUntil(() => !bench.transport.isConnected(), { limitMs: 1_000 });
      expect(bench.events.at(-2)).toMatchObject({ type: 'disconnected', cause: { kind: 'protocolError' } });
      expect(await bench.runtime.runUntil(() => bench.transport.isConnected(), { limitMs: 1_000 })).toBe(true);
      await bench.wait(bench.transport.disconnect());
    }
  });

  test('does not storm a server that welcomes and closes in one breath', async () => {
    for (const latencyMs of [0, 10]) {
      const bench = new Bench({}, { latencyMs });
      bench.server.onHello = (connection) => {
        connection.admit();
        connection.close(CLOSE_CODE.shuttingDown, 'not today');
      };
      bench.transport.keepConnected();
      const perMinute: number[] = [];
      for (let minute = 0; minute < 10; minute++) {
        const before = bench.server.accepted;
        await bench.runtime.advance(60_000);
        perMinute.push(bench.server.accepted - before);
      }
      expect(Math.min(...perMinute)).toBeGreaterThan(0);
      expect(Math.max(...perMinute)).toBeLessThanOrEqual(20);
    }
  });

  test('slows down for a device whose place another has taken', async () => {
    const bench = new Bench();
    bench.transport.keepConnected();
    await bench.runtime.runUntil(() => bench.transport.isConnected(), { limitMs: 1_000 });
    bench.server.latest.close(CLOSE_CODE.replaced, 'another connection has taken this id');
    await bench.runtime.advance(29_000);
    expect(bench.server.accepted).toBe(1);
    await bench.runtime.advance(2_000);
    expect(bench.server.accepted).toBe(2);
  });

  test('comes back when an overloaded server says', async () => {
    const bench = new Bench();
    bench.server.onHello = (connection) => connection.refuse(REFUSE_CODE.overloaded, 'too many devices', 120_000);
    bench.transport.keepConnected();
    await bench.runtime.advance(119_000);
    expect(bench.server.accepted).toBe(1);
    expect(bench.events.at(-1)).toEqual({ type: 'reconnectScheduled', delayMs: 120_000 });
    await bench.runtime.advance(2_000);
    expect(bench.server.accepted).toBe(2);
  });

  test('ends with the last release, while the connection stays', async () => {
    const bench = new Bench();
    const releases = [bench.transport.keepConnected(), bench.transport.keepConnected()];
    await bench.runtime.runUntil(() => bench.transport.isConnected(), { limitMs: 1_000 });
    for (const release of releases) release();
    expect(bench.transport.isConnected()).toBe(true);
    bench.network.setReachable(false);
    bench.network.cut();
    await bench.runtime.advance(60_000);
    bench.network.setReachable(true);
    await bench.runtime.advance(3_600_000);
    expect(bench.server.accepted).toBe(1);
  });

  test('begins again after disconnect has ended it', async () => {
    const bench = new Bench();
    bench.network.setReachable(false);
    bench.transport.keepConnected();
    await bench.runtime.advance(5_000);
    await bench.transport.disconnect();
    bench.network.setReachable(true);
    await bench.runtime.advance(100_000);
    expect(bench.server.accepted).toBe(0);
    bench.transport.keepConnected();
    expect(await bench.runtime.runUntil(() => bench.transport.isConnected(), { limitMs: 1_000 })).toBe(true);
  });

  test('gets through whatever the network does, once it stops', async () => {
    for (let seed = 0; seed < 30; seed++) {
      const bench = new Bench({}, { latencyMs: seed % 3 }, seed);
      const { network, runtime } = bench;
      bench.transport.keepConnected();
      for (let round = 0; round < 30; round++) {
        const draw = runtime.randomUint32();
        if (draw % 5 === 0) network.cut();
        if (draw % 5 === 1) network.setReachable((draw & 64) === 0);
        if (draw % 5 === 2) network.setBlackHole((draw & 64) === 0);
        if (draw % 5 === 3) bench.server.connections.at(-1)?.close();
        if (draw % 5 === 4)
          bench.server.connections.at(-1)?.carrier.sendFrame({ type: 'serverAck', count: 99 } as never);
        await runtime.advance(draw % 7 === 0 ? 120_000 : draw % 900);
      }
      network.setBlackHole(false);
      network.setReachable(true);
      expect(await runtime.runUntil(() => bench.transport.isConnected(), { limitMs: 300_000 })).toBe(true);
      await bench.wait(bench.transport.disconnect());
    }
  });
});

describe('the token', () => {
  test('appears in no event and no error', async () => {
    const bench = new Bench();
    bench.server.onHello = (connection) => connection.refuse(REFUSE_CODE.unauthorised, 'wrong token');
    await bench.wait(bench.transport.connect());
    bench.network.setReachable(false);
    await bench.wait(bench.transport.connect());
    expect(bench.events).toHaveLength(2);
    expect(JSON.stringify(bench.events)).not.toContain(TOKEN);
    expect(JSON.stringify(bench.transport)).not.toContain(TOKEN);
  });
});
