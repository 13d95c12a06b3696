// Runs the recovery core of a device, and dials for it. Whoever else wishes a connection, a channel for one, dials through
// the same reconnector, so that two wishes never make two attempts.

import { Driver, type Runtime } from '@holdfast/protocol';
import type { BackoffOptions } from '@holdfast/protocol/core';
import {
  type DisconnectCause,
  Recovery,
  type RecoveryInput,
  type RecoveryOptions,
  type RecoveryOutput,
} from './core/index.js';
import { Reconnector, type ReconnectorActions } from './reconnector.js';

/** The outputs of the core that concern the program. */
export type RecoveryEvent = Exclude<RecoveryOutput, { readonly type: 'dial' | 'rest' }>;

/** What a recovery host does and tells. */
export interface RecoveryHostActions extends ReconnectorActions {
  event(event: RecoveryEvent): void;
}

/** The options of a recovery host. */
export interface RecoveryHostOptions {
  readonly recovery: RecoveryOptions;
  readonly reconnectBackoff: BackoffOptions;
}

/** A recovery with a reconnector and a timer. */
export class RecoveryHost {
  readonly #driver: Driver<RecoveryInput, RecoveryOutput>;
  readonly #reconnector: Reconnector;
  readonly #actions: RecoveryHostActions;
  /** Takes back the recovery's own wish. */
  #release: (() => void) | undefined;
  /** A loss is being told, so that its first attempt waits as the backoff says. */
  #isLoss = false;

  constructor(runtime: Runtime, options: RecoveryHostOptions, actions: RecoveryHostActions) {
    this.#actions = actions;
    this.#reconnector = new Reconnector(runtime, options.reconnectBackoff, actions);
    this.#driver = new Driver(new Recovery(options.recovery), runtime, (output) => this.#apply(output));
  }

  /** Keeps the connection up until the returned function is called. */
  hold(): () => void {
    return this.#reconnector.hold();
  }

  /** A connection is up, whoever asked for it. */
  onConnected(): void {
    this.#reconnector.onConnected();
    this.#driver.feed({ type: 'connected' });
    this.#rest();
  }

  /** It was lost, or the other end has closed it. */
  onLost(cause: DisconnectCause, suspends: boolean): void {
    this.#reconnector.onLost(cause);
    this.#isLoss = true;
    this.#driver.feed({ type: 'lost', suspends });
    this.#isLoss = false;
  }

  /** The program calls for a connection that is not there, under SUSPEND_ON_ERROR. */
  onNeeded(): void {
    this.#driver.feed({ type: 'needed' });
  }

  /** The program wants no connection any more: every wish ends. */
  onNotWanted(): void {
    this.#reconnector.releaseAll();
    this.#driver.feed({ type: 'notWanted' });
  }

  #apply(output: RecoveryOutput): void {
    switch (output.type) {
      case 'dial':
        this.#release ??= this.#reconnector.hold(this.#isLoss);
        return;
      case 'rest':
        this.#rest();
        if (!this.#reconnector.isHeld) this.#actions.giveUp();
        return;
      default:
        this.#actions.event(output);
    }
  }

  #rest(): void {
    this.#release?.();
    this.#release = undefined;
  }
}
