// WebSocket listeners, on `ws`: with a port of their own, or attached to an HTTP server that is there already.
//
// A browser lets every page connect to every address that its user can reach, this machine included, and says in `Origin`
// which page it is. So pages are let in by name only; what is not a browser sends no origin and is not concerned.

import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { checkInteger, checkText } from '@holdfast/protocol';
import { isLoopbackHost } from '@holdfast/transport/tcp';
import { WEBSOCKET_LIMITS, WEBSOCKET_SUBPROTOCOL, websocketPipe } from '@holdfast/transport/websocket';
import { WebSocketServer } from 'ws';
import type { AcceptPipe, Listener, OpenListener } from '../listener.js';
import { HandshakeLimit } from './handshake-limit.js';
import { listenFailure } from './listen-failure.js';
import { DEFAULT_PORT, type TcpListenerTlsOptions } from './tcp.js';

/** What every WebSocket listener can be told. */
interface CommonOptions {
  /** The path of the URL that devices dial, without a query. @default '/' */
  readonly path?: string;
  /**
   * The pages that may connect, as origins: `https://app.example.com`. `'*'` lets in every page of every browser that can
   * reach this listener, also on this machine, and needs `authenticate`.
   * @default []: no page
   */
  readonly origins?: readonly string[] | '*';
}

/** The options of a `websocketListener` with a port of its own. */
export interface WebSocketPortOptions extends CommonOptions {
  /** @default 7400; 0 lets the system choose */
  readonly port?: number;
  /** The address to listen on. Anything that other machines can reach needs `authenticate`. @default '127.0.0.1' */
  readonly host?: string;
  /** TLS: devices dial `wss:`. `handshakesMax` is the option below. */
  readonly tls?: Omit<TcpListenerTlsOptions, 'handshakesMax'>;
  /**
   * Connections at one time that are no WebSocket yet; the agent's `connectionsMax` counts from then on. A further one takes
   * the place of the oldest.
   * @default 10000
   */
  readonly handshakesMax?: number;
  /** From the open connection to the WebSocket, in milliseconds; then it is closed. @default 10000 */
  readonly handshakeTimeoutMs?: number;
}

/** The options of a `websocketListener` that is attached to an HTTP server. */
export interface WebSocketServerOptions extends CommonOptions {
  /**
   * The server, which its owner makes, starts and closes, and whose limits are its own. It is on loopback for sure when it
   * listens there before `agent.listen`; otherwise `authenticate` is needed.
   */
  readonly server: HttpServer | HttpsServer;
}

/** The options of `websocketListener`. */
export type WebSocketListenerOptions = WebSocketPortOptions | WebSocketServerOptions;

const MS = { min: 1, max: 3_600_000 };

/** How long a client that is turned away may take to read why, in milliseconds. */
const REFUSE_TIMEOUT_MS = 1_000;

/**
 * Listens for devices and pages that dial over WebSocket.
 *
 * Attached to a server, it answers upgrades under its path. Those for other paths are left to the server's other upgrade
 * listeners; when it has none, they are answered with 404.
 *
 * @throws TypeError or RangeError that names a wrong option
 */
export function websocketListener(options: WebSocketListenerOptions = {}): Listener {
  const path = checkText('path', options.path ?? '/', 1_024);
  if (!/^\/[^?#]*$/.test(path)) throw new TypeError('path must begin with / and hold no query');
  const origins = checkOrigins(options.origins ?? []);
  const gate = { path, origins };
  if ('server' in options) {
    const { server } = options;
    if (typeof server?.on !== 'function') throw new TypeError('server must be a server of node:http or node:https');
    return {
      // Every page of a browser on this machine comes from this machine.
      get isLoopback() {
        return origins !== '*' && isOnLoopback(server);
      },
      writeMaxBytes: WEBSOCKET_LIMITS.maxPayload,
      listen: async (accept) => attach(server, gate, accept),
    };
  }
  const port = checkInteger('port', options.port ?? DEFAULT_PORT, { min: 0, max: 65_535 });
  const host = checkText('host', options.host ?? '127.0.0.1', 255);
  const handshakesMax = checkInteger('handshakesMax', options.handshakesMax ?? 10_000, { min: 1, max: 1_000_000 });
  const handshakeTimeoutMs = checkInteger('handshakeTimeoutMs', options.handshakeTimeoutMs ?? 10_000, MS);
  return {
    isLoopback: origins !== '*' && isLoopbackHost(host),
    writeMaxBytes: WEBSOCKET_LIMITS.maxPayload,
    listen: (accept) => {
      const server = createServer(options.tls, handshakeTimeoutMs);
      return listen({ server, port, host, handshakes: new HandshakeLimit(server, handshakesMax) }, gate, accept);
    },
  };
}

/** Who may come in. */
interface Gate {
  readonly path: string;
  readonly origins: readonly string[] | '*';
}

function checkOrigins(origins: readonly string[] | '*'): readonly string[] | '*' {
  if (origins === '*') return origins;
  if (!Array.isArray(origins))
    throw new TypeError("origins must be a list such as ['https://app.example.com'], or '*'");
  for (const origin of origins) {
    // What a browser sends has no path, no capitals, and no port that goes without saying.
    const isExact = origin === 'null' || (URL.canParse(origin) && new URL(origin).origin === origin);
    if (!isExact) throw new TypeError(`origins must hold origins such as https://app.example.com, not ${origin}`);
  }
  return [...origins];
}

function isOnLoopback(server: HttpServer | HttpsServer): boolean {
  const address = server.address();
  // A path is a socket in the file system.
  return typeof address === 'string' || (address !== null && isLoopbackHost(address.address));
}

function createServer(tls: WebSocketPortOptions['tls'], handshakeTimeoutMs: number): HttpServer | HttpsServer {
  const limits = {
    maxHeaderSize: 16_384,
    headersTimeout: handshakeTimeoutMs,
    requestTimeout: handshakeTimeoutMs,
    connectionsCheckingInterval: Math.min(1_000, handshakeTimeoutMs),
  };
  if (tls === undefined) return createHttpServer(limits, needsUpgrade);
  const { cert, key, clientCa } = tls;
  const clients = clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: true };
  return createHttpsServer({ ...limits, cert, key, ...clients, handshakeTimeout: handshakeTimeoutMs }, needsUpgrade);
}

/** Whoever comes with a browser's address line finds out what this is. */
function needsUpgrade(_: IncomingMessage, response: ServerResponse): void {
  response.writeHead(426, { connection: 'close', upgrade: 'websocket', 'content-type': 'text/plain' });
  response.end('A Holdfast agent listens here, over WebSocket.\n');
}

interface OwnServer {
  readonly server: HttpServer | HttpsServer;
  readonly port: number;
  readonly host: string;
  readonly handshakes: HandshakeLimit;
}

function listen({ server, port, host, handshakes }: OwnServer, gate: Gate, accept: AcceptPipe): Promise<OpenListener> {
  const upgrade = createUpgrade(gate, accept);
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    handshakes.release(socket);
    if (isFor(gate, request)) upgrade(request, socket, head);
    else refuse(socket, 404, NOT_HERE);
  });
  return new Promise((resolve, reject) => {
    // Once it listens, an error means that one connection could not be taken, for want of file descriptors; it is gone.
    server.on('error', (error: NodeJS.ErrnoException) => reject(listenFailure(error, `${host}:${port}`)));
    server.listen(port, host, () => {
      const { port: chosen } = server.address() as AddressInfo;
      const close = async (): Promise<void> => {
        // Its callback comes when every connection has ended; the port is free at once.
        server.close();
        handshakes.endAll();
      };
      resolve({ address: `${host}:${chosen}`, port: chosen, close });
    });
  });
}

function attach(server: HttpServer | HttpsServer, gate: Gate, accept: AcceptPipe): OpenListener {
  const upgrade = createUpgrade(gate, accept);
  const onUpgrade = (request: IncomingMessage, socket: Socket, head: Buffer): void => {
    if (isFor(gate, request)) upgrade(request, socket, head);
    else if (server.listenerCount('upgrade') === 1) refuse(socket, 404, NOT_HERE);
  };
  server.on('upgrade', onUpgrade);
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    address:
      typeof address === 'object' && address !== null ? `${address.address}:${address.port}${gate.path}` : gate.path,
    port,
    close: async () => {
      server.off('upgrade', onUpgrade);
    },
  };
}

const NOT_HERE = 'no agent listens under this path';

function isFor({ path }: Gate, { url = '' }: IncomingMessage): boolean {
  return url.split('?', 1)[0] === path;
}

/** Lets in who may come in, as a pipe. */
function createUpgrade({ origins }: Gate, accept: AcceptPipe) {
  const server = new WebSocketServer({
    ...WEBSOCKET_LIMITS,
    noServer: true,
    clientTracking: false,
    handleProtocols: () => WEBSOCKET_SUBPROTOCOL,
  });
  return (request: IncomingMessage, socket: Socket, head: Buffer): void => {
    const { origin, 'sec-websocket-protocol': protocols = '' } = request.headers;
    if (origin !== undefined && origins !== '*' && !origins.includes(origin)) {
      refuse(socket, 403, `the origin ${origin} is not among the origins of this listener`);
    } else if (!protocols.split(',').some((name) => name.trim() === WEBSOCKET_SUBPROTOCOL)) {
      refuse(socket, 400, `the subprotocol ${WEBSOCKET_SUBPROTOCOL} must be asked for`);
    } else {
      const peer = `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`;
      // For what `ws` turns away by itself; an open WebSocket clears it.
      socket.setTimeout(REFUSE_TIMEOUT_MS, () => socket.destroy());
      server.handleUpgrade(request, socket, head, (open) => {
        accept((events) => websocketPipe(open, peer, events));
      });
    }
  };
}

const STATUS_TEXTS: Readonly<Record<number, string>> = { 400: 'Bad Request', 403: 'Forbidden', 404: 'Not Found' };

/** Answers in HTTP and closes. Node has let go of the socket: there is no response object any more. */
function refuse(socket: Socket, status: number, reason: string): void {
  // It can be gone already.
  socket.on('error', () => {});
  socket.setTimeout(REFUSE_TIMEOUT_MS, () => socket.destroy());
  socket.once('finish', () => socket.destroy());
  const body = `${reason}\n`;
  const head = `HTTP/1.1 ${status} ${STATUS_TEXTS[status]}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8`;
  socket.end(`${head}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}
