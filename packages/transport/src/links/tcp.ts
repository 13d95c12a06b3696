// TCP and TLS, with Node's own sockets. Plain TCP leaves the machine only when asked for in so many words.

import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { checkInteger, checkText, HoldfastError } from '@holdfast/protocol';
import { CONNECT_REASON, type ConnectReason } from '../core/index.js';
import { type Link, LinkError, type Pipe, type PipeEvents } from '../link.js';

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

/** Whether a host is this machine for sure. Names other than `localhost` are not looked up. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
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
      reject(linkError(error, options));
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

const UNTRUSTED = 'no CA that this device trusts has signed the certificate of the server; give its CA as tls.ca';

/** How Node's error codes read as reasons, and what to do about them. */
const REASONS: Readonly<Record<string, readonly [ConnectReason, string]>> = {
  ENOTFOUND: [CONNECT_REASON.notResolved, 'the name does not resolve; check the host name and the DNS'],
  EAI_AGAIN: [CONNECT_REASON.notResolved, 'the name does not resolve now; check the network and the DNS'],
  ECONNREFUSED: [CONNECT_REASON.noServer, 'nothing listens there; check that the agent runs and the port is right'],
  ECONNRESET: [CONNECT_REASON.noServer, 'the connection was reset while it was opened'],
  ETIMEDOUT: [CONNECT_REASON.noServer, 'nobody answered in time'],
  ENETUNREACH: [CONNECT_REASON.noLink, 'there is no network'],
  EHOSTUNREACH: [CONNECT_REASON.noLink, 'there is no way to the host'],
  EADDRNOTAVAIL: [CONNECT_REASON.noIpAddress, 'this machine has no address to dial from'],
  SELF_SIGNED_CERT_IN_CHAIN: [CONNECT_REASON.noServer, UNTRUSTED],
  DEPTH_ZERO_SELF_SIGNED_CERT: [CONNECT_REASON.noServer, UNTRUSTED],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: [CONNECT_REASON.noServer, UNTRUSTED],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [CONNECT_REASON.noServer, UNTRUSTED],
  CERT_HAS_EXPIRED: [CONNECT_REASON.noServer, 'the certificate of the server has expired; or check the clock here'],
  CERT_NOT_YET_VALID: [CONNECT_REASON.noServer, 'the certificate of the server is not valid yet; check the clock here'],
  ERR_TLS_CERT_ALTNAME_INVALID: [
    CONNECT_REASON.noServer,
    'the certificate of the server is for another name; dial that name or give it as tls.servername',
  ],
  ERR_SSL_WRONG_VERSION_NUMBER: [CONNECT_REASON.noServer, 'the server does not speak TLS there'],
};

function linkError(error: NodeJS.ErrnoException, options: TcpOptions): LinkError {
  const [reason, advice] = REASONS[error.code ?? ''] ?? [CONNECT_REASON.noServer, oneLine(error)];
  return new LinkError(reason, `can not connect to ${options.host}:${options.port}: ${advice}`, { cause: error });
}

/** What an error says, without the places in OpenSSL's source that a TLS error comes with. */
function oneLine(error: Error & { readonly reason?: string }): string {
  return (error.reason ?? error.message).trim().replace(/\s*\n\s*/g, '; ');
}
