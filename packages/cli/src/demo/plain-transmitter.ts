// The transmitter of the impOS documents, for many readings: keep a reading until send answers 0; when it answers anything
// else, connect again and send it again. With WAIT_FOR_ACK several sends are under way at once, or the round trip alone
// would make the device fall behind its sensor.

import { setTimeout as sleep } from 'node:timers/promises';
import {
  CONNECT_REASON,
  RETURN_ON_ERROR,
  SEND_OK,
  type Transport,
  WAIT_FOR_ACK,
  WAIT_TIL_SENT,
} from '@holdfast/transport';
import { DEMO_SEND_TIMEOUT_SECONDS } from './demo-settings.js';

/** Sends under way at once with WAIT_FOR_ACK. */
const PARALLEL_SENDS = 64;
/** The pause before a further attempt to connect, or to send, in milliseconds. */
const RETRY_MS = 100;
const CONNECT_TIMEOUT_MS = 1_000;

/** Sends readings with plain `send` until each has been answered with 0. */
export class PlainTransmitter {
  readonly #transport: Transport;
  readonly #parallel: number;
  readonly #messageOf: (index: number) => readonly [name: string, data: unknown];
  /** Readings that have not been answered with 0, and are not under way. */
  readonly #waiting: number[] = [];
  #underWay = 0;
  #accepted = 0;
  #wake: () => void = () => {};
  #isSensorDone = false;
  readonly #running: Promise<void>;

  constructor(transport: Transport, waitForAck: boolean, messageOf: (index: number) => readonly [string, unknown]) {
    this.#transport = transport;
    this.#parallel = waitForAck ? PARALLEL_SENDS : 1;
    this.#messageOf = messageOf;
    transport.setSendTimeoutPolicy(
      RETURN_ON_ERROR,
      waitForAck ? WAIT_FOR_ACK : WAIT_TIL_SENT,
      DEMO_SEND_TIMEOUT_SECONDS,
    );
    this.#running = this.#run();
  }

  /** Readings that have been answered with 0. */
  get accepted(): number {
    return this.#accepted;
  }

  add(index: number): void {
    this.#waiting.push(index);
    this.#wake();
  }

  /** Resolves when every reading has been answered with 0. */
  finished(): Promise<void> {
    this.#isSensorDone = true;
    this.#wake();
    return this.#running;
  }

  async #run(): Promise<void> {
    for (;;) {
      if (this.#waiting.length === 0 && this.#underWay === 0 && this.#isSensorDone) return;
      if (this.#waiting.length === 0 || this.#underWay >= this.#parallel) await this.#nextChange();
      else if (this.#transport.isConnected() || (await this.#connect())) void this.#sendNext();
    }
  }

  async #connect(): Promise<boolean> {
    const reason = await this.#transport.connect({ timeoutMs: CONNECT_TIMEOUT_MS });
    if (reason !== CONNECT_REASON.connected) await sleep(RETRY_MS);
    return reason === CONNECT_REASON.connected;
  }

  async #sendNext(): Promise<void> {
    const index = this.#waiting.shift() as number;
    this.#underWay += 1;
    const code = await this.#transport.send(...this.#messageOf(index));
    this.#underWay -= 1;
    if (code === SEND_OK) this.#accepted += 1;
    else this.#waiting.unshift(index);
    this.#wake();
  }

  #nextChange(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
