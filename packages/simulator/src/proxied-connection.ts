// One connection through the chaos proxy: the client's socket, the socket towards the target, a pipe each way.
// The rule to know: a doomed connection never forwards again. Bytes of it are lost, so whatever followed would reach its
// reader as part of another message. It stays open and silent, as behind a router that forgot it.

import { connect, type Socket } from 'node:net';
import { drainSocket, resetSocket } from './socket-endings.js';
import { type LinkConditions, type PipeCounters, ThrottledPipe } from './throttled-pipe.js';

/** Where the proxy connects to. */
export interface ProxyTarget {
  /** Name or address. */
  readonly host: string;
  /** From 1 to 65,535. */
  readonly port: number;
}

/** What all connections of a proxy have in common. */
export interface ProxyPath {
  readonly conditions: Readonly<LinkConditions>;
  /** Bytes held at most by each of a connection's two pipes. */
  readonly bufferMaxBytes: number;
  readonly toTarget: PipeCounters;
  readonly toClient: PipeCounters;
}

/** `closing` means that it has been reset and its sockets are about to close. */
export type ProxiedConnectionState = 'dialing' | 'open' | 'doomed' | 'closing';

/** A client's connection and its counterpart at the target. */
export class ProxiedConnection {
  /** Resolves when no socket of this connection is left. */
  readonly closed: Promise<void>;
  readonly #path: ProxyPath;
  readonly #client: Socket;
  /** `undefined` when the connection was doomed before anything was dialed. */
  readonly #target: Socket | undefined;
  /** Both directions, or empty while dialing and for a connection that was doomed then. */
  #pipes: readonly ThrottledPipe[] = [];
  #state: ProxiedConnectionState = 'dialing';

  /** Dials the target, or with `undefined` dooms the connection at once. A target out of reach resets the client. */
  constructor(client: Socket, target: ProxyTarget | undefined, path: ProxyPath) {
    this.#path = path;
    this.#client = client;
    this.#target = target && connect({ ...target, allowHalfOpen: true, noDelay: true });
    this.closed = Promise.all([socketClosed(client), this.#target && socketClosed(this.#target)]).then(() => undefined);
    client.once('close', () => this.#onDialAborted(this.#target));
    this.#target?.once('close', () => this.#onDialAborted(client));
    this.#target?.once('connect', () => this.#onDialed());
    if (target === undefined) this.doom();
  }

  /** Loses what is held and forwards nothing ever again; both sockets stay open, read and silent. */
  doom(): void {
    if (this.#state === 'doomed' || this.#state === 'closing') return;
    if (this.#pipes.length === 0) {
      drainSocket(this.#client, this.#path.toTarget);
      if (this.#target !== undefined) drainSocket(this.#target, this.#path.toClient);
    }
    for (const pipe of this.#pipes) pipe.discard();
    this.#state = 'doomed';
  }

  /** Dooms the connection and resets its target side. The client is not told. */
  resetTarget(): void {
    this.doom();
    if (this.#target !== undefined) resetSocket(this.#target);
  }

  /** Resets both sides; what is held is lost. */
  reset(): void {
    this.#state = 'closing';
    for (const pipe of this.#pipes) pipe.stop();
    resetSocket(this.#client);
    if (this.#target !== undefined) resetSocket(this.#target);
  }

  /** Tells the pipes that the shared conditions changed. */
  onConditions(): void {
    for (const pipe of this.#pipes) pipe.onConditions();
  }

  /** Where the connection stands. */
  get state(): ProxiedConnectionState {
    return this.#state;
  }

  #onDialed(): void {
    if (this.#state !== 'dialing' || this.#target === undefined) return;
    this.#state = 'open';
    const { conditions, bufferMaxBytes, toTarget, toClient } = this.#path;
    const common = { conditions, bufferMaxBytes };
    this.#pipes = [
      new ThrottledPipe({ ...common, source: this.#client, sink: this.#target, counters: toTarget }),
      new ThrottledPipe({ ...common, source: this.#target, sink: this.#client, counters: toClient }),
    ];
  }

  /** One side is gone before there was a connection; later the pipes pass such news on. */
  #onDialAborted(other: Socket | undefined): void {
    if (this.#state !== 'dialing') return;
    this.#state = 'closing';
    if (other !== undefined) resetSocket(other);
  }
}

function socketClosed(socket: Socket): Promise<void> {
  // 'close' follows and says all that matters here, but an 'error' that nobody listens to would end the process.
  socket.on('error', () => undefined);
  return new Promise((resolve) => socket.once('close', () => resolve()));
}
