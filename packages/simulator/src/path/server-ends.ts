// The server's machine as connections see it: the program that listens, and the server's ends of all connections.

import type { Runtime } from '@holdfast/protocol';
import type { PipeEvents } from '@holdfast/transport';
import type { AcceptPipe } from '@holdfast/transport/memory';
import { ByteRoom } from './byte-room.js';
import type { DeviceConnection, PathSegment } from './device-path.js';
import type { PathParameters } from './parameters.js';
import type { PathRecorder } from './path-recorder.js';
import { SimulatedPipe } from './simulated-pipe.js';

/** What the server's ends stand on. */
export interface ServerEndsOptions {
  readonly runtime: Runtime;
  readonly parameters: PathParameters;
  readonly recorder: PathRecorder;
  /** Puts a segment on its way down. */
  transmit(segment: PathSegment): void;
  /** Takes back what has not left the server. */
  forgetUnsent(connection: DeviceConnection): void;
}

const NO_EVENTS: PipeEvents = { received: () => {}, closed: () => {} };

/** The server's ends of connections. */
export class ServerEnds {
  readonly #options: ServerEndsOptions;
  /** From an opening that came to the end of the connection. */
  readonly #ends = new Set<SimulatedPipe>();
  #accept: AcceptPipe | undefined;

  constructor(options: ServerEndsOptions) {
    this.#options = options;
  }

  /** Connections that are open, or being opened or closed. */
  get count(): number {
    return this.#ends.size;
  }

  /** Takes new connections, in place of an earlier listener. Returns the function that ends it. */
  listen(accept: AcceptPipe): () => void {
    this.#accept = accept;
    return () => {
      if (this.#accept === accept) this.#accept = undefined;
    };
  }

  /** Makes the end of a connection whose opening is about to be sent. */
  make(connection: DeviceConnection): SimulatedPipe {
    const { runtime, parameters, recorder, transmit, forgetUnsent } = this.#options;
    const end: SimulatedPipe = new SimulatedPipe({
      runtime,
      peer: connection.device,
      room: new ByteRoom(parameters.server.sendBufferBytes),
      timeouts: parameters.chip,
      surroundings: {
        transmit: (content) => {
          const segment = { connection, direction: 'down' as const, ...content };
          transmit(segment);
          return segment;
        },
        forgetUnsent: () => forgetUnsent(connection),
        accepts: () => {
          if (this.#accept !== undefined) this.#ends.add(end);
          return this.#accept !== undefined;
        },
        opened: () => this.#opened(end),
        refused: () => {},
        gone: () => this.#ends.delete(end),
        record: (what, bytes, offset, detail) => {
          const direction = what === 'delivered' ? 'up' : 'down';
          recorder.recordConnection('server', connection, what, { direction, bytes, offset, detail });
        },
      },
    });
    return end;
  }

  /** The machine lost power: programs there lose every connection, and devices are not told. */
  dropAll(): void {
    for (const end of [...this.#ends]) end.drop('the server lost power');
  }

  /** Resets every connection. */
  resetAll(): void {
    for (const end of [...this.#ends]) end.reset('the server reset the connection');
  }

  #opened(end: SimulatedPipe): PipeEvents {
    if (this.#accept !== undefined) return this.#accept(end);
    end.destroy();
    return NO_EVENTS;
  }
}
