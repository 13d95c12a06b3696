// TLS with real sockets and certificates made on the spot.

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls';
import { systemRuntime } from '@holdfast/protocol';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Certificate, certificateFor, createAuthority } from '../../../../test/support/certificates.js';
import {
  CONNECT_REASON,
  createTransport,
  RETURN_ON_ERROR,
  SEND_OK,
  type TransportEvent,
  WAIT_FOR_ACK,
  WAIT_TIL_SENT,
} from '../../src/index.js';
import { type TcpTlsOptions, tcp } from '../../src/links/tcp.js';
import { TestServer } from '../server.js';

let authority: Certificate;
let otherAuthority: Certificate;
let serverCertificate: Certificate;
let deviceCertificate: Certificate;

beforeAll(async () => {
  authority = await createAuthority();
  otherAuthority = await createAuthority('Another authority');
  serverCertificate = await certificateFor(authority, {
    commonName: 'localhost',
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
  });
  deviceCertificate = await certificateFor(authority, { commonName: 'press-7' });
});

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(options: TlsOptions = {}): Promise<{ server: TestServer; tls: Server; port: number }> {
  const server = new TestServer(systemRuntime());
  const sockets = new Set<TLSSocket>();
  const tls = createServer({ ...serverCertificate, ...options }, (socket) => {
    sockets.add(socket);
    server.accept(socket);
  });
  tls.on('tlsClientError', () => {});
  tls.listen(0, '127.0.0.1');
  await once(tls, 'listening');
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    tls.close();
  });
  return { server, tls, port: (tls.address() as AddressInfo).port };
}

async function connect(port: number, tls: true | TcpTlsOptions, host = '127.0.0.1') {
  const transport = createTransport({ deviceId: 'press-7', token: 'tok-9f3a77', link: tcp({ host, port, tls }) });
  transport.setSendTimeoutPolicy(RETURN_ON_ERROR, WAIT_TIL_SENT, 30);
  const events: TransportEvent[] = [];
  transport.observe((event) => events.push(event));
  cleanups.push(() => transport.disconnect());
  const reason = await transport.connect({ timeoutMs: 20_000 });
  const failed = events.find((event) => event.type === 'connectFailed');
  return { transport, reason, detail: failed?.cause.detail ?? '' };
}

describe('a TLS link', () => {
  test.each([
    ['an address', '127.0.0.1', {}],
    ['a name', 'localhost', {}],
    ['an address and the name that the certificate has', '127.0.0.1', { servername: 'localhost' }],
  ])('carries messages to a server dialed by %s, whose CA it was given', async (_, host, options) => {
    const { server, port } = await serve();
    const { transport, reason } = await connect(port, { ca: authority.cert, ...options }, host);
    expect(reason).toBe(CONNECT_REASON.connected);
    transport.setSendTimeoutPolicy(RETURN_ON_ERROR, WAIT_FOR_ACK, 20);
    expect(await transport.send('n', 'x'.repeat(200_000))).toBe(SEND_OK);
    expect(server.messages).toEqual([{ name: 'n', data: 'x'.repeat(200_000) }]);
  });

  test('sends the last bytes before it goes', async () => {
    const { server, port } = await serve();
    const { transport } = await connect(port, { ca: authority.cert });
    const came = new Promise<void>((resolve) => {
      server.onMessage = resolve;
    });
    await transport.send('n', 'last');
    await transport.disconnect();
    await came;
    expect(server.messages).toEqual([{ name: 'n', data: 'last' }]);
  });

  test.each([
    ['the CA is not the one that was given', () => ({ ca: otherAuthority.cert })],
    ['the system does not know the CA', () => true as const],
  ])('does not trust a server when %s, and says so in one line', async (_, options) => {
    const { server, port } = await serve();
    const { reason, detail } = await connect(port, options());
    expect(reason).toBe(CONNECT_REASON.noServer);
    expect(detail).toBe(
      `can not connect to 127.0.0.1:${port}: no CA that this device trusts has signed the certificate of the server; give its CA as tls.ca`,
    );
    expect(server.accepted).toBe(0);
  });

  test('checks the certificate whatever the environment says', async () => {
    vi.spyOn(process, 'emitWarning').mockImplementation(() => {}); // Node warns of the setting.
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    const { port } = await serve();
    expect((await connect(port, { ca: otherAuthority.cert })).reason).toBe(CONNECT_REASON.noServer);
  });

  test('does not trust a certificate for another name, and says so in one line', async () => {
    const { port } = await serve();
    const { reason, detail } = await connect(port, { ca: authority.cert, servername: 'agent.example.com' });
    expect(reason).toBe(CONNECT_REASON.noServer);
    expect(detail).toMatch(/^can not connect to .*: the certificate of the server is for another name; .*$/);
  });

  test('does not trust a certificate that is over', async () => {
    const old = await certificateFor(authority, {
      commonName: 'localhost',
      dnsNames: ['localhost'],
      notAfter: new Date(Date.now() - 60_000),
    });
    const { port } = await serve(old);
    const { detail } = await connect(port, { ca: authority.cert }, 'localhost');
    expect(detail).toContain('has expired');
  });

  test('shows its own certificate to a server that asks for one', async () => {
    const { tls, port } = await serve({ requestCert: true, ca: authority.cert });
    const secured = once(tls, 'secureConnection');
    const { reason } = await connect(port, { ca: authority.cert, ...deviceCertificate });
    expect(reason).toBe(CONNECT_REASON.connected);
    const [socket] = (await secured) as [TLSSocket];
    expect(socket.getPeerCertificate().subject.CN).toBe('press-7');
  });

  test('is kept out by a server that asks for a certificate it does not have', async () => {
    const { server, port } = await serve({ requestCert: true, ca: authority.cert });
    const { reason, detail } = await connect(port, { ca: authority.cert });
    expect(reason).toBe(CONNECT_REASON.noServer);
    expect(detail).toMatch(/^[^\n]*certificate required[^\n]*$/);
    expect(server.accepted).toBe(0);
  });

  test('finds a server that speaks no TLS', async () => {
    const { createServer: createPlainServer } = await import('node:net');
    const plain = createPlainServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    plain.listen(0, '127.0.0.1');
    await once(plain, 'listening');
    cleanups.push(() => plain.close());
    const { detail } = await connect((plain.address() as AddressInfo).port, true);
    expect(detail).toContain('the server does not speak TLS there');
  });
});
