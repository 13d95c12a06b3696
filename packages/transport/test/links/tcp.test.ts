// Real sockets on this machine. TLS has a file of its own, tcp-tls.test.ts.

import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { systemRuntime } from '@holdfast/protocol';
import { REFUSE_CODE } from '@holdfast/protocol/core';
import { startChaosProxy } from '@holdfast/simulator/chaos-proxy';
import { afterEach, describe, expect, test } from 'vitest';
import {
  CONNECT_REASON,
  createTransport,
  DISCONNECTED,
  RETURN_ON_ERROR,
  SEND_OK,
  TIMEOUT,
  type Transport,
  type TransportEvent,
  type TransportOptions,
  WAIT_FOR_ACK,
  WAIT_TIL_SENT,
} from '../../src/index.js';
import { isLoopbackHost, socketPipe, tcp } from '../../src/links/tcp.js';
import { TestServer } from '../server.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function listen(onSocket: (socket: Socket) => void): Promise<{ server: Server; port: number }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onSocket(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { server, port: (server.address() as AddressInfo).port };
}

async function serve(): Promise<{ server: TestServer; port: number }> {
  const server = new TestServer(systemRuntime());
  const { port } = await listen((socket) => void server.accept(socket));
  return { server, port };
}

function transportTo(
  port: number,
  options: Partial<TransportOptions> = {},
): { transport: Transport; events: TransportEvent[] } {
  const transport = createTransport({ deviceId: 'press-7', link: tcp({ host: '127.0.0.1', port }), ...options });
  transport.setSendTimeoutPolicy(RETURN_ON_ERROR, WAIT_TIL_SENT, 30);
  const events: TransportEvent[] = [];
  transport.observe((event) => events.push(event));
  cleanups.push(() => transport.disconnect());
  return { transport, events };
}

function nextEvent<Type extends TransportEvent['type']>(transport: Transport, type: Type): Promise<TransportEvent> {
  return new Promise((resolve) => {
    const stop = transport.observe((event) => {
      if (event.type !== type) return;
      stop();
      resolve(event);
    });
  });
}

/** A port on which nothing listens. */
async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

describe('a TCP link', () => {
  test('carries messages and acks both ways', async () => {
    const { server, port } = await serve();
    const { transport } = transportTo(port);
    expect(await transport.connect()).toBe(CONNECT_REASON.connected);
    transport.setSendTimeoutPolicy(RETURN_ON_ERROR, WAIT_FOR_ACK, 20);
    const answer = new Promise((resolve) => transport.on('answer', resolve));
    server.onMessage = () => void server.latest.send('answer', 'x'.repeat(100_000), 20_000);
    expect(await transport.send('question', 'y'.repeat(200_000))).toBe(SEND_OK);
    expect(await answer).toHaveLength(100_000);
    expect(server.messages).toEqual([{ name: 'question', data: 'y'.repeat(200_000) }]);
    expect(server.latest.peer).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  test('sends the last bytes before it goes', async () => {
    const { server, port } = await serve();
    const { transport } = transportTo(port);
    await transport.connect();
    const allCame = new Promise<void>((resolve) => {
      server.onMessage = () => server.messages.length === 200 && resolve();
    });
    const codes = await Promise.all(
      Array.from({ length: 200 }, (_, index) => transport.send('n', `${index}`.repeat(50))),
    );
    await transport.disconnect();
    await allCame;
    expect(new Set(codes)).toEqual(new Set([SEND_OK]));
    expect(server.messages.map(({ data }) => data)).toEqual(codes.map((_, index) => `${index}`.repeat(50)));
  });

  test('S30 a name that does not resolve', async () => {
    const { transport, events } = transportTo(1, {
      link: tcp({ host: 'no-such-host.invalid', port: 7_400, plaintext: true }),
    });
    expect(await transport.connect()).toBe(CONNECT_REASON.notResolved);
    expect(events[0]).toMatchObject({ cause: { detail: expect.stringContaining('no-such-host.invalid:7400') } });
  });

  test('S30 a port on which nothing listens', async () => {
    const { transport, events } = transportTo(await freePort());
    expect(await transport.connect()).toBe(CONNECT_REASON.noServer);
    expect(events[0]).toMatchObject({ cause: { detail: expect.stringContaining('nothing listens there') } });
  });

  test('S30 a server that does not answer the hello', async () => {
    const { port } = await listen(() => {});
    const { transport, events } = transportTo(port, { handshakeTimeoutMs: 20 });
    expect(await transport.connect()).toBe(CONNECT_REASON.noServer);
    expect(events[0]).toMatchObject({ cause: { kind: 'handshakeTimeout' } });
  });

  test('S30 a server that does not let this device in', async () => {
    const { server, port } = await serve();
    server.onHello = (connection, _, token) => {
      if (token === 'right') connection.admit();
      else connection.refuse(REFUSE_CODE.unauthorised, 'the token is wrong');
    };
    const wrong = transportTo(port, { token: 'left' });
    expect(await wrong.transport.connect()).toBe(CONNECT_REASON.notAuthorised);
    expect(JSON.stringify(wrong.events)).not.toContain('left');
    expect(await transportTo(port, { token: 'right' }).transport.connect()).toBe(CONNECT_REASON.connected);
  });

  test('a server that speaks something else', async () => {
    const { port } = await listen((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const { transport, events } = transportTo(port);
    expect(await transport.connect()).toBe(CONNECT_REASON.noServer);
    expect(events[0]).toMatchObject({ cause: { kind: 'protocolError' } });
  });

  test('a server that closes at once', async () => {
    const { port } = await listen((socket) => socket.resetAndDestroy());
    const { transport } = transportTo(port);
    expect(await transport.connect()).toBe(CONNECT_REASON.noServer);
  });

  test('an attempt that is given up leaves no socket', async () => {
    const { server, port } = await listen(() => {});
    const connection = once(server, 'connection');
    const { transport } = transportTo(port);
    const connecting = transport.connect();
    const [socket] = (await connection) as [Socket];
    const closed = new Promise((resolve) => socket.resume().once('close', resolve));
    await transport.disconnect();
    expect(await connecting).toBe(CONNECT_REASON.notConnected);
    await closed;

    const abort = new AbortController();
    const dialing = tcp({ host: '127.0.0.1', port }).dial({ received: () => {}, closed: () => {} }, abort.signal);
    abort.abort();
    await expect(dialing).rejects.toMatchObject({ name: 'LinkError', reason: CONNECT_REASON.notConnected });
    const tooLate = tcp({ host: '127.0.0.1', port }).dial({ received: () => {}, closed: () => {} }, abort.signal);
    await expect(tooLate).rejects.toMatchObject({ name: 'LinkError', reason: CONNECT_REASON.notConnected });
  });

  test('S15 S16 a cut connection is noticed, and what was in the buffer is lost', async () => {
    const { server, port } = await serve();
    const proxy = await startChaosProxy({ target: { host: '127.0.0.1', port } });
    cleanups.push(() => proxy.close());
    const { transport } = transportTo(proxy.port);
    await transport.connect();
    transport.setSendTimeoutPolicy(RETURN_ON_ERROR, WAIT_FOR_ACK, 20);
    proxy.blackHole(true);
    const code = transport.send('a', 1);
    const lost = nextEvent(transport, 'disconnected');
    proxy.cut();
    expect(await lost).toMatchObject({ cause: { kind: 'linkLost' } });
    expect(await code).toBe(DISCONNECTED);
    expect(transport.sendBuffer.usedBytes).toBe(0);
    expect(server.messages).toEqual([]);
  });

  test('keeps a connection up through cuts', async () => {
    const { server, port } = await serve();
    const proxy = await startChaosProxy({ target: { host: '127.0.0.1', port } });
    cleanups.push(() => proxy.close());
    const { transport } = transportTo(proxy.port, { reconnectBackoff: { minMs: 1, maxMs: 5 } });
    const firstUp = nextEvent(transport, 'connected');
    transport.keepConnected();
    await firstUp;
    for (let round = 0; round < 5; round++) {
      const up = nextEvent(transport, 'connected');
      proxy.cut();
      await up;
    }
    transport.setSendTimeoutPolicy(RETURN_ON_ERROR, WAIT_FOR_ACK, 20);
    expect(await transport.send('n', 1)).toBe(SEND_OK);
    expect(server.messages).toHaveLength(1);
  });

  test('S7 S14 S19 S21 a peer that does not read makes senders wait, and then time out', async () => {
    const { server, port } = await listen(() => {});
    const connection = once(server, 'connection');
    const host = transportTo(port, { sendBufferBytes: 1_000_000 });
    const connecting = host.transport.connect();
    const [socket] = (await connection) as [Socket];
    const accepted = new TestServer(systemRuntime());
    accepted.accept(socket);
    await connecting;
    socket.pause();

    host.transport.setSendTimeoutPolicy(RETURN_ON_ERROR, WAIT_TIL_SENT, 0.3);
    const message = 'x'.repeat(250_000);
    let sent = 0;
    let code = await host.transport.send('n', message);
    for (; code === SEND_OK && sent < 1_000; code = await host.transport.send('n', message)) sent += 1;
    expect(code).toBe(TIMEOUT);
    expect(host.transport.isConnected()).toBe(false);
    expect(host.events.find((event) => event.type === 'disconnected')).toMatchObject({
      cause: { kind: 'sendTimeout' },
    });

    const ended = new Promise((resolve) => socket.once('close', resolve));
    socket.resume();
    await ended;
    expect(accepted.messages.length).toBeLessThanOrEqual(sent);
    for (const { data } of accepted.messages) expect(data).toBe(message);
  });
});

describe('where plain TCP may go', () => {
  test.each(['192.0.2.1', '10.0.0.1', '0.0.0.0', '::', '127.example.com', 'localhost.example.com', 'example.com'])(
    'not to %s, unless that is said in so many words',
    (host) => {
      expect(() => tcp({ host, port: 7_400 })).toThrow(expect.objectContaining({ code: 'PLAINTEXT_REFUSED' }));
      expect(() => tcp({ host, port: 7_400, plaintext: false })).toThrow(host);
      expect(tcp({ host, port: 7_400, plaintext: true }).name).toBe(`tcp ${host}:7400`);
      expect(tcp({ host, port: 7_400, tls: true }).name).toBe(`tls ${host}:7400`);
    },
  );

  test.each(['localhost', '127.0.0.1', '127.1.2.3', '::1'])('to %s', (host) => {
    expect(isLoopbackHost(host)).toBe(true);
    expect(tcp({ host, port: 7_400 }).name).toBe(`tcp ${host}:7400`);
  });

  test('names the option that is wrong', () => {
    expect(() => tcp({ host: '', port: 7_400 })).toThrow('host');
    expect(() => tcp({ host: 'localhost', port: 0 })).toThrow('port');
    expect(() => tcp({ host: 'localhost', port: 65_536 })).toThrow('port');
  });
});

describe('socketPipe', () => {
  test('lets a socket go whose other end does not read', async () => {
    const { server, port } = await listen((socket) => socket.pause());
    const connection = once(server, 'connection');
    const closed = new Promise<string>((resolve) => {
      const link = tcp({ host: '127.0.0.1', port });
      void link.dial({ received: () => {}, closed: resolve }, new AbortController().signal).then((pipe) => {
        pipe.write(new Uint8Array(32 * 1024 * 1024), () => expect.fail('nobody reads that much'));
        pipe.end();
      });
    });
    await connection;
    expect(await closed).toBe('the other end closed the connection');
  });

  test('says in one line why it closed', async () => {
    const detail = new Promise((resolve) => {
      void listen((socket) => {
        socketPipe(socket, { received: () => {}, closed: resolve });
        const error: Error & { reason?: string } = new Error('C0A7:error:0A000412:SSL routines:\n  ssl3_read\n');
        socket.destroy(error);
      }).then(({ port }) => transportTo(port).transport.connect());
    });
    expect(await detail).toBe('C0A7:error:0A000412:SSL routines:; ssl3_read');
  });
});
