// What an agent holds of one device: its connection, while it has one, the receiving half of its channel, and the sending half
// of the channel towards it, when it has an outbox.

import type { ReceivingHalf, SendingHalf } from '@holdfast/reliable-channel';
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
  readonly #onConnectedChanged: (change: number) => void;
  #connection: DeviceConnection | undefined;
  #sending: SendingHalf | undefined;
  #opening: Promise<SendingHalf> | undefined;
  /** Those who are about to use the sending half. */
  #users = 0;

  /** @param onConnectedChanged - 1: it is connected now, and was not; -1: it is not any more */
  constructor(
    id: string,
    receiving: ReceivingHalf,
    load: DeviceLoad,
    onConnectedChanged: (change: number) => void = () => {},
  ) {
    this.id = id;
    this.receiving = receiving;
    this.#load = load;
    this.#onConnectedChanged = onConnectedChanged;
  }

  /** Takes a new connection in place of the one it has. */
  connect(connection: DeviceConnection): void {
    const isNew = this.#connection === undefined;
    this.#connection = connection;
    this.receiving.attach(connection.carrier);
    this.#sending?.attach(connection.carrier);
    if (isNew) this.#onConnectedChanged(1);
  }

  /** The connection is over. Returns false when another one has taken its place already. */
  disconnect(connection: DeviceConnection): boolean {
    if (this.#connection !== connection) return false;
    this.#connection = undefined;
    this.receiving.detach();
    this.#sending?.detach();
    this.#onConnectedChanged(-1);
    return true;
  }

  get connection(): DeviceConnection | undefined {
    return this.#connection;
  }

  /** The sending half, when it is open. */
  get sending(): SendingHalf | undefined {
    return this.#sending;
  }

  /** Takes the sending half, which has been opened. */
  takeSending(sending: SendingHalf): void {
    this.#sending = sending;
    if (this.#connection !== undefined) sending.attach(this.#connection.carrier);
  }

  /** Hands the sending half to `use`, at once or when `open` has opened it. */
  async useSending<T>(open: () => Promise<SendingHalf>, use: (sending: SendingHalf) => T): Promise<T> {
    this.#users += 1;
    try {
      if (this.#sending === undefined) {
        this.#opening ??= open();
        const sending = await this.#opening;
        if (this.#sending === undefined) this.takeSending(sending);
      }
      return use(this.#sending as SendingHalf);
    } finally {
      this.#opening = undefined;
      this.#users -= 1;
    }
  }

  /** Whether nothing would be lost by forgetting it: the store has everything, and nobody waits for what it will say. */
  get isAtRest(): boolean {
    const isSendingAtRest = this.#users === 0 && (this.#sending?.isAtRest ?? true);
    return this.#connection === undefined && this.#load.running === 0 && this.receiving.isIdle && isSendingAtRest;
  }

  /** Stops sending, and resolves when the store has everything. A sending half that is being opened is used and closed. */
  async close(): Promise<void> {
    // Those who asked for it have waited longer, so they have taken and used it when this goes on.
    await this.#opening?.catch(() => undefined);
    await this.#sending?.close();
  }
}
