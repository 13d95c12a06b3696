// impOS's `agent` on the device's side, for one life of a program: plain messages there and back.

import type { SendCode } from '../core/index.js';
import type { ProgramLife } from './program-life.js';
import { toSquirrelData } from './squirrel-data.js';

/** impOS's `agent`, as the device has it. */
export class ImpAgent {
  readonly #life: ProgramLife;

  constructor(life: ProgramLife) {
    this.#life = life;
  }

  /**
   * Sends a message and blocks, as the policy says; returns 0 or a code of `SEND_ERROR_...`.
   *
   * @param data - mandatory, null when there is nothing to say
   * @throws HoldfastError when it can never be sent, before anything of it is in the send buffer; TypeError without data
   */
  async send(name: string, data: unknown): Promise<SendCode> {
    const { gate, host } = this.#life;
    gate.check();
    if (data === undefined) throw new TypeError(`agent.send('${name}') needs data; send null when there is none`);
    return gate.block(host.transport.send(name, toSquirrelData(data)));
  }

  /** Registers the handler of messages of `name` from the agent, in place of an earlier one. It gets the data. */
  on(name: string, handler: (data: unknown) => unknown): void {
    this.#life.gate.check();
    this.#life.host.transport.on(name, (data) => this.#life.run(() => handler(data)));
  }
}
