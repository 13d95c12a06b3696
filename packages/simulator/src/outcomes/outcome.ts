// What one outcome consists of: a policy, a program that sends, and what goes wrong meanwhile.

import type { OnError, SendCode, WaitFor } from '@holdfast/transport';
import type { StageName } from '../path/events.js';

/** The calls of a program. It does one thing at a time, as on the device: nothing runs while a send blocks. */
export interface OutcomeProgram {
  /** Waits until so many milliseconds after the beginning. */
  until(atMs: number): Promise<void>;
  /** Sends the message of this number. */
  send(message: number): Promise<SendCode>;
}

/** Something that goes wrong. `restart`, and nothing else, is what happens to an agent. */
export interface OutcomeFault {
  readonly atMs: number;
  readonly stage: StageName | 'agent';
  readonly kind: 'stick' | 'partition' | 'powerOff' | 'restart';
  readonly forMs: number;
  /** For people. */
  readonly text: string;
}

/** One outcome of `send`. */
export interface Outcome {
  /** Unlike that of every other outcome: lower case, with dashes. */
  readonly id: string;
  /** In plain words. */
  readonly title: string;
  readonly onError: OnError;
  readonly waitFor: WaitFor;
  readonly timeoutSeconds: number;
  readonly faults: readonly OutcomeFault[];
  /** What a sender may conclude from what it was told: the end of a sentence that begins with 'The sender may believe'. */
  readonly belief: string;
  run(program: OutcomeProgram): Promise<void>;
}
