// What the processes of a contestant are asked for, and what they answer.

import type { PeerOptions } from './peer.js';

/** Asks a device's process to connect. */
export interface OpenRequest {
  readonly port: number;
  readonly options: PeerOptions;
}

/** What a delivery took. */
export interface Delivered {
  readonly tookMs: number;
  /** Processor time of the device's process in that time, all threads, in microseconds. */
  readonly cpuMicros: number;
}

/** Where an agent's process stands. */
export interface Handled {
  /** Messages that the application has handled. */
  readonly messages: number;
  /** Processor time of the process since its start, all threads, in microseconds. */
  readonly cpuMicros: number;
}
