// A network inside one process: for tests, for examples, and for virtual time. Order is kept, latency is exact, and it can
// be cut. Bytes are copied as they are handed over, as a real network does.

import { checkInteger, checkNumber, type Runtime } from '@holdfast/protocol';
import { CONNECT_REASON } from '../core/index.js';
import { type Link, LinkError, type Pipe, type PipeEvents } from '../link.js';

/** The options of `createMemoryNetwork`. */
export interface MemoryNetworkOptions {
  readonly runtime: Runtime;
  /** From one end to the other, in milliseconds. @default 0: behind the code that runs now */
  readonly latencyMs?: number;
  /** Bytes that may be on the way in one direction before the network takes no more. @default 1048576 */
  readonly inFlightMaxBytes?: number;
  /** The most bytes that a pipe wants at once. @default 65536 */
  readonly writeMaxBytes?: number;
}

/** Takes the accepting end of a new pipe and returns the events that it wants. */
export type AcceptPipe = (pipe: Pipe) => PipeEvents;

/** A network inside one process, with one server on it. */
export interface MemoryNetwork {
  readonly writeMaxBytes: number;
  /** The way to the server, for a transport. */
  link(): Link;
  /** Becomes the server, in place of an earlier one. Returns the function that ends it. */
  listen(accept: AcceptPipe): () => void;
  /** Cuts every open pipe: what is on the way is lost, and both ends notice. */
  cut(): void;
  /** While false, the server can not be reached; open pipes stay. */
  setReachable(reachable: boolean): void;
  /**
   * While true, what is sent vanishes and nobody notices, until `inFlightMaxBytes` fill up; dialing gets no answer. Pipes
   * that lost bytes never deliver again.
   */
  setBlackHole(blackHole: boolean): void;
}

/** Creates a network. */
export function createMemoryNetwork(options: MemoryNetworkOptions): MemoryNetwork {
  const { runtime } = options;
  const latencyMs = checkNumber('latencyMs', options.latencyMs ?? 0, { min: 0, max: 86_400_000 });
  const size = { min: 1, max: Number.MAX_SAFE_INTEGER };
  const inFlightMaxBytes = checkInteger('inFlightMaxBytes', options.inFlightMaxBytes ?? 1_048_576, size);
  const writeMaxBytes = checkInteger('writeMaxBytes', options.writeMaxBytes ?? 65_536, size);
  const open = new Set<Wire>();
  let server: AcceptPipe | undefined;
  let reachable = true;
  let blackHole = false;

  const dial = async (events: PipeEvents, signal: AbortSignal): Promise<Pipe> => {
    await new Promise<void>((resolve) => later(runtime, latencyMs, resolve));
    // Out of a black hole nobody answers, not even that nobody is there.
    if (blackHole && !signal.aborted) {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    }
    if (signal.aborted) throw new LinkError(CONNECT_REASON.notConnected, 'the attempt was given up');
    if (server === undefined || !reachable)
      throw new LinkError(CONNECT_REASON.noServer, 'nobody listens on this network');
    const wire = new Wire(
      runtime,
      { latencyMs, inFlightMaxBytes },
      () => blackHole,
      () => open.delete(wire),
    );
    open.add(wire);
    wire.device.events = events;
    wire.server.events = server(wire.server);
    return wire.device;
  };

  return {
    writeMaxBytes,
    link: () => ({ name: 'memory', writeMaxBytes, dial }),
    listen: (accept) => {
      server = accept;
      return () => {
        if (server === accept) server = undefined;
      };
    },
    cut: () => {
      for (const wire of [...open]) wire.cut();
    },
    setReachable: (value) => {
      reachable = value;
    },
    setBlackHole: (value) => {
      blackHole = value;
    },
  };
}

interface WireOptions {
  readonly latencyMs: number;
  readonly inFlightMaxBytes: number;
}

/** Two ends and what is on the way between them. */
class Wire {
  readonly device: WireEnd;
  readonly server: WireEnd;
  readonly runtime: Runtime;
  readonly options: WireOptions;
  readonly swallows: () => boolean;
  readonly #onClosed: () => void;
  isOpen = true;

  constructor(runtime: Runtime, options: WireOptions, swallows: () => boolean, onClosed: () => void) {
    this.runtime = runtime;
    this.options = options;
    this.swallows = swallows;
    this.#onClosed = onClosed;
    this.device = new WireEnd(this, 'server', () => this.server);
    this.server = new WireEnd(this, 'device', () => this.device);
  }

  cut(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#onClosed();
    this.device.close('the network was cut');
    this.server.close('the network was cut');
  }

  /** One end has closed; the other hears of it behind the bytes on the way. */
  closedBy(end: WireEnd): void {
    const { other } = end;
    if (other.isClosed) this.#onClosed();
    later(this.runtime, this.options.latencyMs, () => {
      if (other.isClosed || other.isSilent || this.swallows()) return;
      this.isOpen = false;
      this.#onClosed();
      other.close('the other end closed the connection');
    });
  }
}

class WireEnd implements Pipe {
  readonly peer: string;
  readonly #wire: Wire;
  readonly #other: () => WireEnd;
  events: PipeEvents | undefined;
  /** Bytes towards this end have been lost: nothing comes any more. */
  isSilent = false;
  isClosed = false;
  #inFlightBytes = 0;
  #blocked: (() => void) | undefined;

  constructor(wire: Wire, peer: string, other: () => WireEnd) {
    this.#wire = wire;
    this.peer = peer;
    this.#other = other;
  }

  get other(): WireEnd {
    return this.#other();
  }

  write(bytes: Uint8Array, onTaken: () => void): void {
    const { runtime, options, swallows } = this.#wire;
    const copy = bytes.slice();
    this.#inFlightBytes += copy.length;
    later(runtime, options.latencyMs, () => {
      if (swallows()) this.other.isSilent = true;
      // Lost bytes are never acknowledged: they stay in flight, and in the end nothing more is taken.
      if (this.other.isSilent) return;
      this.#inFlightBytes -= copy.length;
      this.other.#deliver(copy);
      if (this.#inFlightBytes <= options.inFlightMaxBytes) this.#blocked?.();
    });
    const taken = (): void => {
      this.#blocked = undefined;
      if (!this.isClosed) onTaken();
    };
    if (this.#inFlightBytes <= options.inFlightMaxBytes) runtime.defer(taken);
    else this.#blocked = taken;
  }

  end(): void {
    this.destroy();
  }

  destroy(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#wire.closedBy(this);
  }

  /** The pipe is gone without this end's doing. */
  close(detail: string): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.events?.closed(detail);
  }

  #deliver(bytes: Uint8Array): void {
    if (!this.isClosed && this.#wire.isOpen) this.events?.received(bytes);
  }
}

/** Zero latency means "behind the code that runs now", which costs no timer. */
function later(runtime: Runtime, delayMs: number, callback: () => void): void {
  if (delayMs === 0) runtime.defer(callback);
  else runtime.setTimer(delayMs, callback);
}
