// The way between a simulated device and its agent: in order, with a send buffer, and with every fault that a connection
// can have. Frames pass as bytes, so that what could not be encoded would be noticed.

import { type ChannelFrame, encodeFrame, FRAME_MAX_BYTES, type Frame, FrameDecoder } from '@holdfast/protocol/core';
import type { VirtualWorld } from './virtual-world.js';

/** One end of the wire. */
export interface WireEnd {
  up(): void;
  down(): void;
  frame(frame: ChannelFrame): void;
  /** The bytes that the send buffer takes now. */
  room(bytes: number): void;
}

/** What the wire does to frames now. */
export interface WireFaults {
  /** Frames vanish; nobody notices until the wire is cut. */
  isBlackHole: boolean;
  /** Until then nothing arrives. */
  stalledUntilMs: number;
  /** One frame in so many comes twice, the second time later than others; 0: none. */
  duplicateOneIn: number;
  latencyMaxMs: number;
}

/** The wire. */
export class SimulatedWire {
  readonly faults: WireFaults = { isBlackHole: false, stalledUntilMs: 0, duplicateOneIn: 0, latencyMaxMs: 20 };
  readonly #world: VirtualWorld;
  readonly #sendBufferBytes: number;
  #device: WireEnd | undefined;
  #agent: WireEnd | undefined;
  /** Counts the connections: what is on the way in an earlier one is lost. */
  #connection = 0;
  #isUp = false;
  #usedBytes = 0;
  #arrivalMs = { device: 0, agent: 0 };

  constructor(world: VirtualWorld, sendBufferBytes: number) {
    this.#world = world;
    this.#sendBufferBytes = sendBufferBytes;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  join(device: WireEnd, agent: WireEnd): void {
    this.#device = device;
    this.#agent = agent;
  }

  connect(): void {
    if (this.#isUp) return;
    this.#isUp = true;
    this.#connection += 1;
    this.#usedBytes = 0;
    this.#arrivalMs = { device: 0, agent: 0 };
    this.#agent?.up();
    this.#device?.up();
    this.#device?.room(this.#sendBufferBytes);
  }

  cut(): void {
    if (!this.#isUp) return;
    this.#isUp = false;
    this.#connection += 1;
    this.faults.isBlackHole = false;
    // Either end may be the first to notice.
    const ends = this.#world.oneIn(2) ? [this.#device, this.#agent] : [this.#agent, this.#device];
    for (const end of ends) end?.down();
  }

  /** From the device. */
  toAgent(frame: ChannelFrame): void {
    if (!this.#isUp) return;
    const bytes = encodeFrame(frame);
    this.#usedBytes += bytes.length;
    this.#carry(bytes, 'agent', (arrived, isFirst) => {
      if (isFirst) {
        this.#usedBytes -= bytes.length;
        this.#device?.room(Math.max(0, this.#sendBufferBytes - this.#usedBytes));
      }
      this.#agent?.frame(arrived);
    });
  }

  /** From the agent. */
  toDevice(frame: ChannelFrame): void {
    if (this.#isUp) this.#carry(encodeFrame(frame), 'device', (arrived) => this.#device?.frame(arrived));
  }

  #carry(bytes: Uint8Array, to: 'agent' | 'device', arrive: (frame: ChannelFrame, isFirst: boolean) => void): void {
    if (this.faults.isBlackHole) return;
    const { nowMs } = this.#world;
    const latencyMs = this.#world.between(1, this.faults.latencyMaxMs);
    const atMs = Math.max(this.#arrivalMs[to], this.faults.stalledUntilMs, nowMs + latencyMs);
    this.#arrivalMs[to] = atMs;
    const connection = this.#connection;
    const deliver = (isFirst: boolean): void => {
      if (connection === this.#connection && !this.faults.isBlackHole) arrive(decode(bytes), isFirst);
    };
    this.#world.after(atMs - nowMs, () => deliver(true));
    if (this.faults.duplicateOneIn === 0 || !this.#world.oneIn(this.faults.duplicateOneIn)) return;
    this.#world.after(atMs - nowMs + this.#world.between(0, 100), () => deliver(false));
  }
}

function decode(bytes: Uint8Array): ChannelFrame {
  const decoder = new FrameDecoder(FRAME_MAX_BYTES);
  decoder.push(bytes.slice());
  return decoder.next() as Frame as ChannelFrame;
}
