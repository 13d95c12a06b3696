// WebSocket with the browser's own `WebSocket`, or that of another platform which has one. Node takes websocket-node.ts
// behind the same door: its own WebSocket keeps to itself why a connection failed and when bytes have left.
//
// A browser does not tell when it has passed bytes on, only how many it still has. So a write counts as taken when few are
// left; what the link is behind with stays where it can be seen, in the send buffer.

import { CONNECT_REASON } from '../core/index.js';
import { type Link, LinkError, type Pipe, type PipeEvents } from '../link.js';
import { watchPage } from './page-events.js';
import {
  describeClose,
  describeUrl,
  givenUp,
  resolveWebSocketUrl,
  WEBSOCKET_PAYLOAD_MAX_BYTES,
  WEBSOCKET_SUBPROTOCOL,
  type WebSocketOptions,
} from './websocket-options.js';

export type { WebSocketOptions, WebSocketTlsOptions } from './websocket-options.js';

/** What the browser may hold back, in bytes, and still be given more: enough to keep a fast network busy. */
const BUFFERED_MAX_BYTES = 65_536;

/** How often a browser that is behind is asked how far it has come, in milliseconds. */
const POLL_MS = 10;

/** Close codes of RFC 6455, section 7.4.1. */
const NORMAL = 1000;
const TOO_LARGE = 'a WebSocket message came that was too large';
const NOT_BINARY = 'a WebSocket message came that was not binary';

/**
 * A link over WebSocket.
 *
 * @throws TypeError or RangeError that names a wrong option, `tls` included: a browser checks certificates by itself
 * @throws HoldfastError `PLAINTEXT_REFUSED` when the URL begins with `ws:`, its host is not this machine, and `plaintext` is
 * not true
 */
export function websocket(options: WebSocketOptions): Link {
  const url = resolveWebSocketUrl(options);
  if (options.tls !== undefined) throw new TypeError('tls is for Node; this platform has certificates of its own');
  return {
    name: `websocket ${describeUrl(url)}`,
    writeMaxBytes: WEBSOCKET_PAYLOAD_MAX_BYTES,
    dial: (events, signal) => dial(url, events, signal),
    watchReturn: (onReturned) => watchPage(onReturned),
  };
}

function dial(url: URL, events: PipeEvents, signal: AbortSignal): Promise<Pipe> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) throw givenUp();
    const socket = open(url);
    socket.binaryType = 'arraybuffer';
    const onAbort = (): void => {
      socket.onclose = null;
      socket.onopen = null;
      socket.close();
      reject(givenUp());
    };
    signal.addEventListener('abort', onAbort, { once: true });
    socket.onclose = () => {
      signal.removeEventListener('abort', onAbort);
      reject(failure(url));
    };
    socket.onopen = () => {
      signal.removeEventListener('abort', onAbort);
      socket.onopen = null;
      if (socket.protocol === WEBSOCKET_SUBPROTOCOL) resolve(new WebSocketPipe(socket, describeUrl(url), events));
      else {
        socket.onclose = null;
        socket.close(NORMAL);
        const advice = 'the WebSocket server there does not speak Holdfast; check the URL';
        reject(new LinkError(CONNECT_REASON.noServer, `can not connect to ${describeUrl(url)}: ${advice}`));
      }
    };
  });
}

function open(url: URL): WebSocket {
  try {
    return new WebSocket(url, WEBSOCKET_SUBPROTOCOL);
  } catch (cause) {
    // As for `ws:` in a page that came by `https:`.
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new LinkError(CONNECT_REASON.noServer, `can not connect to ${describeUrl(url)}: ${detail}`, { cause });
  }
}

/** A page is not told what is wrong, so that it can not explore its user's network. */
function failure(url: URL): LinkError {
  const where = `can not connect to ${describeUrl(url)}`;
  if (globalThis.navigator?.onLine === false)
    return new LinkError(CONNECT_REASON.noLink, `${where}: there is no network`);
  const advice = "check that the agent runs there, that its listener's origins name this page, and the certificate";
  return new LinkError(CONNECT_REASON.noServer, `${where}, and the browser does not say why; ${advice}`);
}

class WebSocketPipe implements Pipe {
  readonly peer: string;
  readonly #socket: WebSocket;
  /** Told when the write under way is taken. */
  #onTaken: (() => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** What this end found wrong with the other. */
  #fault: string | undefined;

  constructor(socket: WebSocket, peer: string, events: PipeEvents) {
    this.peer = peer;
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      if (this.#fault !== undefined) return;
      if (!(data instanceof ArrayBuffer)) this.#reject(NOT_BINARY);
      else if (data.byteLength > WEBSOCKET_PAYLOAD_MAX_BYTES) this.#reject(TOO_LARGE);
      else events.received(new Uint8Array(data));
      // In a page that is hidden timers are slow; acks come when they come.
      this.#look();
    };
    socket.onclose = ({ code, reason }) => {
      clearTimeout(this.#timer);
      this.#onTaken = undefined;
      events.closed(this.#fault ?? describeClose(code, reason));
    };
  }

  write(bytes: Uint8Array, onTaken: () => void): void {
    // The browser has copied the bytes when this returns.
    this.#socket.send(bytes as Uint8Array<ArrayBuffer>);
    this.#onTaken = onTaken;
    queueMicrotask(() => this.#look());
  }

  end(): void {
    // What was sent before leaves first.
    this.#socket.close(NORMAL);
  }

  destroy(): void {
    // Nothing is faster in a browser.
    this.#socket.close();
  }

  /** Looks whether the write under way is taken, now and until it is. */
  #look(): void {
    const onTaken = this.#onTaken;
    if (onTaken === undefined) return;
    clearTimeout(this.#timer);
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    if (this.#socket.bufferedAmount > BUFFERED_MAX_BYTES) {
      this.#timer = setTimeout(() => this.#look(), POLL_MS);
      return;
    }
    this.#onTaken = undefined;
    onTaken();
  }

  #reject(fault: string): void {
    this.#fault = fault;
    // Codes that would say it are for browsers alone.
    this.#socket.close(NORMAL);
  }
}
