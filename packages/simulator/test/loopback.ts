// Real sockets on loopback for the tests of the chaos proxy: a server that keeps what it accepts, and an endpoint that
// remembers all that happens to it. The rule to know: tests wait for events and counters, never for a length of time.

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';

/** One end of a connection, recording from the start. */
export class Endpoint {
  readonly socket: Socket;
  /** All bytes received. */
  readonly #chunks: Buffer[] = [];
  /** How many bytes were received. */
  receivedBytes = 0;
  /** The peer's end (FIN) has come. */
  isEnded = false;
  /** The socket is closed. */
  isClosed = false;
  /** The code of the error that closed the socket. */
  errorCode: string | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('end', () => {
      this.isEnded = true;
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.errorCode = error.code;
    });
    socket.on('close', () => {
      this.isClosed = true;
    });
  }

  /** Starts to read. Until then the operating system's buffers fill up. */
  read(): this {
    this.socket.on('data', (bytes: Buffer) => {
      this.#chunks.push(bytes);
      this.receivedBytes += bytes.length;
    });
    this.socket.resume();
    return this;
  }

  received(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  async receive(size: number): Promise<Buffer> {
    await until(() => this.receivedBytes >= size, `${size} bytes`);
    return this.received();
  }

  async closed(): Promise<void> {
    await until(() => this.isClosed, 'close');
  }

  async ended(): Promise<void> {
    await until(() => this.isEnded, 'end');
  }
}

/** A server on a port of the operating system's choice. */
export class TestServer {
  readonly endpoints: Endpoint[] = [];
  readonly #server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (socket) => {
    this.endpoints.push(new Endpoint(socket));
  });

  static async start(): Promise<TestServer> {
    const server = new TestServer();
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get target(): { host: string; port: number } {
    return { host: '127.0.0.1', port: (this.#server.address() as AddressInfo).port };
  }

  /** The connection with this index, as soon as it is accepted. It does not read yet. */
  async accepted(index: number): Promise<Endpoint> {
    await until(() => this.endpoints.length > index, `connection ${index}`);
    return this.endpoints[index] as Endpoint;
  }

  close(): void {
    this.#server.close();
    for (const endpoint of this.endpoints) endpoint.socket.destroy();
  }
}

/** Dials and returns at once; it may or may not get through. It does not read yet. */
export function dial(port: number): Endpoint {
  return new Endpoint(connect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true }));
}

/** A port on which nobody listens. */
export async function unusedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Waits until the condition holds, looking at every turn of the event loop; fails after ten seconds. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const giveUpAtMs = performance.now() + 10_000;
  for (let looks = 0; !condition(); looks += 1) {
    if (performance.now() > giveUpAtMs) throw new Error(`waited for ${what} in vain`);
    await (looks < 50 ? turn() : sleep(1));
  }
}
