// What the WebSocket links of browsers and of Node have in common: their options, the rule about plaintext, and how the
// protocol uses WebSocket. A binary message is a piece of the stream, cut anywhere; a text message is a mistake.

import { checkText, HoldfastError } from '@holdfast/protocol';
import { CONNECT_REASON } from '../core/index.js';
import { LinkError } from '../link.js';
import { isLoopbackHost } from './loopback-host.js';

/** The TLS side of a WebSocket link in Node. The server's certificate is always checked. */
export interface WebSocketTlsOptions {
  /** Certificates to trust in place of the system's, as PEM. */
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[];
  /** This device's certificate and key as PEM, for servers that ask for one. */
  readonly cert?: string | Uint8Array;
  readonly key?: string | Uint8Array;
  /** The name that the server's certificate must carry. @default the host, when that is a name */
  readonly servername?: string;
}

/** The options of `websocket`. */
export interface WebSocketOptions {
  /**
   * Where the agent listens: `wss://agent.example.com/holdfast`. `ws:` is for this machine alone unless `plaintext` is true.
   * Nothing secret belongs here, because addresses end up in logs: the token goes to `createTransport`.
   */
  readonly url: string;
  /** Allows `ws:` to a host that is not this machine. Everybody between can read and change what is sent. */
  readonly plaintext?: boolean;
  /** Certificates, in Node and with `wss:`. A browser has its own and does not take any. */
  readonly tls?: WebSocketTlsOptions;
}

/** The subprotocol that both ends name, so that a server of something else is noticed before the first frame. */
export const WEBSOCKET_SUBPROTOCOL = 'holdfast';

/** The most bytes in one WebSocket message, both ways. */
export const WEBSOCKET_PAYLOAD_MAX_BYTES = 65_536;

const URL_MAX_BYTES = 2_048;

/**
 * Checks where a link is to lead.
 *
 * @throws TypeError or RangeError that names the option
 * @throws HoldfastError `PLAINTEXT_REFUSED` when `ws:` leads to another machine and `plaintext` is not true
 */
export function resolveWebSocketUrl({ url, plaintext, tls }: WebSocketOptions): URL {
  const address = parse(checkText('url', url, URL_MAX_BYTES));
  if (address.protocol !== 'ws:' && address.protocol !== 'wss:') {
    throw new TypeError(`url must begin with ws: or wss:, not with ${address.protocol}`);
  }
  if (address.username !== '' || address.password !== '') {
    throw new TypeError('url must not hold a user or a password; give the token to createTransport');
  }
  // Browsers refuse one, and a server never sees it.
  if (address.hash !== '') throw new TypeError('url must not hold a fragment');
  if (address.protocol === 'wss:') return address;
  if (tls !== undefined) throw new TypeError('tls is for urls that begin with wss:');
  const host = address.hostname.replace(/^\[(.*)\]$/, '$1');
  if (plaintext !== true && !isLoopbackHost(host)) {
    const advice = 'use wss:, or give plaintext: true when you know why';
    throw new HoldfastError('PLAINTEXT_REFUSED', `${host} is not this machine, and ws: has no TLS; ${advice}`);
  }
  return address;
}

/** An address for people. A query may hold what is nobody's business. */
export function describeUrl({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname}`;
}

/** What a close code says, for people: RFC 6455, section 7.4.1. */
export function describeClose(code: number, reason: string): string {
  const text = CLOSE_TEXTS[code] ?? `the other end closed the connection with WebSocket code ${code}`;
  return reason === '' ? text : `${text}: ${reason}`;
}

const CLOSE_TEXTS: Readonly<Record<number, string>> = {
  1000: 'the other end closed the connection',
  1001: 'the other end is going away',
  1005: 'the other end closed the connection',
  1006: 'the connection was lost',
  1009: 'the other end got a larger WebSocket message than it takes',
};

/** The failure of a dial whose caller does not want it any more. */
export function givenUp(): LinkError {
  return new LinkError(CONNECT_REASON.notConnected, 'the attempt was given up');
}

function parse(url: string): URL {
  // It is not repeated: who knows what it holds.
  if (!URL.canParse(url)) throw new TypeError('url must be an address such as wss://agent.example.com/holdfast');
  return new URL(url);
}
