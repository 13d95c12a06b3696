// TCP and TLS, with Node's own sockets. Plain TCP leaves the machine only when asked for in so many words.

import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { checkInteger, checkText, HoldfastError } from '@holdfast/protocol';
import { CONNECT_REASON } from '../core/index.js';
import { type Link, LinkError, type Pipe, type PipeEvents } from '../link.js';
import { isLoopbackHost } from './loopback-host.js';
import { nodeFailure, oneLine } from './node-failure.js';

export { isLoopbackHost };

/** The TLS side of a TCP link. The server's certificate is always checked. */
export interface TcpTlsOptions {
  /** Certificates to trust in place of the system's, as PEM. */
  readonly ca?: string | Buffer | readonly (string | Buffer)[];
  /** This device's certificate and key as PEM, for servers that ask for one. */
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  /** The name that the server's certificate must carry. @default the host, when that is a name */
  readonly servername?: string;
}

/** The options of `tcp`. */
export interface TcpOptions {
  readonly host: string;
  readonly port: number;
  /** TLS, with the system's certificates (`true`) or as given. Required beyond this machine unless `plaintext` is true. */
  readonly tls?: true | TcpTlsOptions;
  /** Allows plain TCP to a host that is not this machine. Everybody between can read and change what is sent. */
  readonly plaintext?: boolean;
}

/** What one write takes at most, in bytes; enough to keep a fast network busy, little enough to stay in the cache. */
const WRITE_MAX_BYTES = 65_536;

/** How long a socket may stand still behind its `end`, in milliseconds. */
const END_TIMEOUT_MS = 1_000;

/**
 * A link over TCP, or TLS.
 *
 * @throws HoldfastError `PLAINTEXT_REFUSED` when the host is not this machine and neither TLS nor `plaintext` is given
 */
export function tcp(options: TcpOptions): Link {
  const host = checkText('host', options.host, 255);
  const port = checkInteger('port', options.port, { min: 1, max: 65_535 });
  if (options.tls === undefined && options.plaintext !== true && !isLoopbackHost(host)) {
    const advice = 'give tls: true, or plaintext: true when you know why';
    throw new HoldfastError('PLAINTEXT_REFUSED', `${host} is not this machine, and the link has no TLS; ${advice}`);
  }
  return {
    name: `${options.tls === undefined ? 'tcp' : 'tls'} ${host}:${port}`,
    writeMaxBytes: WRITE_MAX_BYTES,
    dial: (events, signal) => dial({ ...options, host, port }, events, signal),
  };
}

/** Makes a pipe of an open socket: the dialing and the accepting end share it. */
export function socketPipe(socket: Socket, events: PipeEvents): Pipe {
  let failure: string | undefined;
  socket.setNoDelay(true);
  socket.on('data', (bytes: Buffer) => events.received(bytes));
  socket.on('error', (error) => {
    failure ??= oneLine(error);
  });
  socket.once('close', () => events.closed(failure ?? 'the other end closed the connection'));
  return {
    peer: `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`,
    write: (bytes, onTaken) => {
      // The callback means that the operating system has the bytes; that is what "taken" is on this link.
      socket.write(bytes, (error) => {
        // For a write that was cut short by the end of the socket it is called without an error.
        if (!error && !socket.destroyed) onTaken();
      });
    },
    end: () => {
      socket.destroySoon();
      // An end that does not read could keep the socket for ever.
      socket.setTimeout(END_TIMEOUT_MS, () => socket.destroy());
    },
    destroy: () => socket.destroy(),
  };
}

function dial(options: TcpOptions, events: PipeEvents, signal: AbortSignal): Promise<Pipe> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) throw givenUp();
    const socket = options.tls === undefined ? connectTcp(options.port, options.host) : openTls(options, options.tls);
    const onAbort = (): void => {
      socket.destroy();
      reject(givenUp());
    };
    const onError = (error: NodeJS.ErrnoException): void => {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      reject(nodeFailure(error, `${options.host}:${options.port}`));
    };
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('error', onError);
    socket.once(options.tls === undefined ? 'connect' : 'secureConnect', () => {
      signal.removeEventListener('abort', onAbort);
      socket.off('error', onError);
      resolve(socketPipe(socket, events));
    });
  });
}

function givenUp(): LinkError {
  return new LinkError(CONNECT_REASON.notConnected, 'the attempt was given up');
}

function openTls(options: TcpOptions, tls: true | TcpTlsOptions): TLSSocket {
  const { ca, cert, key, servername } = tls === true ? ({} as TcpTlsOptions) : tls;
  // A certificate can not be checked against an IP address given as server name; Node refuses that.
  const name = servername ?? (isIP(options.host) === 0 ? options.host : undefined);
  return connectTls({
    host: options.host,
    port: options.port,
    rejectUnauthorized: true, // Whatever the environment says.
    ...(ca !== undefined && { ca: ca as string | Buffer | (string | Buffer)[] }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(name !== undefined && { servername: name }),
  });
}
