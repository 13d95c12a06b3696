// A TCP proxy for real sockets that breaks connections on command, in the ways that access points and routers do.
// It knows nothing of what it carries. The rule to know: a fault acts at once on what is open, and `refuse`, `blackHole`,
// `delay` and `bandwidth` stay in force, for later connections too, until they are changed.

import type { Socket } from 'node:net';
import { checkNumber } from '@holdfast/protocol';
import {
  type ChaosProxyOptions,
  checkProxyTarget,
  type ResolvedChaosProxyOptions,
  resolveChaosProxyOptions,
} from './chaos-proxy-options.js';
import { PortListener } from './port-listener.js';
import { ProxiedConnection, type ProxyPath, type ProxyTarget } from './proxied-connection.js';
import { resetSocket } from './socket-endings.js';
import type { LinkConditions, PipeCounters } from './throttled-pipe.js';

export type { ChaosProxyOptions, PipeCounters, ProxyTarget };

/** How long `refuse(false)` tries to get its port back. */
const REOPEN_PATIENCE_MS = 2000;

/** How often each fault began. `delay` and `bandwidth` count changes. */
export interface FaultCounts {
  cut: number;
  refuse: number;
  blackHole: number;
  halfOpen: number;
  delay: number;
  bandwidth: number;
}

/** What has happened so far: plain data, a copy. */
export interface ChaosProxyStats {
  /** Connections taken, since the start. */
  readonly connectionsAccepted: number;
  /** Connections reset at once because of `connectionsMax`, or that the operating system failed to accept. */
  readonly connectionsRejected: number;
  /** Connections that forward, or will when the target has answered. */
  readonly connectionsOpen: number;
  /** Connections that are open and silent for good. */
  readonly connectionsDoomed: number;
  /** Bytes from clients to the target. */
  readonly toTarget: Readonly<PipeCounters>;
  /** Bytes from the target to clients. */
  readonly toClient: Readonly<PipeCounters>;
  readonly faults: Readonly<FaultCounts>;
}

/** A running proxy. After `close()` every fault does nothing. */
export interface ChaosProxy {
  /** The address it listens on. */
  readonly host: string;
  /** The port it listens on; it stays the same through `refuse`. */
  readonly port: number;
  /** Sends later connections elsewhere. Those that stand are left alone. */
  retarget(target: ProxyTarget): void;
  /** Resets every connection on both sides, now. Bytes in the proxy are lost. */
  cut(): void;
  /**
   * While on, nobody listens: dialers get ECONNREFUSED. Open connections go on. The port is free when `refuse(true)`
   * returns, and is listened on when the promise of `refuse(false)` resolves. That one rejects with an Error when another
   * program has taken the port and keeps it for two seconds; call it again when the port is free.
   */
  refuse(on: boolean): Promise<void>;
  /**
   * While on, everything vanishes. What comes from either side of an open connection is read and thrown away, so that
   * writes go on succeeding; new connections are accepted and treated alike, and the target hears nothing of them. All
   * of these are doomed: they stay silent when the hole is gone, for forwarding after a gap would garble the stream.
   * A FIN or RST from one side is not passed on. The other side stays half-open until it finds out by itself, or until
   * `cut()` or `close()`. A few bytes that a slow reader's socket had been given before may still arrive.
   */
  blackHole(on: boolean): void;
  /** Resets the target's side of every connection and leaves the client's side open and silent for good. */
  halfOpen(): void;
  /**
   * Holds all bytes for `ms` in each direction; the round trip grows by twice that. Order is kept, and an end or a reset
   * keeps its place behind the data. Bytes in the proxy get the new delay as well. 0 for none, at most a day.
   */
  delay(ms: number): void;
  /**
   * Limits each direction of each connection, in pieces of at most 20 ms (but at least a byte), before the delay. From
   * 0.001 to 10^12 bytes per second, `undefined` for no limit. Bytes waiting in the proxy get the new bandwidth as well.
   */
  bandwidth(bytesPerSecond: number | undefined): void;
  /** What has happened so far. */
  stats(): ChaosProxyStats;
  /** Resets everything and stops listening. Resolves when all sockets have closed. Idempotent. */
  close(): Promise<void>;
}

/**
 * Starts a proxy and resolves when it listens.
 *
 * Rejects with a TypeError or RangeError for a wrong option, and with an Error that says what to do when it cannot listen.
 */
export async function startChaosProxy(options: ChaosProxyOptions): Promise<ChaosProxy> {
  const proxy = new SocketChaosProxy(resolveChaosProxyOptions(options));
  await proxy.listen();
  return proxy;
}

class SocketChaosProxy implements ChaosProxy {
  readonly host: string;
  readonly #listener: PortListener;
  readonly #connections = new Set<ProxiedConnection>();
  readonly #connectionsMax: number;
  readonly #conditions: LinkConditions = { delayMs: 0, bytesPerSecond: undefined };
  readonly #path: ProxyPath;
  readonly #faults: FaultCounts = { cut: 0, refuse: 0, blackHole: 0, halfOpen: 0, delay: 0, bandwidth: 0 };
  #target: ProxyTarget;
  #acceptedCount = 0;
  #rejectedCount = 0;
  #isRefusing = false;
  #isBlackHole = false;
  /** Set by the first `close()`. */
  #closed: Promise<void> | undefined;

  constructor(options: ResolvedChaosProxyOptions) {
    const { target, host, port, connectionsMax, bufferMaxBytes } = options;
    this.host = host;
    this.#target = target;
    this.#connectionsMax = connectionsMax;
    this.#path = { conditions: this.#conditions, bufferMaxBytes, toTarget: noBytes(), toClient: noBytes() };
    this.#listener = new PortListener({
      host,
      port,
      onConnection: (socket) => this.#onConnection(socket),
      onAcceptError: () => {
        this.#rejectedCount += 1;
      },
    });
  }

  listen(): Promise<void> {
    return this.#listener.open(0);
  }

  retarget(target: ProxyTarget): void {
    this.#target = checkProxyTarget(target);
  }

  cut(): void {
    this.#faults.cut += 1;
    for (const connection of this.#connections) connection.reset();
  }

  async refuse(on: boolean): Promise<void> {
    if (this.#closed !== undefined) return;
    if (on && !this.#isRefusing) this.#faults.refuse += 1;
    this.#isRefusing = on;
    if (on) void this.#listener.close();
    else await this.#listener.open(REOPEN_PATIENCE_MS);
  }

  blackHole(on: boolean): void {
    if (on && !this.#isBlackHole) this.#faults.blackHole += 1;
    this.#isBlackHole = on;
    if (!on) return;
    for (const connection of this.#connections) connection.doom();
  }

  halfOpen(): void {
    this.#faults.halfOpen += 1;
    for (const connection of this.#connections) connection.resetTarget();
  }

  delay(ms: number): void {
    this.#conditions.delayMs = checkNumber('delay', ms, { min: 0, max: 86_400_000 });
    this.#faults.delay += 1;
    this.#onConditions();
  }

  bandwidth(bytesPerSecond: number | undefined): void {
    if (bytesPerSecond !== undefined) checkNumber('bandwidth', bytesPerSecond, { min: 0.001, max: 1e12 });
    this.#conditions.bytesPerSecond = bytesPerSecond;
    this.#faults.bandwidth += 1;
    this.#onConditions();
  }

  stats(): ChaosProxyStats {
    const states = [...this.#connections].map((connection) => connection.state);
    return {
      connectionsAccepted: this.#acceptedCount,
      connectionsRejected: this.#rejectedCount,
      connectionsOpen: states.filter((state) => state === 'dialing' || state === 'open').length,
      connectionsDoomed: states.filter((state) => state === 'doomed').length,
      toTarget: { ...this.#path.toTarget },
      toClient: { ...this.#path.toClient },
      faults: { ...this.#faults },
    };
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  get port(): number {
    return this.#listener.port;
  }

  async #close(): Promise<void> {
    const drained = this.#listener.close();
    for (const connection of this.#connections) connection.reset();
    await Promise.all([drained, ...[...this.#connections].map((connection) => connection.closed)]);
  }

  #onConditions(): void {
    for (const connection of this.#connections) connection.onConditions();
  }

  #onConnection(client: Socket): void {
    if (this.#connections.size >= this.#connectionsMax && !this.#makeRoom()) {
      this.#rejectedCount += 1;
      client.on('error', () => undefined);
      resetSocket(client);
      return;
    }
    this.#acceptedCount += 1;
    const connection = new ProxiedConnection(client, this.#isBlackHole ? undefined : this.#target, this.#path);
    this.#connections.add(connection);
    void connection.closed.then(() => this.#connections.delete(connection));
  }

  /** Resets the oldest doomed connection. Returns whether there was one. It leaves the set a little later. */
  #makeRoom(): boolean {
    for (const connection of this.#connections) {
      if (connection.state !== 'doomed') continue;
      connection.reset();
      return true;
    }
    return false;
  }
}

function noBytes(): PipeCounters {
  return { forwardedBytes: 0, discardedBytes: 0, heldBytes: 0, heldPeakBytes: 0 };
}
