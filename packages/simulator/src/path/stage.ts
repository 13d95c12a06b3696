// One stage of the path: what it may hold, and what is wrong with it at present. Its hops do the carrying. A fault is a
// moment in time until which it lasts, so its end costs no timer; only a hop that holds something waits for it.

import { checkNumber, type Runtime } from '@holdfast/protocol';
import type { ByteRoom } from './byte-room.js';
import type { StageName } from './events.js';

/** The faults of one stage. A fault that is set while the same one lasts prolongs it, and never shortens it. */
export interface StageControl {
  /** Nothing leaves this stage for so long, in milliseconds; nothing is lost but what finds the stage full. */
  stick(ms: number): void;
  /**
   * Power off for so long, in milliseconds: what it held and what comes meanwhile is lost.
   *
   * chip: its connections end at once for the device; the server is not told. accessPoint: dialing fails with `noLink`, open
   * pipes stay until somebody notices the silence. router: everything is silent. server: its connections are gone for the
   * program there; dialing gets no answer, and afterwards a segment of an old connection is answered by a reset.
   */
  powerOff(ms: number): void;
  /** Swallows what it holds and what comes for so long, in milliseconds; nobody is told, and dialing gets no answer. */
  blackHole(ms: number): void;
  /**
   * Cut off in both directions for so long, in milliseconds. It keeps what it holds, and what comes is lost. Dialing fails
   * at once, with `noLink` for chip and accessPoint and `noServer` for router and server.
   */
  partition(ms: number): void;
}

/** What a stage needs to know of its hops. */
export interface StageHop {
  /** The stage is stuck, or more so: what is on its way out begins again. */
  onStuck(): void;
  /** Loses everything held. */
  loseAll(why: string): void;
}

/** Thirty days: faults end. */
const FAULT_MS = { min: 0, max: 2_592_000_000 };

/** One stage. */
export class Stage implements StageControl {
  readonly name: StageName;
  /** Payload bytes held. */
  readonly room: ByteRoom;
  /** Whoever holds segments for this stage. */
  readonly hops: StageHop[] = [];
  readonly #runtime: Runtime;
  readonly #onPowerOff: () => void;
  #stuckUntilMs = 0;
  #offUntilMs = 0;
  #swallowsUntilMs = 0;
  #cutOffUntilMs = 0;

  /** @param onPowerOff - called behind every power-off, when what was held is lost */
  constructor(name: StageName, room: ByteRoom, runtime: Runtime, onPowerOff: () => void = () => {}) {
    this.name = name;
    this.room = room;
    this.#runtime = runtime;
    this.#onPowerOff = onPowerOff;
  }

  /** Before this nothing leaves. */
  get leavesFromMs(): number {
    return Math.max(this.#stuckUntilMs, this.#cutOffUntilMs);
  }

  /** Whether it is there at all: powered, and not cut off. */
  get isReachable(): boolean {
    const nowMs = this.#runtime.nowMs();
    return nowMs >= this.#offUntilMs && nowMs >= this.#cutOffUntilMs;
  }

  get isOff(): boolean {
    return this.#runtime.nowMs() < this.#offUntilMs;
  }

  get isCutOff(): boolean {
    return this.#runtime.nowMs() < this.#cutOffUntilMs;
  }

  /** Why a segment that arrives now is lost, or `undefined`: it is not. */
  get lossReason(): string | undefined {
    const nowMs = this.#runtime.nowMs();
    if (nowMs < this.#offUntilMs) return 'no power';
    if (nowMs < this.#cutOffUntilMs) return 'cut off';
    return nowMs < this.#swallowsUntilMs ? 'black hole' : undefined;
  }

  stick(ms: number): void {
    this.#stuckUntilMs = this.#later(this.#stuckUntilMs, ms);
    for (const hop of this.hops) hop.onStuck();
  }

  powerOff(ms: number): void {
    this.#offUntilMs = this.#later(this.#offUntilMs, ms);
    // What was wrong with what it held is gone with it.
    this.#stuckUntilMs = 0;
    for (const hop of this.hops) hop.loseAll('no power');
    this.#onPowerOff();
  }

  blackHole(ms: number): void {
    this.#swallowsUntilMs = this.#later(this.#swallowsUntilMs, ms);
    for (const hop of this.hops) hop.loseAll('black hole');
  }

  partition(ms: number): void {
    this.#cutOffUntilMs = this.#later(this.#cutOffUntilMs, ms);
    for (const hop of this.hops) hop.onStuck();
  }

  /** The end of a fault that begins now, or the end it has already when that is later. */
  #later(untilMs: number, ms: number): number {
    return Math.max(untilMs, this.#runtime.nowMs() + checkFaultMs(ms));
  }
}

/** How long a fault is to last, in milliseconds. @throws TypeError or RangeError when that is not from 0 to thirty days */
export function checkFaultMs(ms: number): number {
  return checkNumber('ms', ms, FAULT_MS);
}
