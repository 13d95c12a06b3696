// The options of the chaos proxy, with their defaults and limits. They are checked here, once; what is behind this file
// may rely on them.

import { checkInteger, checkText } from '@holdfast/protocol';
import type { ProxyTarget } from './proxied-connection.js';

const DEFAULTS = Object.freeze({ host: '127.0.0.1', port: 0, connectionsMax: 1024, bufferMaxBytes: 65_536 });

/** What `startChaosProxy` takes. */
export interface ChaosProxyOptions {
  /** Where new connections are forwarded to. */
  readonly target: ProxyTarget;
  /**
   * The address to listen on. Any other than loopback lets others on the network reach the target through the proxy.
   * @default '127.0.0.1'
   */
  readonly host?: string;
  /**
   * The port to listen on; 0 lets the operating system choose.
   * @default 0
   */
  readonly port?: number;
  /**
   * Connections at a time, doomed ones included. At the limit a newcomer takes the place of the oldest doomed one, which
   * is reset; when there is none, the newcomer is reset. Each costs two sockets and up to two buffers.
   * @default 1024
   */
  readonly connectionsMax?: number;
  /**
   * Bytes held per direction and connection. At the limit the proxy stops reading: the sender feels backpressure, and a
   * reset by the sender is noticed only when there is room again. With a delay this bounds the throughput, to
   * `bufferMaxBytes` per delay.
   * @default 65_536
   */
  readonly bufferMaxBytes?: number;
}

/** Every option present and in its range. */
export type ResolvedChaosProxyOptions = Required<ChaosProxyOptions>;

/** Checks options and fills in defaults. @throws TypeError or RangeError that names the option */
export function resolveChaosProxyOptions(options: ChaosProxyOptions): ResolvedChaosProxyOptions {
  const { host, port, connectionsMax, bufferMaxBytes } = { ...DEFAULTS, ...options };
  return Object.freeze({
    target: checkProxyTarget(options.target),
    host: checkText('host', host, 255),
    port: checkInteger('port', port, { min: 0, max: 65_535 }),
    connectionsMax: checkInteger('connectionsMax', connectionsMax, { min: 1, max: 1_000_000 }),
    bufferMaxBytes: checkInteger('bufferMaxBytes', bufferMaxBytes, { min: 1, max: 2 ** 30 }),
  });
}

/** A checked copy of a target. @throws TypeError or RangeError that names the field */
export function checkProxyTarget(target: ProxyTarget): ProxyTarget {
  return Object.freeze({
    host: checkText('target.host', target.host, 255),
    port: checkInteger('target.port', target.port, { min: 1, max: 65_535 }),
  });
}
