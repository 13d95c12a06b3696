// A server for tests: accepts connections on a memory network, or sockets, and writes down what happens.

import type { Socket } from 'node:net';
import type { Runtime } from '@holdfast/protocol';
import { AcceptedConnection, type DisconnectCause, type Pipe, type PipeEvents } from '../src/index.js';
import type { MemoryNetwork } from '../src/links/memory.js';
import { socketPipe } from '../src/links/tcp.js';

/** What a test server does with a device that says hello. */
export type OnHello = (connection: AcceptedConnection, deviceId: string, token: string) => void;

/** What a test server has seen. */
export class TestServer {
  readonly connections: AcceptedConnection[] = [];
  readonly messages: { readonly name: string; readonly data: unknown }[] = [];
  readonly ended: DisconnectCause[] = [];
  /** How often somebody came, whether let in or not. */
  accepted = 0;
  onHello: OnHello = (connection) => connection.admit();
  /** Called behind every message. */
  onMessage: () => void = () => {};
  readonly #runtime: Runtime;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** Listens on a memory network; returns the function that ends that. */
  listen(network: MemoryNetwork): () => void {
    return network.listen((pipe) => {
      const connection = this.#connection(network.writeMaxBytes);
      connection.begin(pipe);
      return connection.pipeEvents;
    });
  }

  /** Takes a socket that has come in. */
  accept(socket: Socket): AcceptedConnection {
    return this.acceptPipe((events) => socketPipe(socket, events));
  }

  /** Takes what has come in by another link. */
  acceptPipe(makePipe: (events: PipeEvents) => Pipe): AcceptedConnection {
    const connection = this.#connection(65_536);
    connection.begin(makePipe(connection.pipeEvents));
    return connection;
  }

  /** The connection that came last. */
  get latest(): AcceptedConnection {
    const connection = this.connections.at(-1);
    if (connection === undefined) throw new Error('nobody has come yet');
    return connection;
  }

  #connection(writeMaxBytes: number): AcceptedConnection {
    this.accepted += 1;
    const connection = new AcceptedConnection(
      { runtime: this.#runtime, writeMaxBytes },
      {
        hello: (deviceId, token) => this.onHello(connection, deviceId, token),
        message: (name, data) => {
          this.messages.push({ name, data });
          this.onMessage();
        },
        ended: (cause) => this.ended.push(cause),
      },
    );
    this.connections.push(connection);
    return connection;
  }
}
