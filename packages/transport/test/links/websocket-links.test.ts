// What both WebSocket links do, over real sockets: the one of Node, and the one of browsers with `ws` in the browser's place.
// A real browser has its turn in test/browser.

import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { REFUSE_CODE } from '@holdfast/protocol/core';
import { startChaosProxy } from '@holdfast/simulator/chaos-proxy';
import { describeLinkCompliance } from '@holdfast/simulator/compliance';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import {
  CONNECT_REASON,
  createTransport,
  type Link,
  type Pipe,
  type PipeEvents,
  RETURN_ON_ERROR,
  SEND_OK,
  TIMEOUT,
  type Transport,
  type TransportEvent,
  type TransportOptions,
  WAIT_FOR_ACK,
  WAIT_TIL_SENT,
} from '../../src/index.js';
import { websocket as webLink } from '../../src/links/websocket.js';
import { websocket as nodeLink, websocketPipe } from '../../src/links/websocket-node.js';
import { type ListeningServer, type ServeOptions, serveWebSocket } from './websocket-server.js';

/** What `ws` tells in an event, a browser tells on its console. */
class BrowserWebSocket extends WebSocket {
  constructor(url: string | URL, protocol: string) {
    super(url, protocol);
    this.on('error', () => {});
  }
}

const LINKS = [
  ['of Node', nodeLink],
  ['of browsers', webLink],
] as const;

const cleanups: (() => unknown)[] = [];
beforeEach(() => {
  vi.stubGlobal('WebSocket', BrowserWebSocket);
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  vi.unstubAllGlobals();
});

async function serve(options: ServeOptions = {}): Promise<ListeningServer> {
  const server = await serveWebSocket(options);
  cleanups.push(() => server.close());
  return server;
}

function transportOver(
  link: Link,
  options: Partial<TransportOptions> = {},
): { transport: Transport; events: TransportEvent[] } {
  const transport = createTransport({ deviceId: 'press-7', link, ...options });
  transport.setSendTimeoutPolicy(RETURN_ON_ERROR, WAIT_TIL_SENT, 30);
  const events: TransportEvent[] = [];
  transport.observe((event) => events.push(event));
  cleanups.push(() => transport.disconnect());
  return { transport, events };
}

/** A pipe without a transport, with what it has told. */
async function dial(link: Link): Promise<{ pipe: Pipe; received: Uint8Array[]; closed: Promise<string> }> {
  const received: Uint8Array[] = [];
  let onClosed: (detail: string) => void = () => {};
  const closed = new Promise<string>((resolve) => {
    onClosed = resolve;
  });
  const events: PipeEvents = { received: (bytes) => received.push(bytes), closed: (detail) => onClosed(detail) };
  const pipe = await link.dial(events, new AbortController().signal);
  cleanups.push(() => pipe.destroy());
  return { pipe, received, closed };
}

/** A server on this machine, and its port. */
async function listen(server: ReturnType<typeof createTcpServer>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

describe.each(LINKS)('a WebSocket link %s', (_, websocket) => {
  test('carries messages and acks both ways', async () => {
    const { server, url } = await serve();
    const { transport } = transportOver(websocket({ url }));
    expect(await transport.connect()).toBe(CONNECT_REASON.connected);
    transport.setSendTimeoutPolicy(RETURN_ON_ERROR, WAIT_FOR_ACK, 20);
    const answer = new Promise((resolve) => transport.on('answer', resolve));
    server.onMessage = () => void server.latest.send('answer', 'x'.repeat(100_000), 20_000);
    expect(await transport.send('question', 'y'.repeat(200_000))).toBe(SEND_OK);
    expect(await answer).toHaveLength(100_000);
    expect(server.messages).toEqual([{ name: 'question', data: 'y'.repeat(200_000) }]);
  });

  test('gives the token in the hello, and nowhere else', async () => {
    const { server, http, url } = await serve();
    const tokens: string[] = [];
    const requests: string[] = [];
    http.on('upgrade', ({ url: path, rawHeaders }) => requests.push(String(path), ...rawHeaders));
    server.onHello = (connection, __, token) => {
      tokens.push(token);
      connection.refuse(REFUSE_CODE.unauthorised, 'the token is wrong');
    };
    const { transport, events } = transportOver(websocket({ url: `${url}?site=tok-9f3a77` }), { token: 'tok-9f3a77' });
    expect(await transport.connect()).toBe(CONNECT_REASON.notAuthorised);
    expect(tokens).toEqual(['tok-9f3a77']);
    expect(requests.shift()).toBe('/holdfast?site=tok-9f3a77');
    expect(JSON.stringify([requests, events])).not.toContain('tok-9f3a77');
    expect(websocket({ url: `${url}?site=tok-9f3a77` }).name).toBe(`websocket ${url}`);
  });

  test('takes a stream in pieces that are cut anywhere', async () => {
    const { server, sockets, url } = await serve();
    const { transport } = transportOver(websocket({ url }));
    await transport.connect();
    const send = sockets[0]?.send.bind(sockets[0]) as (bytes: Uint8Array, onSent: (error?: Error) => void) => void;
    // Every write in pieces: single bytes, and runs of two to thirty.
    vi.spyOn(sockets[0] as WebSocket, 'send').mockImplementation(((bytes: Uint8Array, onSent: () => void) => {
      for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 7) % 31 || 1) {
        send(bytes.subarray(at, at + size), () => {});
      }
      send(new Uint8Array(), onSent);
    }) as WebSocket['send']);
    const got: unknown[] = [];
    const all = new Promise<void>((resolve) => transport.on('n', (data) => got.push(data) === 100 && resolve()));
    const values = Array.from({ length: 100 }, (__, n) => `${n}`.repeat(1 + (n % 17)));
    for (const value of values) void server.latest.send('n', value, 20_000);
    await all;
    expect(got).toEqual(values);
  });

  test('sends the last bytes before it goes', async () => {
    const { server, url } = await serve();
    const { transport } = transportOver(websocket({ url }));
    await transport.connect();
    const allCame = new Promise<void>((resolve) => {
      server.onMessage = () => server.messages.length === 200 && resolve();
    });
    const values = Array.from({ length: 200 }, (__, index) => `${index}`.repeat(50));
    const codes = await Promise.all(values.map((value) => transport.send('n', value)));
    await transport.disconnect();
    await allCame;
    expect(new Set(codes)).toEqual(new Set([SEND_OK]));
    expect(server.messages.map(({ data }) => data)).toEqual(values);
  });

  test('S30 a port on which nothing listens', async () => {
    const server = createTcpServer();
    const port = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    const { transport, events } = transportOver(websocket({ url: `ws://127.0.0.1:${port}` }));
    expect(await transport.connect()).toBe(CONNECT_REASON.noServer);
    expect(events[0]).toMatchObject({ cause: { detail: expect.stringContaining(`ws://127.0.0.1:${port}/`) } });
  });

  test('S30 a server that does not answer the hello', async () => {
    const { url } = await serve({ onSocket: () => {} });
    const { transport, events } = transportOver(websocket({ url }), { handshakeTimeoutMs: 20 });
    expect(await transport.connect()).toBe(CONNECT_REASON.noServer);
    expect(events[0]).toMatchObject({ cause: { kind: 'handshakeTimeout' } });
  });

  test('a server that is no WebSocket server', async () => {
    const port = await listen(createTcpServer((socket) => socket.on('error', () => {}).end('hello\r\n\r\n')));
    const { transport } = transportOver(websocket({ url: `ws://127.0.0.1:${port}` }));
    expect(await transport.connect()).toBe(CONNECT_REASON.noServer);
  });

  test('a WebSocket server of something else', async () => {
    const { url, sockets, server } = await serve({ speaksHoldfast: false });
    const { transport } = transportOver(websocket({ url }));
    expect(await transport.connect()).toBe(CONNECT_REASON.noServer);
    expect(server.messages).toEqual([]);
    await expect.poll(() => sockets.every(({ readyState }) => readyState === WebSocket.CLOSED)).toBe(true);
  });

  test('an attempt that is given up leaves no socket', async () => {
    const open: Socket[] = [];
    const port = await listen(createTcpServer((socket) => open.push(socket.on('error', () => {}).resume())));
    const abort = new AbortController();
    const link = websocket({ url: `ws://127.0.0.1:${port}` });
    const dialing = link.dial({ received: () => {}, closed: () => expect.fail('nobody was told') }, abort.signal);
    await expect.poll(() => open.length).toBe(1);
    abort.abort();
    await expect(dialing).rejects.toMatchObject({ name: 'LinkError', reason: CONNECT_REASON.notConnected });
    await expect.poll(() => open[0]?.destroyed).toBe(true);
    const tooLate = link.dial({ received: () => {}, closed: () => {} }, abort.signal);
    await expect(tooLate).rejects.toMatchObject({ name: 'LinkError', reason: CONNECT_REASON.notConnected });
    expect(open).toHaveLength(1);
  });

  test('an attempt that is given up when it is done already changes nothing', async () => {
    const { url, sockets } = await serve();
    const abort = new AbortController();
    const pipe = await websocket({ url }).dial({ received: () => {}, closed: () => {} }, abort.signal);
    abort.abort();
    await new Promise<void>((resolve) => pipe.write(new Uint8Array(10), resolve));
    expect(sockets[0]?.readyState).toBe(WebSocket.OPEN);
    pipe.destroy();
  });

  test('keeps a connection up through cuts', async () => {
    const { server, port } = await serve();
    const proxy = await startChaosProxy({ target: { host: '127.0.0.1', port } });
    cleanups.push(() => proxy.close());
    const link = websocket({ url: `ws://127.0.0.1:${proxy.port}` });
    const { transport, events } = transportOver(link, { reconnectBackoff: { minMs: 1, maxMs: 5 } });
    const ups = () => events.filter(({ type }) => type === 'connected').length;
    transport.keepConnected();
    for (let round = 1; round <= 5; round++) {
      await expect.poll(ups).toBe(round);
      proxy.cut();
    }
    await expect.poll(ups).toBe(6);
    transport.setSendTimeoutPolicy(RETURN_ON_ERROR, WAIT_FOR_ACK, 20);
    expect(await transport.send('n', 1)).toBe(SEND_OK);
    expect(server.messages).toHaveLength(1);
    expect(events.find(({ type }) => type === 'disconnected')).toMatchObject({
      cause: { kind: 'linkLost', detail: 'the connection was lost' },
    });
  });

  test('S7 S14 S19 S21 a peer that does not read makes senders wait, and then time out, in bounded memory', async () => {
    const { server, sockets, url } = await serve();
    const { transport, events } = transportOver(websocket({ url }), { sendBufferBytes: 100_000 });
    await transport.connect();
    sockets[0]?.pause();
    transport.setSendTimeoutPolicy(RETURN_ON_ERROR, WAIT_TIL_SENT, 0.3);
    const message = 'x'.repeat(250_000);
    let code: number = SEND_OK;
    let sent = 0;
    // What the operating system takes for two sockets is a few megabytes.
    while (code === SEND_OK && sent < 200) {
      code = await transport.send('n', message);
      sent += 1;
    }
    expect(code).toBe(TIMEOUT);
    expect(events.find(({ type }) => type === 'disconnected')).toMatchObject({ cause: { kind: 'sendTimeout' } });
    sockets[0]?.resume();
    await expect.poll(() => sockets[0]?.readyState).toBe(WebSocket.CLOSED);
    expect(server.messages.length).toBeLessThanOrEqual(sent);
    for (const { data } of server.messages) expect(data).toBe(message);
  });

  test.each([
    ['a text message', 'hello', 'not binary'],
    ['a message above the limit', new Uint8Array(65_537), /too large|payload size/i],
  ])('%s ends the connection, and says why', async (__, message, detail) => {
    const { sockets, url } = await serve({ onSocket: () => {} });
    const { received, closed } = await dial(websocket({ url }));
    await expect.poll(() => sockets.length).toBe(1);
    sockets[0]?.send(message);
    expect(await closed).toMatch(detail);
    expect(received).toEqual([]);
  });

  test('takes messages up to the limit', async () => {
    const { sockets, url } = await serve({ onSocket: () => {} });
    const { received } = await dial(websocket({ url }));
    await expect.poll(() => sockets.length).toBe(1);
    sockets[0]?.send(new Uint8Array(65_536).fill(7));
    await expect.poll(() => received.length).toBe(1);
    expect(Buffer.compare(received[0] as Uint8Array, new Uint8Array(65_536).fill(7))).toBe(0);
  });

  test('tells once that it is closed, and by whom', async () => {
    const { sockets, url } = await serve({ onSocket: () => {} });
    const { closed } = await dial(websocket({ url }));
    await expect.poll(() => sockets.length).toBe(1);
    sockets[0]?.close(1012, 'restart');
    expect(await closed).toBe('the other end closed the connection with WebSocket code 1012: restart');
  });

  test('says that it is taken for every write, and never for one that was lost', async () => {
    const { sockets, url } = await serve({ onSocket: (socket) => socket.on('message', () => {}) });
    const { pipe, closed } = await dial(websocket({ url }));
    for (let n = 1; n <= 20; n++) await new Promise<void>((resolve) => pipe.write(new Uint8Array(65_536), resolve));
    sockets[0]?.terminate();
    await closed;
    pipe.write(new Uint8Array(10), () => expect.fail('nobody has taken it'));
    await new Promise((resolve) => setImmediate(resolve));
  });

  test('goes only where it may', () => {
    expect(() => websocket({ url: 'ws://example.com' })).toThrow(
      expect.objectContaining({ code: 'PLAINTEXT_REFUSED' }),
    );
    expect(websocket({ url: 'wss://example.com/holdfast' }).name).toBe('websocket wss://example.com/holdfast');
  });
});

describeLinkCompliance({
  name: 'the WebSocket link of browsers',
  runner: { describe, test, beforeEach, afterEach },
  makeLink: async (accept) => {
    const { port } = await serve({ onSocket: (socket) => accept((events) => websocketPipe(socket, 'page', events)) });
    const proxy = await startChaosProxy({ target: { host: '127.0.0.1', port } });
    return {
      link: webLink({ url: `ws://127.0.0.1:${proxy.port}` }),
      deadLink: webLink({ url: 'ws://127.0.0.1:1' }),
      cut: () => proxy.cut(),
      close: () => proxy.close(),
    };
  },
});

describe('an HTTP status in place of a WebSocket', () => {
  test.each([
    [401, CONNECT_REASON.notAuthorised, 'wants a login'],
    [403, CONNECT_REASON.notAuthorised, 'origins'],
    [404, CONNECT_REASON.noServer, 'path'],
    [407, CONNECT_REASON.noProxy, 'proxy'],
    [503, CONNECT_REASON.noServer, 'no connections now'],
    [200, CONNECT_REASON.noServer, 'no Holdfast agent'],
    [301, CONNECT_REASON.noServer, 'no Holdfast agent'],
  ])('%d reads as reason %d in Node', async (status, reason, detail) => {
    const http = createServer((__, response) => response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end());
    const port = await listen(http);
    const { transport, events } = transportOver(nodeLink({ url: `ws://127.0.0.1:${port}/x` }));
    expect(await transport.connect()).toBe(reason);
    expect(events[0]).toMatchObject({ cause: { detail: expect.stringContaining(`HTTP status ${status}`) } });
    expect(events[0]).toMatchObject({ cause: { detail: expect.stringContaining(detail) } });
    http.closeAllConnections();
  });
});
