// The link of Node: TLS, and what an end that means harm can do. What both WebSocket links have in common is in
// websocket-links.test.ts.

import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { type Certificate, certificateFor, createAuthority } from '../../../../test/support/certificates.js';
import {
  CONNECT_REASON,
  createTransport,
  RETURN_ON_ERROR,
  SEND_OK,
  type TransportEvent,
  WAIT_FOR_ACK,
} from '../../src/index.js';
import { type WebSocketTlsOptions, websocket, websocketPipe } from '../../src/links/websocket-node.js';
import { type ListeningServer, type ServeOptions, serveWebSocket } from './websocket-server.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(options: ServeOptions): Promise<ListeningServer> {
  const server = await serveWebSocket(options);
  cleanups.push(() => server.close());
  return server;
}

describe('wss:', () => {
  let authority: Certificate;
  let otherAuthority: Certificate;
  let server: Certificate;
  let device: Certificate;

  beforeAll(async () => {
    authority = await createAuthority();
    otherAuthority = await createAuthority('Another authority');
    server = await certificateFor(authority, { commonName: 'localhost', ipAddresses: ['127.0.0.1'] });
    device = await certificateFor(authority, { commonName: 'press-7' });
  });

  async function connect(url: string, tls?: WebSocketTlsOptions): Promise<{ reason: number; detail: string }> {
    const link = websocket({ url, ...(tls !== undefined && { tls }) });
    const transport = createTransport({ deviceId: 'press-7', link });
    transport.setSendTimeoutPolicy(RETURN_ON_ERROR, WAIT_FOR_ACK, 20);
    const events: TransportEvent[] = [];
    transport.observe((event) => events.push(event));
    cleanups.push(() => transport.disconnect());
    const reason = await transport.connect();
    if (reason === CONNECT_REASON.connected) expect(await transport.send('n', 'x'.repeat(100_000))).toBe(SEND_OK);
    const failed = events.find((event) => event.type === 'connectFailed');
    return { reason, detail: JSON.stringify(failed ?? '') };
  }

  test('carries messages to a server that a trusted CA vouches for', async () => {
    const { url, server: agent } = await serve({ tls: server });
    expect(url).toMatch(/^wss:/);
    expect(await connect(url, { ca: authority.cert })).toMatchObject({ reason: CONNECT_REASON.connected });
    expect(agent.messages).toHaveLength(1);
  });

  test('does not trust whom nobody vouches for, whatever the environment says', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const { url, server: agent } = await serve({ tls: server });
    for (const tls of [undefined, { ca: otherAuthority.cert }]) {
      const { reason, detail } = await connect(url, tls);
      expect(reason).toBe(CONNECT_REASON.noServer);
      expect(detail).toContain('no CA that this device trusts');
    }
    expect(agent.accepted).toBe(0);
  });

  test('does not take the certificate of another name', async () => {
    const { url } = await serve({ tls: server });
    const wrong = await connect(url, { ca: authority.cert, servername: 'agent.example.com' });
    expect(wrong.reason).toBe(CONNECT_REASON.noServer);
    expect(wrong.detail).toContain('for another name');
    const right = await connect(url, { ca: authority.cert, servername: 'localhost' });
    expect(right.reason).toBe(CONNECT_REASON.connected);
  });

  test('shows its own certificate to a server that asks for one', async () => {
    const tls = { ...server, ca: authority.cert, requestCert: true, rejectUnauthorized: true };
    const { url } = await serve({ tls });
    expect((await connect(url, { ca: authority.cert, ...device })).reason).toBe(CONNECT_REASON.connected);
    expect((await connect(url, { ca: authority.cert })).reason).not.toBe(CONNECT_REASON.connected);
  });

  test('does not speak TLS to a server without, nor the other way round', async () => {
    const plain = await serve({});
    expect((await connect(plain.url.replace('ws:', 'wss:'))).reason).toBe(CONNECT_REASON.noServer);
    const secure = await serve({ tls: server });
    expect((await connect(secure.url.replace('wss:', 'ws:'))).reason).toBe(CONNECT_REASON.noServer);
  });
});

describe('websocketPipe', () => {
  /** A WebSocket that is opened by hand, so that what comes next is anything at all. */
  async function openByHand(port: number) {
    const socket = connect(port, '127.0.0.1');
    cleanups.push(() => socket.destroy());
    socket.on('error', () => {});
    const head = [
      'GET / HTTP/1.1',
      'Host: x',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
    ];
    socket.write(
      [...head, `Sec-WebSocket-Key: ${'A'.repeat(22)}==`, 'Sec-WebSocket-Protocol: holdfast', '', ''].join('\r\n'),
    );
    await once(socket, 'data');
    return socket;
  }

  /** A client's frame: masked with zeros, as it must be. */
  function frame(first: number, payload: Uint8Array): Buffer {
    return Buffer.concat([Buffer.from([first, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
  }

  async function serveByHand() {
    const details: string[] = [];
    let bytes = 0;
    const { port, sockets } = await serve({
      onSocket: (socket: WebSocket) => {
        const received = (data: Uint8Array) => {
          bytes += data.length;
        };
        websocketPipe(socket, 'somebody', { received, closed: (detail) => details.push(detail) });
      },
    });
    return { port, sockets, details, receivedBytes: () => bytes };
  }

  test('keeps few pongs for an end that asks and does not read', async () => {
    const { port, sockets, details } = await serveByHand();
    const socket = await openByHand(port);
    socket.pause();
    const pings = Buffer.concat(Array.from({ length: 2_000 }, () => frame(0x89, new Uint8Array(125))));
    let most = 0;
    for (let n = 0; n < 200 && details.length === 0; n++) {
      socket.write(pings);
      await new Promise((resolve) => setImmediate(resolve));
      most = Math.max(most, sockets[0]?.bufferedAmount ?? 0);
    }
    await expect.poll(() => details).toEqual(['the connection was lost']);
    expect(most).toBeLessThan(100_000);
  });

  test.each([
    ['a frame that says it is huge', Buffer.from([0x82, 0xff, 0, 0, 0, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]), 'payload size'],
    ['a frame without a mask', Buffer.from([0x82, 1, 7]), 'MASK'],
    ['bits that mean nothing', frame(0xf2, Uint8Array.of(1)), 'RSV'],
    ['a frame of an unknown kind', frame(0x83, Uint8Array.of(1)), 'opcode'],
    ['a text message', frame(0x81, Buffer.from('hi')), 'not binary'],
  ])('ends the connection of one who sends %s', async (_, bytes, detail) => {
    const { port, details, receivedBytes } = await serveByHand();
    const socket = await openByHand(port);
    socket.resume();
    const ended = once(socket, 'close');
    socket.write(bytes);
    await ended;
    await expect.poll(() => details).toEqual([expect.stringContaining(detail)]);
    expect(receivedBytes()).toBe(0);
  });

  test('ends the connection of one who cuts a message into too many pieces', async () => {
    const { port, details } = await serveByHand();
    const socket = await openByHand(port);
    socket.resume();
    const continuation = frame(0x00, new Uint8Array(1));
    socket.write(Buffer.concat([frame(0x02, new Uint8Array(1)), ...Array.from({ length: 1_024 }, () => continuation)]));
    await expect.poll(() => details).toEqual([expect.stringMatching(/fragments/)]);
  });

  test('lets go of one who does not say goodbye', async () => {
    const { port, sockets, details } = await serveByHand();
    const socket = await openByHand(port);
    socket.pause();
    await expect.poll(() => sockets.length).toBe(1);
    sockets[0]?.close(1000);
    await expect.poll(() => details).toEqual(['the connection was lost']);
  });
});
