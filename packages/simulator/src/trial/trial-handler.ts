// The handlers of a trial, on both ends: they take their time, reply now and then, fail, refuse, and ask to be tried later.

import type { RandomUint32, Runtime } from '@holdfast/protocol';
import { reject, retryLater } from '@holdfast/reliable-channel';
import { randomInteger } from '../seeded-random.js';
import type { Life } from './life.js';
import { contentHash, numberOf } from './message-body.js';
import type { RecordEvent } from './trace-recorder.js';

/** What handlers are made of. */
export interface TrialHandlerOptions {
  /** The program that they belong to. */
  readonly owner: string;
  readonly runtime: Runtime;
  readonly random: RandomUint32;
  readonly record: RecordEvent;
}

/** What a handler needs to know of a message. */
export interface HandledMessage {
  /** The outbox that it comes from. */
  readonly from: string;
  /** `undefined` for a plain message, which has no lane either. */
  readonly id?: string | undefined;
  readonly lane?: string | undefined;
  readonly attempt: number;
}

/** How a handling ends. */
type Ending = 'handlerDone' | 'handlerRejected' | 'handlerFailed' | 'handlerAskedLater';

/** Percent of handlings that are done at once, that fail, and that reply, when nothing is wrong. */
const AT_ONCE_PERCENT = 80;
const FAILING_PERCENT = 2;
const TROUBLED_FAILING_PERCENT = 85;
const REPLYING_PERCENT = 30;
/** Percent of those that do not fail: refused for good, and asked for later. */
const REJECTING_PERCENT = 3;
const ASKING_LATER_PERCENT = 2;
const LATER_MAX_MS = 5_000;
/** The longest handling, in milliseconds. */
const HANDLING_MAX_MS = 50;
const SLOW_HANDLING_MAX_MS = 6_000;
/** A lane that is stuck is asked for again after this, in milliseconds. */
const STUCK_RETRY_MS = 15_000;

/** The handlers of one program. */
export class TrialHandler {
  readonly #options: TrialHandlerOptions;
  #running = 0;
  #handlings = 0;
  #slowUntilMs = 0;
  #failingUntilMs = 0;
  #stuckLane: string | undefined;

  constructor(options: TrialHandlerOptions) {
    this.#options = options;
  }

  /** Handlings that have not ended. */
  get running(): number {
    return this.#running;
  }

  /** The program is gone, and all that ran in it. */
  forget(): void {
    this.#running = 0;
  }

  /** Handlings take up to six seconds, for so long. */
  slowDown(ms: number): void {
    this.#slowUntilMs = Math.max(this.#slowUntilMs, this.#options.runtime.nowMs() + ms);
  }

  /** Most handlings fail, for so long. */
  failFor(ms: number): void {
    this.#failingUntilMs = Math.max(this.#failingUntilMs, this.#options.runtime.nowMs() + ms);
  }

  /** Asks for every message of a lane later; `undefined`: of none any more. */
  stickLane(lane: string | undefined): void {
    this.#stuckLane = lane;
  }

  /** Handles one message. */
  handle(life: Life, data: unknown, { from, id = '', lane, attempt }: HandledMessage): unknown {
    const { owner, runtime, random, record } = this.#options;
    const n = numberOf(data);
    record(owner, { what: 'handlerBegan', from, n, id, attempt, hash: contentHash(data) });
    this.#handlings += 1;
    const isSlow = runtime.nowMs() < this.#slowUntilMs;
    const isAtOnce = this.#percent() < (isSlow ? 0 : AT_ONCE_PERCENT);
    const isStuck = id !== '' && lane === this.#stuckLane;
    const ending = isStuck ? 'handlerAskedLater' : this.#drawEnding();
    const reply = id !== '' && this.#percent() < REPLYING_PERCENT ? `reply ${n} of handling ${this.#handlings}` : '';
    const laterMs = isStuck ? STUCK_RETRY_MS : randomInteger(random, { min: 0, max: LATER_MAX_MS });
    const finish = (): string | undefined => {
      if (ending === 'handlerDone') record(owner, { what: ending, from, n, id, reply });
      else record(owner, { what: ending, from, n, id });
      if (ending === 'handlerRejected') throw reject(`no use for message ${n}`);
      if (ending === 'handlerAskedLater') throw retryLater(laterMs);
      if (ending === 'handlerFailed') throw new Error('the handler failed');
      return reply === '' ? undefined : reply;
    };
    if (isAtOnce) return finish();
    this.#running += 1;
    return new Promise<void>((resolve) => {
      const max = isSlow ? SLOW_HANDLING_MAX_MS : HANDLING_MAX_MS;
      life.runtime.setTimer(randomInteger(random, { min: 0, max }), resolve);
    }).then(() => {
      this.#running -= 1;
      return finish();
    });
  }

  #drawEnding(): Ending {
    const isTroubled = this.#options.runtime.nowMs() < this.#failingUntilMs;
    if (this.#percent() < (isTroubled ? TROUBLED_FAILING_PERCENT : FAILING_PERCENT)) return 'handlerFailed';
    const percent = this.#percent();
    if (percent < REJECTING_PERCENT) return 'handlerRejected';
    return percent < REJECTING_PERCENT + ASKING_LATER_PERCENT ? 'handlerAskedLater' : 'handlerDone';
  }

  #percent(): number {
    return randomInteger(this.#options.random, { min: 0, max: 99 });
  }
}
