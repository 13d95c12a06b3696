// A simulated path with a server that keeps what comes, for the tests of its parts.

import type { Pipe } from '@holdfast/transport';
import type { PathEvent } from '../../src/path/events.js';
import type { PathParameterChoices } from '../../src/path/parameters.js';
import { createSimulatedNetwork, type SimulatedNetwork } from '../../src/path/simulated-network.js';
import { createVirtualRuntime, type VirtualRuntime } from '../../src/virtual-runtime.js';

/** A path without chance, queues or slots: 10 ms for each stage but the server. */
export const PLAIN_PATH: PathParameterChoices = {
  chip: { latencyMs: 10, jitterMs: 0, bytesPerSecond: 0, radioSlotMs: 0, loss: { probability: 0 } },
  accessPoint: { latencyMs: 10, jitterMs: 0, bytesPerSecond: 0 },
  router: { latencyMs: 10, jitterMs: 0, bytesPerSecond: 0 },
};
/** One way through `PLAIN_PATH`. */
export const ONE_WAY_MS = 30;

/** One end of a connection, as a program has it. */
export interface ProgramEnd {
  readonly pipe: Pipe;
  /** Everything received. */
  bytes(): Uint8Array;
  /** When bytes came, in virtual milliseconds, and what their total was then. */
  readonly arrivals: { readonly atMs: number; readonly totalBytes: number }[];
  readonly closed: { readonly atMs: number; readonly detail: string }[];
}

/** What a program keeps of one pipe. */
class KeptEnd implements ProgramEnd {
  readonly arrivals: { atMs: number; totalBytes: number }[] = [];
  readonly closed: { atMs: number; detail: string }[] = [];
  readonly #runtime: VirtualRuntime;
  readonly #received: number[] = [];
  #pipe: Pipe | undefined;

  constructor(runtime: VirtualRuntime, pipe?: Pipe) {
    this.#runtime = runtime;
    this.#pipe = pipe;
  }

  get pipe(): Pipe {
    return this.#pipe as Pipe;
  }

  set pipe(pipe: Pipe) {
    this.#pipe = pipe;
  }

  bytes(): Uint8Array {
    return Uint8Array.from(this.#received);
  }

  readonly received = (bytes: Uint8Array): void => {
    this.#received.push(...bytes);
    this.arrivals.push({ atMs: this.#runtime.nowMs(), totalBytes: this.#received.length });
  };

  readonly onClosed = (detail: string): void => {
    this.closed.push({ atMs: this.#runtime.nowMs(), detail });
  };
}

/** A path with a listening server. */
export class PathRig {
  readonly runtime: VirtualRuntime;
  readonly network: SimulatedNetwork;
  /** The server's ends, in the order of their opening. */
  readonly accepted: ProgramEnd[] = [];
  readonly events: PathEvent[] = [];
  readonly stopListening: () => void;

  constructor(parameters: PathParameterChoices = PLAIN_PATH, seed = 1) {
    this.runtime = createVirtualRuntime({ seed });
    this.network = createSimulatedNetwork({ runtime: this.runtime, seed, parameters });
    this.network.observe((event) => this.events.push(event));
    this.stopListening = this.network.listen((pipe) => {
      const end = new KeptEnd(this.runtime, pipe);
      this.accepted.push(end);
      return { received: end.received, closed: end.onClosed };
    });
  }

  /** Begins to dial. The result comes as time goes on. */
  dial(device = 'press-7', signal = new AbortController().signal): Dialing {
    const end = new KeptEnd(this.runtime);
    const dialing: Dialing = { end: undefined, error: undefined, atMs: undefined };
    this.network
      .device(device)
      .link()
      .dial({ received: end.received, closed: end.onClosed }, signal)
      .then(
        (pipe) => {
          end.pipe = pipe;
          Object.assign(dialing, { end, atMs: this.runtime.nowMs() });
        },
        (error: unknown) => Object.assign(dialing, { error, atMs: this.runtime.nowMs() }),
      );
    return dialing;
  }

  /** Dials until both ends are open. */
  async connect(device = 'press-7'): Promise<{ device: ProgramEnd; server: ProgramEnd }> {
    const dialing = this.dial(device);
    const count = this.accepted.length;
    const isOpen = (): boolean => dialing.end !== undefined && this.accepted.length > count;
    if (!(await this.runtime.runUntil(isOpen, { limitMs: 600_000 }))) throw new Error('the dial came to nothing');
    return { device: dialing.end as ProgramEnd, server: this.accepted[count] as ProgramEnd };
  }

  /** Writes everything as a transport does: one packet after the other, as they are taken. */
  writeAll(pipe: Pipe, bytes: Uint8Array, onDone: () => void = () => {}): void {
    const writeFrom = (start: number): void => {
      const packet = bytes.subarray(start, start + this.network.writeMaxBytes);
      if (packet.length === 0) onDone();
      else pipe.write(packet, () => writeFrom(start + packet.length));
    };
    writeFrom(0);
  }

  /** How many events there were of a kind, at a stage when one is given. */
  count(what: PathEvent['what'], stage?: PathEvent['stage']): number {
    return this.events.filter((event) => event.what === what && (stage === undefined || event.stage === stage)).length;
  }
}

/** What has come of a dial. */
export interface Dialing {
  readonly end: ProgramEnd | undefined;
  readonly error: unknown;
  readonly atMs: number | undefined;
}

/** Bytes of which every run is recognised by its place. */
export function patternBytes(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8) * 17) & 0xff);
}
