// WebSocket in Node, on `ws`, in every version of Node: the `WebSocket` that Node has since version 22 takes no
// certificates, does not tell why a connection failed, and does not tell when bytes have left.

import type { Socket } from 'node:net';
import { type ClientOptions, WebSocket } from 'ws';
import { CONNECT_REASON, type ConnectReason } from '../core/index.js';
import { type Link, LinkError, type Pipe, type PipeEvents } from '../link.js';
import { nodeFailure } from './node-failure.js';
import {
  describeClose,
  describeUrl,
  givenUp,
  resolveWebSocketUrl,
  WEBSOCKET_PAYLOAD_MAX_BYTES,
  WEBSOCKET_SUBPROTOCOL,
  type WebSocketOptions,
  type WebSocketTlsOptions,
} from './websocket-options.js';

export { WEBSOCKET_SUBPROTOCOL, type WebSocketOptions, type WebSocketTlsOptions } from './websocket-options.js';

/**
 * What both ends ask of `ws`. Compression is off: it costs much memory per connection, and a secret beside text of a
 * stranger's choice could be guessed from lengths.
 */
export const WEBSOCKET_LIMITS = {
  perMessageDeflate: false,
  maxPayload: WEBSOCKET_PAYLOAD_MAX_BYTES,
  // A message in many small pieces costs more memory than its bytes.
  maxFragments: 1_024,
  maxBufferedChunks: 4_096,
  /** How long the other end may take to say goodbye, in milliseconds. */
  closeTimeout: 1_000,
} as const;

/**
 * A link over WebSocket.
 *
 * @throws TypeError or RangeError that names a wrong option
 * @throws HoldfastError `PLAINTEXT_REFUSED` when the URL begins with `ws:`, its host is not this machine, and `plaintext` is
 * not true
 */
export function websocket(options: WebSocketOptions): Link {
  const url = resolveWebSocketUrl(options);
  return {
    name: `websocket ${describeUrl(url)}`,
    writeMaxBytes: WEBSOCKET_PAYLOAD_MAX_BYTES,
    dial: (events, signal) => dial(url, options.tls ?? {}, events, signal),
  };
}

/** Makes a pipe of an open WebSocket of `ws`: the dialing and the accepting end share it. `peer`: its address, for people. */
export function websocketPipe(socket: WebSocket, peer: string, events: PipeEvents): Pipe {
  let fault: string | undefined;
  socket.on('message', (bytes: Buffer, isBinary) => {
    if (fault !== undefined) return;
    if (isBinary) events.received(bytes);
    else {
      fault = 'a WebSocket message came that was not binary';
      socket.close(1003, 'binary messages only');
    }
  });
  // The other end broke the rules of WebSocket. That the connection is lost is no error to `ws`, only a close.
  socket.on('error', (error) => {
    fault ??= error.message;
  });
  socket.once('close', (code, reason) => events.closed(fault ?? describeClose(code, reason.toString())));
  return {
    peer,
    write: (bytes, onTaken) => {
      // The callback means that the operating system has the bytes; that is what "taken" is on this link.
      socket.send(bytes, (error) => {
        if (!error) onTaken();
      });
    },
    end: () => socket.close(1000),
    destroy: () => socket.terminate(),
  };
}

function dial(url: URL, tls: WebSocketTlsOptions, events: PipeEvents, signal: AbortSignal): Promise<Pipe> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) throw givenUp();
    const socket = new WebSocket(url, WEBSOCKET_SUBPROTOCOL, {
      ...WEBSOCKET_LIMITS,
      ...(tls as ClientOptions),
      rejectUnauthorized: true, // Whatever the environment says.
    });
    let peer = 'unknown';
    const fail = (error: LinkError): void => {
      signal.removeEventListener('abort', onAbort);
      socket.removeAllListeners();
      // Giving up on a socket that is not open yet ends in an error, which is none.
      socket.on('error', () => {});
      socket.terminate();
      reject(error);
    };
    const onAbort = (): void => fail(givenUp());
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('error', (error) => fail(dialFailure(error, url)));
    socket.once('unexpected-response', (_, { statusCode = 0 }) => fail(refusal(statusCode, url)));
    socket.once('upgrade', ({ socket: { remoteAddress, remotePort } }: { readonly socket: Socket }) => {
      peer = `${remoteAddress ?? 'unknown'}:${remotePort ?? 0}`;
    });
    socket.once('open', () => {
      signal.removeEventListener('abort', onAbort);
      socket.removeAllListeners();
      resolve(websocketPipe(socket, peer, events));
    });
  });
}

/** What a server says in HTTP in place of opening a WebSocket. */
function refusal(status: number, url: URL): LinkError {
  const [reason, advice] = STATUSES[status] ?? [
    CONNECT_REASON.noServer,
    'no Holdfast agent answers there; check the URL',
  ];
  return new LinkError(reason, `can not connect to ${describeUrl(url)}: HTTP status ${status}, ${advice}`);
}

const STATUSES: Readonly<Record<number, readonly [ConnectReason, string]>> = {
  401: [CONNECT_REASON.notAuthorised, 'what stands before the agent wants a login'],
  403: [CONNECT_REASON.notAuthorised, "this client may not come in; check the origins of the agent's listener"],
  404: [CONNECT_REASON.noServer, 'no agent listens under that path; check the URL'],
  407: [CONNECT_REASON.noProxy, 'the proxy on the way wants a login'],
  502: [CONNECT_REASON.noServer, 'what stands before the agent does not reach it'],
  503: [CONNECT_REASON.noServer, 'the server takes no connections now'],
  504: [CONNECT_REASON.noServer, 'what stands before the agent gets no answer from it'],
};

function dialFailure(error: NodeJS.ErrnoException, url: URL): LinkError {
  const where = describeUrl(url);
  if (error.message !== 'Server sent no subprotocol') return nodeFailure(error, where);
  const advice = 'the WebSocket server there does not speak Holdfast; check the URL';
  return new LinkError(CONNECT_REASON.noServer, `can not connect to ${where}: ${advice}`, { cause: error });
}
