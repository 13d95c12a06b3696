// TCP and TLS listeners, with Node's own servers.

import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { checkInteger, checkText } from '@holdfast/protocol';
import { isLoopbackHost, socketPipe } from '@holdfast/transport/tcp';
import type { AcceptPipe, Listener, OpenListener } from '../listener.js';
import { HandshakeLimit } from './handshake-limit.js';
import { listenFailure } from './listen-failure.js';

/** The TLS side of a listener. */
export interface TcpListenerTlsOptions {
  /** This server's certificate chain and key, as PEM. */
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  /** With it, devices must show a certificate that one of these has signed. */
  readonly clientCa?: string | Buffer;
  /**
   * TLS handshakes at one time; the agent's `connectionsMax` counts connections from the end of theirs on. A further one
   * takes the place of the oldest.
   * @default 10000
   */
  readonly handshakesMax?: number;
}

/** The options of `tcpListener`. */
export interface TcpListenerOptions {
  /** @default 7400; 0 lets the system choose */
  readonly port?: number;
  /** The address to listen on. Anything that other machines can reach needs `authenticate`. @default '127.0.0.1' */
  readonly host?: string;
  readonly tls?: TcpListenerTlsOptions;
}

/** The port of an agent, unless told otherwise. */
export const DEFAULT_PORT = 7_400;

/** From the open connection to the end of its TLS handshake, in milliseconds. */
const TLS_HANDSHAKE_TIMEOUT_MS = 10_000;

const HANDSHAKES_MAX = 10_000;

const WRITE_MAX_BYTES = 65_536;

/** Listens on TCP, or TLS. */
export function tcpListener(options: TcpListenerOptions = {}): Listener {
  const port = checkInteger('port', options.port ?? DEFAULT_PORT, { min: 0, max: 65_535 });
  const host = checkText('host', options.host ?? '127.0.0.1', 255);
  checkInteger('tls.handshakesMax', options.tls?.handshakesMax ?? HANDSHAKES_MAX, { min: 1, max: 1_000_000 });
  return {
    isLoopback: isLoopbackHost(host),
    writeMaxBytes: WRITE_MAX_BYTES,
    listen: (accept) => listen(host, port, options.tls, accept),
  };
}

function listen(
  host: string,
  port: number,
  tls: TcpListenerTlsOptions | undefined,
  accept: AcceptPipe,
): Promise<OpenListener> {
  const onSocket = (socket: Socket): void => {
    // An error is followed by `close`, which is all that the pipe needs; without this listener it would end the process.
    socket.on('error', () => {});
    accept((events) => socketPipe(socket, events));
  };
  const server = tls === undefined ? createTcpServer({ noDelay: true }, onSocket) : createTls(tls, onSocket);
  const handshakes = tls === undefined ? undefined : new HandshakeLimit(server, tls.handshakesMax ?? HANDSHAKES_MAX);
  server.on('secureConnection', (socket: Socket) => handshakes?.release(socket));
  return new Promise((resolve, reject) => {
    // Once it listens, an error means that one connection could not be taken, for want of file descriptors; it is gone.
    server.on('error', (error: NodeJS.ErrnoException) => reject(listenFailure(error, `${host}:${port}`)));
    server.listen(port, host, () => {
      const { port: chosen } = server.address() as AddressInfo;
      const close = async (): Promise<void> => {
        // Its callback comes when every connection has ended; the port is free at once.
        server.close();
        handshakes?.endAll();
      };
      resolve({ address: `${host}:${chosen}`, port: chosen, close });
    });
  });
}

function createTls(tls: TcpListenerTlsOptions, onSocket: (socket: Socket) => void): Server {
  const { cert, key, clientCa } = tls;
  const clients = clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: true };
  const server = createTlsServer({ cert, key, ...clients, handshakeTimeout: TLS_HANDSHAKE_TIMEOUT_MS }, onSocket);
  // A handshake that fails concerns that one connection, which Node has closed.
  server.on('tlsClientError', () => {});
  return server;
}
