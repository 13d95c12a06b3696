// What an agent holds of one device: its connection, while it has one, and the receiving half of its channel.

import type { ReceivingHalf } from '@holdfast/reliable-channel';
import type { FrameCarrier } from '@holdfast/transport';
import type { BoundedSends } from './bounded-sends.js';

/** What a device's channel asks of the agent at the moment. */
export interface DeviceLoad {
  /** Handlers of its messages that have not ended, those of an earlier numbering included. */
  running: number;
}

/** A connection as a device entry needs to see it. */
export interface DeviceConnection {
  /** Connections are numbered as they come in. */
  readonly number: number;
  /** What carries the channel's frames. */
  readonly carrier: FrameCarrier;
  /** The way of plain messages to the device. */
  readonly sends: Pick<BoundedSends, 'send'>;
}

/** One device that the agent knows of. */
export class DeviceEntry {
  readonly id: string;
  readonly receiving: ReceivingHalf;
  readonly #load: DeviceLoad;
  #connection: DeviceConnection | undefined;

  constructor(id: string, receiving: ReceivingHalf, load: DeviceLoad) {
    this.id = id;
    this.receiving = receiving;
    this.#load = load;
  }

  /** Takes a new connection in place of the one it has. */
  connect(connection: DeviceConnection): void {
    this.#connection = connection;
    this.receiving.attach(connection.carrier);
  }

  /** The connection is over. Returns false when another one has taken its place already. */
  disconnect(connection: DeviceConnection): boolean {
    if (this.#connection !== connection) return false;
    this.#connection = undefined;
    this.receiving.detach();
    return true;
  }

  get connection(): DeviceConnection | undefined {
    return this.#connection;
  }

  /** Whether nothing would be lost by forgetting it: the inbox has everything. */
  get isAtRest(): boolean {
    return this.#connection === undefined && this.#load.running === 0 && this.receiving.isIdle;
  }
}
