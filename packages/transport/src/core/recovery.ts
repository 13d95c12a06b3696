// What a device does when it has lost its connection, or needs one that it does not have: impOS's minute of trying, its
// snooze of nine minutes, and who is told (developer.electricimp.com/api/server/setsendtimeoutpolicy, .../onunexpecteddisconnect).
//
//   state       the program  dialing  left when
//   steady      runs         no       the connection is lost, or needed and not there
//   recovering  runs         yes      connected; or the grace is over: the loss is declared, and nothing dials any more
//   suspended   stands still yes      connected: it resumes; or its minute is over: the device snoozes
//   snoozing    stands still no       nine minutes are over: the device wakes
//   waking      stands still yes      connected: it resumes, having snoozed; or its minute is over: it snoozes again
//
// `recovering` belongs to the policies that return on errors, the three below it to SUSPEND_ON_ERROR.

import type { Machine, TimeoutInput } from '@holdfast/protocol/core';

/** The waits of a recovery, in milliseconds. */
export interface RecoveryOptions {
  /** How long a lost connection is dialed before a program that runs on is told. */
  readonly graceMs: number;
  /** How long a suspended device dials before it snoozes, and again each time it wakes. */
  readonly suspendMs: number;
  /** How long it snoozes. */
  readonly snoozeMs: number;
}

/** Where a recovery is. */
export type RecoveryState = 'steady' | 'recovering' | 'suspended' | 'snoozing' | 'waking';

/** What a recovery is told. */
export type RecoveryInput =
  /** The connection ended, and not because the program wanted that. `suspends`: under SUSPEND_ON_ERROR. */
  | { readonly type: 'lost'; readonly suspends: boolean }
  /** The program has called for a connection that is not there, under SUSPEND_ON_ERROR. */
  | { readonly type: 'needed' }
  | { readonly type: 'connected' }
  /** The program wants no connection, or the device is switched off. */
  | { readonly type: 'notWanted' };

/** What a recovery wants done, or tells. */
export type RecoveryOutput =
  /** Keep dialing. */
  | { readonly type: 'dial' }
  /** Stop dialing, and give up the attempt under way. */
  | { readonly type: 'rest' }
  /** The program stands still from now on. */
  | { readonly type: 'suspend' }
  /** It goes on. `hasSnoozed`: what a device held in its memory did not survive that. */
  | { readonly type: 'resume'; readonly hasSnoozed: boolean }
  /** The device sleeps now; the program's memory is gone. */
  | { readonly type: 'snooze' }
  /** The connection did not come back in time. */
  | { readonly type: 'lossDeclared' };

/** The recovery of one device. */
export class Recovery implements Machine<RecoveryInput, RecoveryOutput> {
  readonly #options: RecoveryOptions;
  readonly #outputs: RecoveryOutput[] = [];
  #state: RecoveryState = 'steady';
  /** When the state's time is over; `undefined`: it has none. */
  #untilMs: number | undefined;

  constructor(options: RecoveryOptions) {
    this.#options = options;
  }

  get state(): RecoveryState {
    return this.#state;
  }

  handle(input: RecoveryInput | TimeoutInput, nowMs: number): void {
    switch (input.type) {
      case 'lost':
        if (input.suspends) this.#suspend(nowMs);
        else if (this.#state === 'steady') this.#enter('recovering', nowMs + this.#options.graceMs, 'dial');
        return;
      case 'needed':
        this.#suspend(nowMs);
        return;
      case 'connected':
        this.#leave();
        return;
      case 'notWanted':
        if (this.#isDialing()) this.#outputs.push({ type: 'rest' });
        this.#leave();
        return;
      case 'timeout':
        if (this.#untilMs !== undefined && nowMs >= this.#untilMs) this.#onTimeOver(nowMs);
        return;
    }
  }

  poll(): RecoveryOutput | undefined {
    return this.#outputs.shift();
  }

  nextTimeoutMs(): number | undefined {
    return this.#untilMs;
  }

  #suspend(nowMs: number): void {
    if (this.#state !== 'steady' && this.#state !== 'recovering') return;
    this.#outputs.push({ type: 'suspend' });
    this.#enter('suspended', nowMs + this.#options.suspendMs, 'dial');
  }

  #onTimeOver(nowMs: number): void {
    switch (this.#state) {
      case 'recovering':
        this.#enter('steady', undefined, 'rest');
        this.#outputs.push({ type: 'lossDeclared' });
        return;
      case 'suspended':
        this.#enter('snoozing', nowMs + this.#options.snoozeMs, 'rest');
        this.#outputs.push({ type: 'snooze' });
        return;
      case 'waking':
        this.#enter('snoozing', nowMs + this.#options.snoozeMs, 'rest');
        return;
      case 'snoozing':
        this.#enter('waking', nowMs + this.#options.suspendMs, 'dial');
        return;
      case 'steady':
        return;
    }
  }

  /** Back to normal: whoever stood still goes on. */
  #leave(): void {
    const before = this.#state;
    this.#enter('steady', undefined, undefined);
    if (before === 'suspended') this.#outputs.push({ type: 'resume', hasSnoozed: false });
    else if (before === 'snoozing' || before === 'waking') this.#outputs.push({ type: 'resume', hasSnoozed: true });
  }

  #enter(state: RecoveryState, untilMs: number | undefined, then: 'dial' | 'rest' | undefined): void {
    this.#state = state;
    this.#untilMs = untilMs;
    if (then !== undefined) this.#outputs.push({ type: then });
  }

  #isDialing(): boolean {
    return this.#state === 'recovering' || this.#state === 'suspended' || this.#state === 'waking';
  }
}
