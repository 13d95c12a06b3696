// An agent with nothing but the receiving core, a disk and a handler, in virtual time.

import { type ChannelFrame, NACK_CODE, type RangeList } from '@holdfast/protocol/core';
import {
  type HandlerAnswer,
  type Pause,
  type ReceivedMessage,
  Receiver,
  type ReceiverInput,
  type ReceiverOutput,
} from '../../src/core/index.js';
import type { ChannelChecker } from './channel-checker.js';
import { SENDER, TestDisk } from './core-rig.js';
import type { VirtualWorld } from './virtual-world.js';

/** How the handler and the inbox behave now. */
export interface AgentFaults {
  /** One handling in so many fails; 0: none. */
  failOneIn: number;
  handlingMaxMs: number;
  /** One handling in so many is answered with a reply or a refusal for good; 0: none. */
  answerOneIn: number;
  /** One record in so many fails; 0: none. */
  recordFailOneIn: number;
  recordMaxMs: number;
}

/** The agent. */
export class SimulatedAgent {
  readonly faults: AgentFaults = { failOneIn: 0, handlingMaxMs: 0, answerOneIn: 5, recordFailOneIn: 0, recordMaxMs: 3 };
  readonly #world: VirtualWorld;
  readonly #checker: ChannelChecker;
  readonly #send: (frame: ChannelFrame) => void;
  readonly #creditMessages: number;
  #receiver: Receiver;
  /** What the inbox has on disk. */
  readonly #disk = new TestDisk();
  /** Lanes that had a message with the handler. */
  readonly #lanes = new Set<string>();
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
    this.#receiver = this.#makeReceiver();
  }

  /** The power fails and comes back. */
  crash(): void {
    this.#life += 1;
    this.#checker.onAgentCrash();
    this.#receiver = this.#makeReceiver();
  }

  #makeReceiver(): Receiver {
    return new Receiver({ senderId: SENDER, creditMessages: this.#creditMessages }, this.#disk.contents());
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
    // Of a lane that holds nothing one message is always taken.
    if (this.#receiver.pendingCount > this.#creditMessages + this.#lanes.size) {
      throw new Error('the receiver holds more than its credit');
    }
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
        this.#record();
        return;
      case 'deliver':
        this.#handle(output.message);
        return;
    }
  }

  #handle({ epoch, lane, sequence, data }: ReceivedMessage): void {
    this.#lanes.add(lane);
    const fails = this.faults.failOneIn > 0 && this.#world.oneIn(this.faults.failOneIn);
    const answers = this.faults.answerOneIn > 0 && this.#world.oneIn(this.faults.answerOneIn);
    this.#later(this.#world.between(0, this.faults.handlingMaxMs), () => {
      if (fails) {
        const pause: Pause = { code: NACK_CODE.handlerFailed, retryAfterMs: 0, reason: 'the handler failed' };
        this.feed({ type: 'failed', epoch, lane, sequence, pause });
        return;
      }
      const answer = answers ? this.#answerTo(data) : undefined;
      this.#checker.onDone(new DataView(data.buffer, data.byteOffset).getUint32(0));
      // Between the work and the core's knowledge of it lies at least a turn, in which a crash can fall.
      this.#later(this.#world.between(0, 1), () => {
        this.feed({ type: 'handled', epoch, lane, sequence, answer });
        this.#later(0, () => this.feed({ type: 'turnEnded' }));
      });
    });
  }

  /** A reply that is the message's data, or a refusal. */
  #answerTo(data: Uint8Array): HandlerAnswer {
    return this.#world.oneIn(2) ? { kind: 'rejected', reason: 'no' } : { kind: 'reply', value: data };
  }

  #record(): void {
    const fails = this.faults.recordFailOneIn > 0 && this.#world.oneIn(this.faults.recordFailOneIn);
    // Others may be in front of this commit.
    this.#later(this.#world.between(0, this.faults.recordMaxMs), () => {
      const operations = this.#receiver.beginRecord();
      this.#later(this.#world.between(0, this.faults.recordMaxMs), () => {
        if (fails) {
          this.feed({ type: 'recordFailed' });
          return;
        }
        this.#disk.apply(operations);
        const { record } = this.#disk.contents();
        const lanes = new Map(record?.lanes.map(({ lane, handled }) => [lane, handled]));
        this.#checker.onAgentDisk((epoch, lane, sequence) => {
          return epoch === record?.epoch && isIn(lanes.get(lane), sequence);
        });
        this.#later(this.#world.between(0, this.faults.recordMaxMs), () => this.feed({ type: 'recorded' }));
      });
    });
  }
}

/** As the judge reads a set: on its own, not with the code under test. */
function isIn(set: RangeList | undefined, sequence: number): boolean {
  if (set === undefined) return false;
  return sequence <= set.cumulative || set.ranges.some(({ first, last }) => first <= sequence && sequence <= last);
}
