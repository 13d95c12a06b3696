// What keeps the agent's queue bounded without losing messages of channels: each channel gets a share of the room as credit,
// and is told to come again while the agent is overloaded or restarts.

import { NACK_CODE } from '@holdfast/protocol';
import type { Pause } from '@holdfast/reliable-channel';
import { CreditShare, Overload } from './core/index.js';
import type { DeviceEntry } from './device-entry.js';
import type { ResolvedAgentOptions } from './options.js';

/** The options of an agent that concern its queue. */
export type BackpressureOptions = Pick<
  ResolvedAgentOptions,
  'agentQueueMaxMessages' | 'creditMessages' | 'retryAfterMs'
>;

/** What an agent has to look after. */
export interface Backlog {
  /** Every device in memory. */
  readonly devices: Iterable<DeviceEntry>;
  /** Messages that wait for handlers, plain and reliable. */
  readonly waitingCount: number;
}

/** Tells the channels of all devices how much they may send. */
export class Backpressure {
  readonly #options: BackpressureOptions;
  readonly #backlog: Backlog;
  readonly #overload: Overload;
  readonly #credit: CreditShare;
  #connectedCount = 0;
  /** Restarts under way. */
  #restarts = 0;

  constructor(options: BackpressureOptions, backlog: Backlog) {
    this.#options = options;
    this.#backlog = backlog;
    this.#overload = new Overload(options.agentQueueMaxMessages);
    this.#credit = new CreditShare(options.creditMessages);
  }

  get isOverloaded(): boolean {
    return this.#overload.isOverloaded;
  }

  get isRestarting(): boolean {
    return this.#restarts > 0;
  }

  /** Devices that are connected. */
  get connectedCount(): number {
    return this.#connectedCount;
  }

  /** Messages that each device's channel may have in flight. */
  get creditMessages(): number {
    return this.#credit.messages;
  }

  /** More or fewer messages wait than before. Says whether an overload begins or ends with that. */
  queueChanged(): 'begins' | 'ends' | undefined {
    const turn = this.#overload.update(this.#backlog.waitingCount);
    if (turn !== undefined) this.#pauseAll();
    this.#shareCredit();
    return turn;
  }

  /** So many more devices are connected than before, or fewer. */
  connectedChanged(change: number): void {
    this.#connectedCount += change;
    this.#shareCredit();
  }

  restartBegins(): void {
    this.#restarts += 1;
    this.#pauseAll();
  }

  /** Returns whether it was the last one under way; only then channels may send, if `mayResume`. */
  restartEnds(mayResume: boolean): boolean {
    this.#restarts -= 1;
    const isLast = this.#restarts === 0;
    if (isLast && mayResume) this.#pauseAll();
    return isLast;
  }

  /** Tells the channel of a device that has just been read from the inbox how things stand. */
  welcome(device: DeviceEntry): void {
    this.#pause(device);
    device.receiving.setCredit(this.#credit.messages);
  }

  #pauseAll(): void {
    for (const device of this.#backlog.devices) this.#pause(device);
  }

  /**
   * A restart takes the handlers away, so what waits for them is given back. An overloaded agent keeps what it has, since
   * it is going to handle that, and takes nothing new.
   */
  #pause({ receiving }: DeviceEntry): void {
    if (this.isRestarting) receiving.pause(this.#reason(NACK_CODE.restarting, 'the agent is restarting'));
    else if (this.isOverloaded) {
      receiving.pause(this.#reason(NACK_CODE.overloaded, 'the agent is overloaded'), { keepsWaiting: true });
    } else receiving.resume();
  }

  #reason(code: number, reason: string): Pause {
    return { code, reason, retryAfterMs: this.#options.retryAfterMs };
  }

  #shareCredit(): void {
    const hasChanged = this.#credit.update({
      freeMessages: this.#options.agentQueueMaxMessages - this.#backlog.waitingCount,
      devices: this.#connectedCount,
      isOverloaded: this.isOverloaded,
    });
    if (hasChanged) for (const { receiving } of this.#backlog.devices) receiving.setCredit(this.#credit.messages);
  }
}
