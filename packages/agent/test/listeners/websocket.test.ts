// Real sockets on this machine.

import { once } from 'node:events';
import { createServer, type Server as HttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { encodeFrame } from '@holdfast/protocol/core';
import { openReliableChannel } from '@holdfast/reliable-channel';
import { memoryStore } from '@holdfast/reliable-channel/memory';
import { createVirtualRuntime } from '@holdfast/simulator';
import { startChaosProxy } from '@holdfast/simulator/chaos-proxy';
import {
  CONNECT_REASON,
  createTransport,
  RETURN_ON_ERROR,
  type Transport,
  type TransportOptions,
  WAIT_TIL_SENT,
} from '@holdfast/transport';
import { websocket } from '@holdfast/transport/websocket';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type Certificate, certificateFor, createAuthority } from '../../../../test/support/certificates.js';
import {
  type Agent,
  type AgentEvent,
  type AgentOptions,
  createAgent,
  DISCONNECTED,
  deviceTokens,
} from '../../src/index.js';
import { type WebSocketListenerOptions, websocketListener } from '../../src/listeners/websocket.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Rig {
  readonly agent: Agent;
  readonly port: number;
  readonly address: string;
  readonly events: AgentEvent[];
}

async function serve(listener: WebSocketListenerOptions = {}, options: Partial<AgentOptions> = {}): Promise<Rig> {
  const listeners = [websocketListener('server' in listener ? listener : { port: 0, ...listener })];
  const agent = createAgent({ listeners, store: memoryStore(), ...options });
  cleanups.push(() => agent.close());
  const events: AgentEvent[] = [];
  agent.observe((event) => events.push(event));
  const [open] = await agent.listen();
  return { agent, port: open?.port as number, address: open?.address as string, events };
}

async function serveHttp(server: HttpServer = createServer((_, response) => response.end('a page'))) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, port: (server.address() as AddressInfo).port };
}

function transportTo(url: string, options: Partial<TransportOptions> = {}): Transport {
  const transport = createTransport({ deviceId: 'press-7', link: websocket({ url }), ...options });
  transport.setSendTimeoutPolicy(RETURN_ON_ERROR, WAIT_TIL_SENT, 30);
  cleanups.push(() => transport.disconnect());
  return transport;
}

/** What a client of another make gets: `open`, or the status and text with which it is turned away. */
function knock(url: string, options: { origin?: string; protocol?: string } = {}): Promise<string> {
  const { protocol = 'holdfast', origin } = options;
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, protocol === '' ? [] : [protocol], origin === undefined ? {} : { origin });
    socket.on('error', reject);
    socket.on('open', () => {
      resolve('open');
      socket.terminate();
    });
    socket.on('unexpected-response', (_, response) => {
      let text = '';
      response.on('data', (bytes) => {
        text += bytes;
      });
      response.on('end', () => resolve(`${response.statusCode} ${text.trim()}`));
    });
  });
}

/** A socket that says nothing by itself; `closed` resolves with what it got, when the other end has let it go. */
function dial(port: number): { socket: Socket; closed: Promise<string> } {
  const socket = connect(port, '127.0.0.1');
  cleanups.push(() => socket.destroy());
  socket.on('error', () => {});
  let text = '';
  socket.on('data', (bytes) => {
    text += bytes;
  });
  return { socket, closed: new Promise((resolve) => socket.once('close', () => resolve(text))) };
}

const UPGRADE = ['Host: x', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
const KEY = [`Sec-WebSocket-Key: ${'A'.repeat(22)}==`, 'Sec-WebSocket-Protocol: holdfast'];

function requestText(...lines: string[]): string {
  return ['GET / HTTP/1.1', ...lines, '', ''].join('\r\n');
}

describe('websocketListener', () => {
  it('listens on this machine unless told otherwise', () => {
    expect(websocketListener().isLoopback).toBe(true);
    expect(websocketListener({ host: '0.0.0.0' }).isLoopback).toBe(false);
    expect(websocketListener({ origins: ['https://app.example.com'] }).isLoopback).toBe(true);
    // Any page of a browser on this machine could come in.
    expect(websocketListener({ origins: '*' }).isLoopback).toBe(false);
  });

  it.each<[string, WebSocketListenerOptions]>([
    ['port', { port: 65_536 }],
    ['host', { host: '' }],
    ['path', { path: 'holdfast' }],
    ['path', { path: '/holdfast?token=x' }],
    ['origins', { origins: 'https://app.example.com' as '*' }],
    ['origins', { origins: ['*'] }],
    ['origins', { origins: ['app.example.com'] }],
    ['origins', { origins: ['https://app.example.com/'] }],
    ['origins', { origins: ['https://app.example.com:443'] }],
    ['origins', { origins: ['HTTPS://app.example.com'] }],
    ['handshakesMax', { handshakesMax: 0 }],
    ['handshakeTimeoutMs', { handshakeTimeoutMs: 0 }],
    ['server', { server: {} as HttpServer }],
  ])('names %s when it is wrong', (name, options) => {
    expect(() => websocketListener(options)).toThrow(name);
  });

  it.each<[string, WebSocketListenerOptions]>([
    ['a port for other machines', { host: '0.0.0.0', port: 0 }],
    ['a port for every page', { port: 0, origins: '*' }],
    ['a server that does not listen yet', { server: createServer() }],
  ])('does not open %s without authenticate', async (_, options) => {
    const agent = createAgent({ listeners: [websocketListener(options)], store: memoryStore() });
    await expect(agent.listen()).rejects.toMatchObject({ code: 'AUTHENTICATE_REQUIRED' });
  });

  it('says where it listens, and carries messages', async () => {
    const { agent, address, port } = await serve();
    expect(address).toBe(`127.0.0.1:${port}`);
    const got: unknown[] = [];
    agent.on('reading', (data) => got.push(data));
    const channel = await openReliableChannel({ transport: transportTo(`ws://${address}`), store: memoryStore() });
    for (let n = 1; n <= 1_000; n++) channel.send('reading', n);
    expect(await channel.drain()).toBe(true);
    await channel.close();
    expect(got).toEqual(Array.from({ length: 1_000 }, (_, index) => index + 1));
  });

  it('brings every message of a reliable channel through cuts, once and in order', async () => {
    const { agent, port } = await serve();
    const proxy = await startChaosProxy({ target: { host: '127.0.0.1', port } });
    cleanups.push(() => proxy.close());
    const got: number[] = [];
    let cuts = 0;
    agent.on('reading', (data) => {
      got.push(data as number);
      if (got.length % 150 !== 0) return;
      cuts += 1;
      proxy.cut();
    });
    const transport = transportTo(`ws://127.0.0.1:${proxy.port}`, { reconnectBackoff: { minMs: 1, maxMs: 10 } });
    const channel = await openReliableChannel({ transport, store: memoryStore() });
    for (let n = 1; n <= 2_000; n++) channel.send('reading', n);
    expect(await channel.drain({ timeoutMs: 20_000 })).toBe(true);
    await channel.close();
    expect(cuts).toBeGreaterThan(5);
    expect(got).toEqual(Array.from({ length: 2_000 }, (_, index) => index + 1));
  });

  it('says what to do when the port is in use', async () => {
    const { port } = await serveHttp();
    const agent = createAgent({ listeners: [websocketListener({ port })], store: memoryStore() });
    await expect(agent.listen()).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      message: `can not listen on 127.0.0.1:${port}: the port is in use; choose another one, or end the program that has it`,
    });
  });

  it('gives its port back when it is closed, and tells devices before', async () => {
    const { agent, address, port } = await serve();
    const transport = transportTo(`ws://${address}`);
    expect(await transport.connect()).toBe(CONNECT_REASON.connected);
    const ended = new Promise((resolve) => {
      transport.observe((event) => {
        if (event.type === 'disconnected') resolve(event.cause);
      });
    });
    await agent.close();
    expect(await ended).toMatchObject({ kind: 'closedByPeer', detail: 'the agent is shutting down' });
    await serve({ port });
  });

  it('lets in by token, which comes in the hello', async () => {
    const { address } = await serve({ origins: '*' }, { authenticate: deviceTokens({ 'press-7': 'right' }) });
    expect(await transportTo(`ws://${address}`, { token: 'left' }).connect()).toBe(CONNECT_REASON.notAuthorised);
    expect(await transportTo(`ws://${address}`, { token: 'right' }).connect()).toBe(CONNECT_REASON.connected);
  });

  it('keeps to the connections that the agent allows', async () => {
    const { agent, address, events } = await serve({}, { connectionsMax: 1 });
    expect(await transportTo(`ws://${address}`).connect()).toBe(CONNECT_REASON.connected);
    const further = transportTo(`ws://${address}`, { deviceId: 'press-8' });
    expect(await further.connect()).not.toBe(CONNECT_REASON.connected);
    await expect.poll(() => events.at(-1)).toMatchObject({ type: 'handshakeFailed', detail: 'too many connections' });
    expect(agent.stats()).toMatchObject({ connections: 1, devices: 1 });
  });
});

describe('who may come in', () => {
  const page = 'https://app.example.com';

  it('a page that is named, and no other one', async () => {
    const { address } = await serve({ origins: [page, 'null'] });
    expect(await knock(`ws://${address}`, { origin: page })).toBe('open');
    expect(await knock(`ws://${address}`, { origin: 'null' })).toBe('open');
    for (const origin of [
      'https://app.example.com:8443',
      'http://app.example.com',
      `${page}.evil.example`,
      `http://${address}`,
    ]) {
      expect(await knock(`ws://${address}`, { origin })).toBe(
        `403 the origin ${origin} is not among the origins of this listener`,
      );
    }
  });

  it('no page when none is named, and what is no page', async () => {
    const { agent, address } = await serve();
    expect(await knock(`ws://${address}`, { origin: page })).toMatch(/^403 /);
    expect(await knock(`ws://${address}`)).toBe('open');
    await expect.poll(() => agent.stats().connections).toBe(0);
  });

  it('only who asks for the right path and subprotocol', async () => {
    const { address } = await serve({ path: '/holdfast' });
    expect(await knock(`ws://${address}/holdfast`)).toBe('open');
    expect(await knock(`ws://${address}/holdfast?site=4`)).toBe('open');
    for (const path of ['/', '/holdfast/', '/holdfasts', '/x/../holdfastx', '/HOLDFAST']) {
      expect(await knock(`ws://${address}${path}`)).toBe('404 no agent listens under this path');
    }
    for (const protocol of ['', 'mqtt', 'holdfast2']) {
      expect(await knock(`ws://${address}/holdfast`, { protocol })).toBe(
        '400 the subprotocol holdfast must be asked for',
      );
    }
  });

  it('says what it is to whoever comes with a plain request', async () => {
    const { address } = await serve();
    const response = await fetch(`http://${address}/`);
    expect(response.status).toBe(426);
    expect(response.headers.get('upgrade')).toBe('websocket');
    expect(await response.text()).toContain('Holdfast agent');
  });
});

describe('strangers', () => {
  it('do not disturb those who are in', async () => {
    // The agent's clock stands still until the test moves it, so that only whom it means runs out of time.
    const runtime = createVirtualRuntime({ seed: 1 });
    const { agent, port, address, events } = await serve({}, { connection: { handshakeTimeoutMs: 200 }, runtime });
    const failed = () => events.filter(({ type }) => type === 'handshakeFailed').length;
    const transport = transportTo(`ws://${address}`);
    await transport.connect();
    const garbage = dial(port);
    garbage.socket.write('\x00\x01 hello\r\n\r\n');
    expect(await garbage.closed).toContain('400 Bad Request');
    const badKey = dial(port);
    badKey.socket.write(requestText(...UPGRADE, 'Sec-WebSocket-Key: x', 'Sec-WebSocket-Protocol: holdfast'));
    expect(await badKey.closed).toContain('400 Bad Request');
    const bigHead = dial(port);
    bigHead.socket.write(requestText(...UPGRADE, ...KEY, `x: ${'x'.repeat(20_000)}`));
    expect(await bigHead.closed).toContain('431 ');
    // One that is let in to WebSocket and then says nothing, or what is no hello.
    const silent = dial(port);
    silent.socket.write(requestText(...UPGRADE, ...KEY));
    await once(silent.socket, 'data');
    const noHello = dial(port);
    noHello.socket.write(requestText(...UPGRADE, ...KEY));
    await once(noHello.socket, 'data');
    noHello.socket.write(Buffer.from([0x82, 0x85, 0, 0, 0, 0, 0, 0, 0, 1, 99]));
    const reset = dial(port);
    reset.socket.write(requestText(...UPGRADE, ...KEY));
    await once(reset.socket, 'data');
    reset.socket.resetAndDestroy();
    await Promise.all([noHello.closed, reset.closed]);
    await expect.poll(failed).toBe(2);
    await runtime.advance(200);
    await silent.closed;
    expect(failed()).toBe(3);
    expect(transport.isConnected()).toBe(true);
    expect(agent.stats()).toMatchObject({ connections: 1, devices: 1 });
  });

  it.each([
    ['say nothing', ''],
    ['stop half way through the upgrade', 'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upg'],
  ])('that %s are let go', async (_, text) => {
    const { port } = await serve({ handshakeTimeoutMs: 100 });
    const { socket, closed } = dial(port);
    socket.write(text);
    await closed;
  });

  it('are bounded: a further one takes the place of the oldest, and those who are in do not count', async () => {
    const { port, address } = await serve({ handshakesMax: 2 });
    const transport = transportTo(`ws://${address}`);
    await transport.connect();
    const waiting = [];
    for (let n = 1; n <= 3; n++) {
      const { socket, closed } = dial(port);
      await once(socket, 'connect');
      socket.write('GET / HT');
      waiting.push({ socket, closed });
    }
    await waiting[0]?.closed;
    const further = transportTo(`ws://${address}`, { deviceId: 'press-8' });
    expect(await further.connect()).toBe(CONNECT_REASON.connected);
    await waiting[1]?.closed;
    expect(waiting[2]?.socket.destroyed).toBe(false);
    expect(transport.isConnected()).toBe(true);
  });

  it('are let go when the agent closes', async () => {
    const { agent, port, address } = await serve();
    const { socket, closed } = dial(port);
    socket.write('GET / HT');
    // The server has taken it when it has taken one that came later.
    await transportTo(`ws://${address}`).connect();
    await agent.close();
    await closed;
  });
});

describe('attached to an HTTP server', () => {
  it('shares its port with pages and with other upgrades', async () => {
    const { server, port } = await serveHttp();
    const others: string[] = [];
    const { agent, address } = await serve({ server, path: '/holdfast' });
    expect(address).toBe(`127.0.0.1:${port}/holdfast`);
    expect(await (await fetch(`http://127.0.0.1:${port}/holdfast`)).text()).toBe('a page');
    expect(await transportTo(`ws://${address}`).connect()).toBe(CONNECT_REASON.connected);
    expect(await knock(`ws://127.0.0.1:${port}/other`)).toBe('404 no agent listens under this path');

    server.on('upgrade', (request, socket) => {
      if (request.url !== '/other') return;
      others.push(request.url);
      socket.end('HTTP/1.1 418 Teapot\r\ncontent-length: 0\r\n\r\n');
    });
    expect(await knock(`ws://127.0.0.1:${port}/other`)).toBe('418 ');
    expect(others).toEqual(['/other']);

    await agent.close();
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('a page');
    expect(server.listenerCount('upgrade')).toBe(1);
  });

  it('needs authenticate only where other machines may come', async () => {
    const { server } = await serveHttp();
    expect(websocketListener({ server }).isLoopback).toBe(true);
    expect(websocketListener({ server, origins: '*' }).isLoopback).toBe(false);
    const open = createServer().listen(0, '0.0.0.0');
    await once(open, 'listening');
    cleanups.push(() => open.close());
    expect(websocketListener({ server: open }).isLoopback).toBe(false);
  });

  it('says where it is once the server listens, and under which path before that', async () => {
    const later = await serve({ server: createServer(), path: '/holdfast' }, { authenticate: () => true });
    expect(later).toMatchObject({ address: '/holdfast', port: undefined });
  });
});

describe('with TLS', () => {
  let authority: Certificate;
  let server: Certificate;
  let client: Certificate;

  beforeAll(async () => {
    authority = await createAuthority();
    server = await certificateFor(authority, { commonName: 'localhost', ipAddresses: ['127.0.0.1'] });
    client = await certificateFor(authority, { commonName: 'press-7' });
  });

  const over = (address: string, certificate?: Certificate) => ({
    link: websocket({ url: `wss://${address}`, tls: { ca: authority.cert, ...certificate } }),
  });

  it('lets in devices that trust its certificate, on a port of its own and attached', async () => {
    const own = await serve({ tls: server });
    expect(await transportTo('ws://localhost', over(own.address)).connect()).toBe(CONNECT_REASON.connected);
    // Without TLS nobody answers.
    expect(await transportTo(`ws://${own.address}`).connect({ timeoutMs: 5_000 })).not.toBe(CONNECT_REASON.connected);
    const https = await serveHttp(createHttpsServer(server));
    const attached = await serve({ server: https.server });
    expect(await transportTo('ws://localhost', over(attached.address)).connect()).toBe(CONNECT_REASON.connected);
  });

  it('with clientCa lets in only devices with a certificate that it has signed', async () => {
    const { address, events } = await serve({ tls: { ...server, clientCa: authority.cert } });
    const refused = transportTo('ws://localhost', over(address));
    expect(await refused.connect({ timeoutMs: 5_000 })).not.toBe(CONNECT_REASON.connected);
    expect(events).toEqual([]);
    expect(await transportTo('ws://localhost', over(address, client)).connect()).toBe(CONNECT_REASON.connected);
  });

  it('bounds the handshakes under way, TLS and upgrade together', async () => {
    const { port, address } = await serve({ tls: server, handshakesMax: 2 });
    const connected = transportTo('ws://localhost', over(address));
    await connected.connect();
    const silent = [];
    for (let n = 1; n <= 3; n++) {
      const { socket, closed } = dial(port);
      await once(socket, 'connect');
      silent.push(closed);
    }
    await silent[0];
    expect(connected.isConnected()).toBe(true);
  });
});

describe('a device that does not read', () => {
  /** Without garbage. */
  async function arrayBufferBytes(): Promise<number> {
    setFlagsFromString('--expose-gc');
    for (let round = 0; round < 2; round++) {
      (runInNewContext('gc') as () => void)();
      await new Promise((resolve) => setImmediate(resolve));
    }
    return process.memoryUsage().arrayBuffers;
  }

  it('costs its own connection, and little memory', async () => {
    const { agent, address, events } = await serve();
    const socket = new WebSocket(`ws://${address}`, 'holdfast');
    cleanups.push(() => socket.terminate());
    await once(socket, 'open');
    socket.send(encodeFrame({ type: 'hello', version: 1, deviceId: 'press-7', token: '' }));
    await once(socket, 'message');
    socket.pause();
    const before = await arrayBufferBytes();
    let isRefused = false;
    let sent = 0;
    const codes: Promise<number>[] = [];
    for (; sent < 1_000 && !isRefused; sent++) {
      try {
        codes.push(agent.sendPlain('press-7', 'setting', 'x'.repeat(200_000)));
      } catch (error) {
        expect(error).toMatchObject({ code: 'TOO_MANY_SENDS' });
        isRefused = true;
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(isRefused).toBe(true);
    expect((await arrayBufferBytes()) - before).toBeLessThan(16 * 1024 * 1024);
    socket.terminate();
    await expect.poll(() => events.at(-1)).toMatchObject({ type: 'deviceDisconnected', device: 'press-7' });
    expect(await codes.at(-1)).toBe(DISCONNECTED);
  });
});
