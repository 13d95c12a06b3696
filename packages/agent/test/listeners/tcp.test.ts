// Real sockets on this machine.

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { encodeFrame } from '@holdfast/protocol/core';
import { openReliableChannel } from '@holdfast/reliable-channel';
import { memoryStore } from '@holdfast/reliable-channel/memory';
import { createVirtualRuntime } from '@holdfast/simulator';
import {
  CONNECT_REASON,
  createTransport,
  RETURN_ON_ERROR,
  type Transport,
  type TransportOptions,
  WAIT_TIL_SENT,
} from '@holdfast/transport';
import { tcp } from '@holdfast/transport/tcp';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Certificate, certificateFor, createAuthority } from '../../../../test/support/certificates.js';
import { type Agent, type AgentEvent, type AgentOptions, createAgent } from '../../src/index.js';
import { DEFAULT_PORT, tcpListener } from '../../src/listeners/tcp.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(
  options: Partial<AgentOptions> = {},
): Promise<{ agent: Agent; port: number; events: AgentEvent[] }> {
  const agent = createAgent({ listeners: [tcpListener({ port: 0 })], store: memoryStore(), ...options });
  cleanups.push(() => agent.close());
  const events: AgentEvent[] = [];
  agent.observe((event) => events.push(event));
  const [listener] = await agent.listen();
  return { agent, port: listener?.port as number, events };
}

function transportTo(port: number, options: Partial<TransportOptions> = {}): Transport {
  const transport = createTransport({ deviceId: 'press-7', link: tcp({ host: '127.0.0.1', port }), ...options });
  transport.setSendTimeoutPolicy(RETURN_ON_ERROR, WAIT_TIL_SENT, 30);
  cleanups.push(() => transport.disconnect());
  return transport;
}

/** A socket that says nothing by itself; `closed` resolves when the other end has let it go. */
function dial(port: number): { socket: Socket; closed: Promise<unknown> } {
  const socket = connect(port, '127.0.0.1');
  cleanups.push(() => socket.destroy());
  socket.on('error', () => {});
  socket.resume();
  return { socket, closed: new Promise((resolve) => socket.once('close', resolve)) };
}

describe('tcpListener', () => {
  it('listens on this machine unless told otherwise', () => {
    expect(DEFAULT_PORT).toBe(7_400);
    expect(tcpListener().isLoopback).toBe(true);
    expect(tcpListener({ host: '::1' }).isLoopback).toBe(true);
    for (const host of ['0.0.0.0', '::', '192.0.2.1']) expect(tcpListener({ host }).isLoopback).toBe(false);
  });

  it.each([
    ['port', { port: 65_536 }],
    ['port', { port: '7400' as unknown as number }],
    ['host', { host: '' }],
    ['handshakesMax', { tls: { cert: '', key: '', handshakesMax: 0 } }],
  ])('names %s when it is wrong', (name, options) => {
    expect(() => tcpListener(options)).toThrow(name);
  });

  it('does not open a port to other machines without authenticate', async () => {
    const agent = createAgent({ listeners: [tcpListener({ host: '0.0.0.0', port: 0 })], store: memoryStore() });
    await expect(agent.listen()).rejects.toMatchObject({ code: 'AUTHENTICATE_REQUIRED' });
  });

  it('says where it listens, and carries messages', async () => {
    const agent = createAgent({ listeners: [tcpListener({ port: 0 })], store: memoryStore() });
    cleanups.push(() => agent.close());
    const got: unknown[] = [];
    agent.on('reading', (data) => got.push(data));
    const [listener] = await agent.listen();
    expect(listener?.address).toBe(`127.0.0.1:${listener?.port}`);
    const channel = await openReliableChannel({
      transport: transportTo(listener?.port as number),
      store: memoryStore(),
    });
    for (let n = 1; n <= 1_000; n++) channel.send('reading', n);
    expect(await channel.drain()).toBe(true);
    await channel.close();
    expect(got).toEqual(Array.from({ length: 1_000 }, (_, index) => index + 1));
  });

  it('says what to do when the port is in use, and leaves nothing open', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    cleanups.push(() => blocker.close());
    const { port } = blocker.address() as AddressInfo;
    const store = memoryStore();
    const agent = createAgent({ listeners: [tcpListener({ port: 0 }), tcpListener({ port })], store });
    await expect(agent.listen()).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      message: `can not listen on 127.0.0.1:${port}: the port is in use; choose another one, or end the program that has it`,
    });
    await (await store.open()).close();
  });

  it('gives its port back when it is closed, while devices are still connected', async () => {
    const { agent, port } = await serve();
    const transport = transportTo(port);
    expect(await transport.connect()).toBe(CONNECT_REASON.connected);
    await agent.close();
    const again = createAgent({ listeners: [tcpListener({ port })], store: memoryStore() });
    cleanups.push(() => again.close());
    await again.listen();
  });

  it('tells devices of the end before their connections are gone', async () => {
    const { agent, port } = await serve();
    const transport = transportTo(port);
    await transport.connect();
    const ended = new Promise((resolve) => {
      transport.observe((event) => {
        if (event.type === 'disconnected') resolve(event.cause);
      });
    });
    await agent.close();
    expect(await ended).toMatchObject({ kind: 'closedByPeer', detail: 'the agent is shutting down' });
  });

  it('survives strangers: resets, garbage, and hellos that stop half way', async () => {
    // The agent's clock stands still until the test moves it, so that only whom it means runs out of time.
    const runtime = createVirtualRuntime({ seed: 1 });
    const { agent, port, events } = await serve({ connection: { handshakeTimeoutMs: 200 }, runtime });
    const failed = () => events.filter(({ type }) => type === 'handshakeFailed').length;
    const transport = transportTo(port);
    await transport.connect();
    const garbage = dial(port);
    garbage.socket.write('GET / HTTP/1.1\r\n\r\n');
    const half = dial(port);
    half.socket.write(encodeFrame({ type: 'hello', version: 1, deviceId: 'x', token: 'y' }).subarray(0, 9));
    const reset = dial(port);
    reset.socket.once('connect', () => reset.socket.resetAndDestroy());
    await Promise.all([garbage.closed, reset.closed]);
    // By then the one between them has come in as well.
    await expect.poll(failed).toBe(2);
    await runtime.advance(200);
    await half.closed;
    expect(failed()).toBe(3);
    expect(transport.isConnected()).toBe(true);
    expect(agent.stats()).toMatchObject({ connections: 1, devices: 1 });
  });
});

describe('with TLS', () => {
  let authority: Certificate;
  let server: Certificate;
  let client: Certificate;
  let stranger: Certificate;

  beforeAll(async () => {
    authority = await createAuthority();
    const otherAuthority = await createAuthority('Somebody else');
    server = await certificateFor(authority, { commonName: 'localhost', ipAddresses: ['127.0.0.1'] });
    client = await certificateFor(authority, { commonName: 'press-7' });
    stranger = await certificateFor(otherAuthority, { commonName: 'press-7' });
  });

  const link = (port: number, certificate?: Certificate) =>
    tcp({ host: '127.0.0.1', port, tls: { ca: authority.cert, ...certificate } });

  it('lets in devices that trust its certificate', async () => {
    const { port } = await serve({ listeners: [tcpListener({ port: 0, tls: server })] });
    expect(await transportTo(port, { link: link(port) }).connect()).toBe(CONNECT_REASON.connected);
    // In plain TCP nobody answers.
    const plain = transportTo(port);
    expect(await plain.connect({ timeoutMs: 5_000 })).not.toBe(CONNECT_REASON.connected);
  });

  it('with clientCa lets in only devices with a certificate that it has signed', async () => {
    const listener = tcpListener({ port: 0, tls: { ...server, clientCa: authority.cert } });
    const { agent, port, events } = await serve({ listeners: [listener] });
    for (const certificate of [undefined, stranger]) {
      const refused = transportTo(port, { link: link(port, certificate) });
      expect(await refused.connect({ timeoutMs: 5_000 })).not.toBe(CONNECT_REASON.connected);
    }
    expect(events).toEqual([]);
    expect(await transportTo(port, { link: link(port, client) }).connect()).toBe(CONNECT_REASON.connected);
    expect(agent.stats().devices).toBe(1);
  });

  it('bounds the handshakes under way: a further one takes the place of the oldest', async () => {
    const listener = tcpListener({ port: 0, tls: { ...server, handshakesMax: 2 } });
    const { port } = await serve({ listeners: [listener] });
    const connected = transportTo(port, { link: link(port) });
    await connected.connect();
    const silent = [];
    for (let n = 1; n <= 3; n++) {
      const { socket, closed } = dial(port);
      await once(socket, 'connect');
      silent.push(closed);
    }
    await silent[0];
    // Those that are through do not count.
    const further = connectTls({ port, host: '127.0.0.1', ca: authority.cert });
    cleanups.push(() => further.destroy());
    await Promise.all([once(further, 'secureConnect'), silent[1]]);
    expect(connected.isConnected()).toBe(true);
  });

  it('ends handshakes under way when it is closed', async () => {
    const { agent, port } = await serve({ listeners: [tcpListener({ port: 0, tls: server })] });
    const { socket, closed } = dial(port);
    await once(socket, 'connect');
    // The server has taken it when it has taken one that came later.
    await transportTo(port, { link: link(port) }).connect();
    await agent.close();
    await closed;
  });
});
