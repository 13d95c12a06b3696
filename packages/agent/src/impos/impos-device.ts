// impOS's `device` object (developer.electricimp.com/api/device): how an agent program there talks with its one device.
// The names, the single slots and what is lost are impOS's; all else is the agent's. A restart of the agent forgets what
// the program has registered, and the new program registers its own.

import { callUserCode, checkText, isHoldfastError } from '@holdfast/protocol';
import { DEVICE_ID_MAX_BYTES } from '@holdfast/protocol/core';
import type { Agent } from '../agent.js';
import type { AgentEvent } from '../events.js';

/** The options of `imposDevice`. */
export interface ImposDeviceOptions {
  /** Takes what impOS would write into the device's log, line by line. @default console.log */
  readonly log?: (line: string) => void;
}

/** What of an agent a `device` object needs. */
export type ImposAgent = Pick<Agent, 'onDevice' | 'sendPlain' | 'isConnected' | 'observe' | 'observeRestarts'>;

/** An agent's one device, as impOS programs know it. Made by `imposDevice`. */
export class ImposDevice {
  readonly #agent: ImposAgent;
  readonly #deviceId: string;
  readonly #log: (line: string) => void;
  #onConnect: (() => void) | undefined;
  #onDisconnect: (() => void) | undefined;
  /** As the program knows it: a new connection in place of the old one changes nothing. */
  #wasConnected = false;
  /** Ends the watching of the agent; `undefined` after a restart, until the program registers something again. */
  #stopWatching: (() => void) | undefined;

  constructor(agent: ImposAgent, deviceId: string, { log }: ImposDeviceOptions) {
    this.#agent = agent;
    this.#deviceId = checkText('deviceId', deviceId, DEVICE_ID_MAX_BYTES);
    if (log !== undefined && typeof log !== 'function') throw new TypeError('log must be a function');
    this.#log = log ?? ((line) => console.log(line));
    this.#watch();
  }

  /**
   * Registers the handler for messages of `name` from the device, in place of an earlier one. It gets the data and nothing
   * else; a blob is a `Uint8Array`. A plain message that nobody handles is dropped, with one line in the log; one of a
   * reliable channel comes again. When a handler throws or rejects, the agent's observers are told (`handlerFailed`).
   */
  on(name: string, handler: (data: unknown) => unknown): void {
    if (typeof handler !== 'function') throw new TypeError(`the handler of ${name} must be a function`);
    this.#watch();
    this.#agent.onDevice(this.#deviceId, name, (data) => withoutReply(handler(data)));
  }

  /**
   * Sends a message to the device, at most once, and says nothing of what becomes of it. It is lost when the device is
   * away, when it goes, and when it does not read: then with a line in the log once too much waits for it.
   *
   * @throws HoldfastError `NAME_TOO_LONG`, `MESSAGE_TOO_LARGE`, `DATA_NOT_SERIALISABLE`, `DATA_UNSAFE_KEY`
   */
  send(name: string, data: unknown): void {
    try {
      void this.#agent.sendPlain(this.#deviceId, name, data);
    } catch (error) {
      if (!isHoldfastError(error) || error.code !== 'TOO_MANY_SENDS') throw error;
      const line = `ERROR: device.send(${quoted(name)}) is lost: the device does not read what it is sent`;
      callUserCode(() => this.#log(line));
    }
  }

  /**
   * Sets what is called when the device connects, in place of what was; `null`: nothing. A device that is connected already
   * calls nothing, nor does one whose new connection takes the place of one that the server took for alive.
   */
  onconnect(callback: (() => void) | null): void {
    this.#onConnect = callbackOrNothing('onconnect', callback);
    this.#watch();
  }

  /** Sets what is called when the device is gone, in place of what was; `null`: nothing. */
  ondisconnect(callback: (() => void) | null): void {
    this.#onDisconnect = callbackOrNothing('ondisconnect', callback);
    this.#watch();
  }

  /** Whether the device is connected, as far as the server has noticed. */
  isconnected(): boolean {
    return this.#agent.isConnected(this.#deviceId);
  }

  #watch(): void {
    if (this.#stopWatching !== undefined) return;
    this.#wasConnected = this.isconnected();
    const stopObserving = this.#agent.observe((event) => this.#onEvent(event));
    const stopObservingRestarts = this.#agent.observeRestarts(() => this.#forget());
    this.#stopWatching = () => {
      stopObserving();
      stopObservingRestarts();
    };
  }

  /** The program is over. The next one may use this object again, or make its own; this one must not speak beside that. */
  #forget(): void {
    this.#onConnect = undefined;
    this.#onDisconnect = undefined;
    this.#stopWatching?.();
    this.#stopWatching = undefined;
  }

  #onEvent(event: AgentEvent): void {
    if (!('device' in event) || event.device !== this.#deviceId) return;
    if (event.type === 'deviceConnected' || event.type === 'deviceDisconnected') this.#tellEdge();
    else if (event.type === 'messageDropped' && event.reason === 'noHandler') {
      this.#log(`ERROR: no handler for agent.send(${quoted(event.name)})`);
    }
  }

  /** Events tell of connections, the program wants to know of the device: what counts is where it stands now. */
  #tellEdge(): void {
    const isConnected = this.isconnected();
    if (isConnected === this.#wasConnected) return;
    this.#wasConnected = isConnected;
    const callback = isConnected ? this.#onConnect : this.#onDisconnect;
    callback?.();
  }
}

/**
 * An agent's device under impOS's names, for programs that were written there. Make one for each device: two for the same
 * device have slots of their own, and both write to the log. Each looks at every event of the agent, so a program for
 * thousands of devices does better with `agent.on`.
 *
 * @throws TypeError or RangeError that names what is wrong
 */
export function imposDevice(agent: ImposAgent, deviceId: string, options: ImposDeviceOptions = {}): ImposDevice {
  return new ImposDevice(agent, deviceId, options);
}

/** What a handler returns means nothing on impOS; that it has ended does. */
function withoutReply(result: unknown): undefined | PromiseLike<undefined> {
  const isThenable =
    typeof result === 'object' && result !== null && typeof (result as { then?: unknown }).then === 'function';
  return isThenable ? (result as PromiseLike<unknown>).then(() => undefined) : undefined;
}

function callbackOrNothing(name: string, callback: (() => void) | null): (() => void) | undefined {
  if (callback === null) return undefined;
  if (typeof callback !== 'function') throw new TypeError(`${name} takes a function or null`);
  return callback;
}

/** A name on one line. It came from a network, and could else pretend to be another line. */
function quoted(name: string): string {
  const text = name.replace(/[\p{C}\p{Zl}\p{Zp}'\\]/gu, (character) => {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
  return `'${text}'`;
}
