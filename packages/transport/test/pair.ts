// Two connection cores back to back, and between them a stream of bytes in each direction that the test delays, cuts into
// pieces, stalls and breaks. Time passes when the test says so.

import type { ConnectionOptions, ConnectionOutput } from '../src/core/index.js';
import { concat, Rig } from './rig.js';

/** Which end of the pair. */
export type End = 'device' | 'server';

/** A device and its server, with a link between them that a test moves by hand. */
export class Pair {
  readonly device: Rig;
  readonly server: Rig;
  /** Names of the messages that each end has received, over all connections. */
  readonly received: Record<End, string[]> = { device: [], server: [] };
  /** Bytes on the way to each end. */
  #onTheWay: Record<End, Uint8Array> = { device: new Uint8Array(0), server: new Uint8Array(0) };
  #isLinkOpen = false;
  /** Ends that have closed the link and whose last bytes are still on the way. */
  readonly #closedBy = new Set<End>();

  constructor(options: Partial<ConnectionOptions> = {}) {
    this.device = new Rig({ ...options, role: 'dialing' });
    this.server = new Rig({ ...options, role: 'accepting', deviceId: '' });
  }

  get isConnected(): boolean {
    return this.device.core.state === 'connected' && this.server.core.state === 'connected';
  }

  /** Bytes on the way to an end. */
  onTheWay(to: End): number {
    return this.#onTheWay[to].length;
  }

  /** Feeds one end and carries out what it wants, but for bytes: those move with `take` and `deliver`. */
  feed(end: End, input: Parameters<Rig['feed']>[0]): void {
    this.#carryOut(end, this[end].feed(input));
  }

  /** Lets one end send a message; returns the caller's id. */
  send(end: End, options: Parameters<Rig['send']>[0]): number {
    const before = this[end].outputs.length;
    const id = this[end].send(options);
    this.#carryOut(end, this[end].outputs.slice(before));
    return id;
  }

  /** Begins a connection, unless one is there. */
  connect(): void {
    this.feed('device', { type: 'connect', timeoutMs: 60_000 });
  }

  /** The link takes what one end has handed to it. */
  take(from: End): void {
    const rig = this[from];
    if (rig.writing === undefined) return;
    const to = other(from);
    this.#onTheWay[to] = concat([this.#onTheWay[to], rig.writing]);
    this.#carryOut(from, rig.take());
  }

  /** The next bytes arrive, at most so many; behind the last of them the news that the other end has closed. */
  deliver(to: End, maxBytes = Number.POSITIVE_INFINITY): void {
    const bytes = this.#onTheWay[to].slice(0, maxBytes);
    this.#onTheWay[to] = this.#onTheWay[to].slice(bytes.length);
    if (bytes.length > 0) this.feed(to, { type: 'linkReceived', bytes });
    if (this.#onTheWay[to].length === 0 && this.#closedBy.has(other(to))) this.cut();
  }

  /** The link breaks: what is on the way is lost, and both ends notice. */
  cut(): void {
    if (!this.#isLinkOpen) return;
    this.#isLinkOpen = false;
    this.#onTheWay = { device: new Uint8Array(0), server: new Uint8Array(0) };
    for (const end of ['device', 'server'] as const) {
      if (this.#closedBy.has(end)) continue;
      this[end].writing = undefined;
      this.feed(end, { type: 'linkClosed', detail: 'cut' });
    }
    this.#closedBy.clear();
  }

  /** Time goes by at both ends. */
  pass(ms: number): void {
    for (const end of ['device', 'server'] as const) {
      const before = this[end].outputs.length;
      this[end].pass(ms);
      this.#carryOut(end, this[end].outputs.slice(before));
    }
  }

  /** Moves bytes until none move any more. */
  settle(): void {
    for (let idle = 0; idle < 2; ) {
      const before = this.device.outputs.length + this.server.outputs.length;
      for (const end of ['device', 'server'] as const) {
        this.take(end);
        this.deliver(end);
      }
      idle = this.device.outputs.length + this.server.outputs.length === before ? idle + 1 : 0;
    }
  }

  #carryOut(end: End, outputs: readonly ConnectionOutput[]): void {
    for (const output of outputs) {
      if (output.type === 'message') this.received[end].push(output.name);
      else if (output.type === 'dial') this.#open();
      else if (output.type === 'hello') this.feed('server', { type: 'admit' });
      else if (output.type === 'linkClose' && this.#isLinkOpen) {
        this.#closedBy.add(end);
        this.#onTheWay[end] = new Uint8Array(0);
        if (output.atOnce || this.#closedBy.size === 2) this.cut();
      }
    }
  }

  #open(): void {
    // A new link takes the place of one whose end the server has not noticed yet.
    this.cut();
    this.#isLinkOpen = true;
    this.feed('server', { type: 'accept' });
    this.feed('device', { type: 'linkOpened' });
  }
}

function other(end: End): End {
  return end === 'device' ? 'server' : 'device';
}
