// An agent with nothing but the receiving core, a disk and a handler, in virtual time.

import { type ChannelFrame, NACK_CODE } from '@holdfast/protocol/core';
import {
  type InboxRecord,
  type Pause,
  Receiver,
  type ReceiverInput,
  type ReceiverOutput,
} from '../../src/core/index.js';
import type { ChannelChecker } from './channel-checker.js';
import type { VirtualWorld } from './virtual-world.js';

/** How the handler and the inbox behave now. */
export interface AgentFaults {
  /** One handling in so many fails; 0: none. */
  failOneIn: number;
  handlingMaxMs: number;
  /** One record in so many fails; 0: none. */
  recordFailOneIn: number;
  recordMaxMs: number;
}

/** The agent. */
export class SimulatedAgent {
  readonly faults: AgentFaults = { failOneIn: 0, handlingMaxMs: 0, recordFailOneIn: 0, recordMaxMs: 3 };
  readonly #world: VirtualWorld;
  readonly #checker: ChannelChecker;
  readonly #send: (frame: ChannelFrame) => void;
  readonly #creditMessages: number;
  #receiver: Receiver;
  /** What the inbox has on disk. */
  #disk: InboxRecord | undefined;
  #life = 0;
  outputCount = 0;

  constructor(
    world: VirtualWorld,
    checker: ChannelChecker,
    creditMessages: number,
    send: (frame: ChannelFrame) => void,
  ) {
    this.#world = world;
    this.#checker = checker;
    this.#creditMessages = creditMessages;
    this.#send = send;
    this.#receiver = new Receiver({ creditMessages }, undefined);
  }

  /** The power fails and comes back. */
  crash(): void {
    this.#life += 1;
    this.#checker.onAgentCrash();
    this.#receiver = new Receiver({ creditMessages: this.#creditMessages }, this.#disk);
  }

  pause(): void {
    const code = this.#world.pick([NACK_CODE.overloaded, NACK_CODE.restarting]);
    const pause = { code, retryAfterMs: this.#world.between(0, 100), reason: 'a pause' };
    this.feed({ type: 'pause', pause, keepsWaiting: this.#world.oneIn(2) });
  }

  feed(input: ReceiverInput): void {
    this.#receiver.handle(input, this.#world.nowMs);
    for (let output = this.#receiver.poll(); output !== undefined; output = this.#receiver.poll()) {
      this.outputCount += 1;
      this.#apply(output);
    }
    if (this.#receiver.pendingCount > this.#creditMessages) throw new Error('the receiver holds more than its credit');
  }

  #later(delayMs: number, run: () => void): void {
    const life = this.#life;
    this.#world.after(delayMs, () => {
      if (life === this.#life) run();
    });
  }

  #apply(output: ReceiverOutput): void {
    switch (output.type) {
      case 'frame':
        this.#send(output.frame);
        return;
      case 'record':
        this.#record(output.record);
        return;
      case 'deliver':
        this.#handle(output);
        return;
    }
  }

  #handle({ message }: Extract<ReceiverOutput, { type: 'deliver' }>): void {
    const { epoch, sequence, data } = message;
    const fails = this.faults.failOneIn > 0 && this.#world.oneIn(this.faults.failOneIn);
    this.#later(this.#world.between(0, this.faults.handlingMaxMs), () => {
      if (fails) {
        const pause: Pause = { code: NACK_CODE.handlerFailed, retryAfterMs: 0, reason: 'the handler failed' };
        this.feed({ type: 'failed', epoch, sequence, pause });
        return;
      }
      this.#checker.onDone(new DataView(data.buffer, data.byteOffset).getUint32(0));
      // Between the work and the core's knowledge of it lies at least a turn, in which a crash can fall.
      this.#later(this.#world.between(0, 1), () => {
        this.feed({ type: 'handled', epoch, sequence });
        this.#later(0, () => this.feed({ type: 'turnEnded' }));
      });
    });
  }

  #record(record: InboxRecord): void {
    const fails = this.faults.recordFailOneIn > 0 && this.#world.oneIn(this.faults.recordFailOneIn);
    this.#later(this.#world.between(0, this.faults.recordMaxMs), () => {
      if (fails) {
        this.feed({ type: 'recordFailed' });
        return;
      }
      this.#disk = record;
      const { epoch, handled } = record;
      this.#checker.onAgentDisk((name, sequence) => name === epoch && isIn(handled, sequence));
      this.#later(this.#world.between(0, this.faults.recordMaxMs), () => this.feed({ type: 'recorded' }));
    });
  }
}

/** As the judge reads a set: on its own, not with the code under test. */
function isIn({ cumulative, ranges }: InboxRecord['handled'], sequence: number): boolean {
  return sequence <= cumulative || ranges.some(({ first, last }) => first <= sequence && sequence <= last);
}
