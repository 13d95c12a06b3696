// One life of a program: what it has registered, its timers, its table, and the gate through which it runs. A restart ends
// the life; the next one begins from the top of the program.

import type { Runtime } from '@holdfast/protocol';
import type { Transport } from '../transport.js';
import type { WakeReason } from './constants.js';
import { Gate } from './gate.js';

/** How a program wants its life to end. */
export type LifeEnd =
  | { readonly type: 'restart' }
  | { readonly type: 'reset' }
  | { readonly type: 'sleep'; readonly ms: number; readonly flushes: boolean };

/** What a life needs from its host. */
export interface LifeHost {
  readonly runtime: Runtime;
  readonly transport: Transport;
  /** Bytes of memory that are free. */
  memoryFreeBytes(): number;
  log(line: string): void;
  /** The program has ended itself. */
  ended(end: LifeEnd): void;
  /** The program has failed. */
  failed(error: unknown): void;
}

/** One life of a program. */
export class ProgramLife {
  readonly host: LifeHost;
  readonly wakeReason: WakeReason;
  /** The table that is kept. */
  readonly nv: Record<string, unknown>;
  readonly gate: Gate;
  /** Asked before the program ends for a reason from outside; it then calls `server.restart` itself. */
  onShutdown: ((reason: number) => unknown) | undefined;

  constructor(host: LifeHost, wakeReason: WakeReason, nv: Record<string, unknown>) {
    this.host = host;
    this.wakeReason = wakeReason;
    this.nv = nv;
    this.gate = new Gate(host.runtime, (error) => host.failed(error));
  }

  /** Runs a callback of the program when it can. Too many that wait: this one is lost, and the log says so. */
  run(callback: () => unknown): void {
    if (!this.gate.run(callback)) this.host.log('ERROR: too many callbacks wait for the program; one was dropped');
  }

  /** Ends this life for good. The promise never settles: there is nobody left to go on. */
  end(end: LifeEnd): Promise<never> {
    this.gate.end();
    this.host.ended(end);
    return new Promise(() => {});
  }
}
