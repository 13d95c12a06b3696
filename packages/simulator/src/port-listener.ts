// A listener that can be closed and opened again on the same port, while its connections live on.
// The rule to know: Node's `server.close()` frees the port at once, but calls back only when the last connection that
// came through it has closed. So `close()` here is done with the port when it returns, and with the rest later.

import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const RETRY_EVERY_MS = 25;

/** What a listener is made of. */
export interface PortListenerOptions {
  /** The address to listen on. */
  readonly host: string;
  /** 0 lets the operating system choose, once; reopening keeps its choice. */
  readonly port: number;
  readonly onConnection: (socket: Socket) => void;
  /** The operating system could not accept a connection, for want of file descriptors for instance. */
  readonly onAcceptError: (error: Error) => void;
}

/** A port that is open or closed. */
export class PortListener {
  readonly #options: PortListenerOptions;
  /** What the operating system chose, or what was asked for. */
  #port: number;
  /** The open listener, if it is open. */
  #server: Server | undefined;
  /** Whether the port is meant to be open. It takes back an `open` that is still at it. */
  #isWanted = false;
  /** The `open` under way. */
  #opening: Promise<void> | undefined;
  /** Resolves when every connection that came through a closed listener has closed. */
  #drained: Promise<unknown> = Promise.resolve();

  constructor(options: PortListenerOptions) {
    this.#options = options;
    this.#port = options.port;
  }

  /**
   * Listens. While the port is in use it tries again for `patienceMs`, then rejects with an Error that says what to do.
   * Resolves without listening when `close` was called in the meantime.
   */
  open(patienceMs: number): Promise<void> {
    this.#isWanted = true;
    if (this.#server === undefined) this.#opening ??= this.#open(performance.now() + patienceMs);
    return this.#opening ?? Promise.resolve();
  }

  /** Frees the port before it returns. Connections stay. Resolves when all connections that came through it are gone. */
  close(): Promise<void> {
    this.#isWanted = false;
    this.#closeServer();
    return this.#whenDrained();
  }

  /** The port listened on, also while closed. */
  get port(): number {
    return this.#port;
  }

  async #open(giveUpAtMs: number): Promise<void> {
    try {
      while (this.#isWanted && this.#server === undefined) {
        try {
          this.#server = await this.#listen();
        } catch (error) {
          if (!isPortInUse(error) || performance.now() >= giveUpAtMs) throw this.#explain(error);
          await sleep(RETRY_EVERY_MS);
        }
      }
      if (!this.#isWanted) this.#closeServer();
    } finally {
      this.#opening = undefined;
    }
  }

  #closeServer(): void {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    this.#drained = Promise.all([this.#drained, closed]);
  }

  async #whenDrained(): Promise<void> {
    // An `open` under way may have to close what it has just opened. What it rejects with is its caller's concern.
    await this.#opening?.catch(() => undefined);
    await this.#drained;
  }

  async #listen(): Promise<Server> {
    const { host, onConnection, onAcceptError } = this.#options;
    // Half-open sockets, because each direction's end is passed on by itself; no Nagle, which would add its own delay.
    const server = createServer({ allowHalfOpen: true, noDelay: true }, onConnection);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port: this.#port, exclusive: true }, () => {
        server.off('error', reject);
        server.on('error', onAcceptError);
        resolve();
      });
    });
    const address = server.address();
    if (address !== null && typeof address === 'object') this.#port = address.port;
    return server;
  }

  #explain(error: unknown): Error {
    const where = `${this.#options.host}:${this.#port}`;
    const why = isPortInUse(error)
      ? 'the port is in use. Stop the program that holds it, or choose port 0 to be given a free one.'
      : `${String(error)}. Check that the host is an address of this machine and that the port is permitted.`;
    return new Error(`The chaos proxy cannot listen on ${where}: ${why}`, { cause: error });
  }
}

function isPortInUse(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}
