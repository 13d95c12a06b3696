// What a person should know of a connection while messages go out: one line whenever something changes, none while the
// same attempt fails again, and an end where dialing again is no use.

import { REFUSE_CODE } from '@holdfast/protocol';
import { type DisconnectCause, isLasting, type Transport, type TransportEvent } from '@holdfast/transport';
import { printable } from '../terminal.js';

/** What `ConnectionNotices` calls. */
export interface ConnectionNoticesActions {
  /** Something changed. */
  say(line: string): void;
  /** Dialing again will not help. @param reason - what happened and what to do */
  giveUp(reason: string): void;
}

/** Watches a transport. */
export class ConnectionNotices {
  readonly #deviceId: string;
  readonly #target: string;
  readonly #actions: ConnectionNoticesActions;
  /** Why there is no connection, as last said; `undefined` while all is well. */
  #trouble: string | undefined;

  /** @param target - where the agent is, for people: `127.0.0.1:7400` */
  constructor(deviceId: string, target: string, actions: ConnectionNoticesActions) {
    this.#deviceId = deviceId;
    this.#target = target;
    this.#actions = actions;
  }

  /** Why there is no connection; `undefined` when there is one, or none was tried. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Begins to watch. Returns the function that ends it. */
  watch(transport: Transport): () => void {
    return transport.observe((event) => this.onEvent(event));
  }

  /** Takes what the transport tells. */
  onEvent(event: TransportEvent): void {
    if (event.type === 'connected') {
      if (this.#trouble !== undefined) this.#actions.say(`connected to ${this.#target}`);
      this.#trouble = undefined;
    } else if (event.type === 'connectFailed' || event.type === 'disconnected')
      this.#onTrouble(event.cause, event.type);
  }

  #onTrouble(cause: DisconnectCause, type: 'connectFailed' | 'disconnected'): void {
    if (cause.kind === 'asked') return;
    if (isLasting(cause)) {
      this.#actions.giveUp(this.#explain(cause));
      return;
    }
    const trouble = `${type === 'connectFailed' ? 'no connection' : 'connection lost'}: ${printable(cause.detail)}`;
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    this.#actions.say(`${trouble}; trying again`);
  }

  #explain(cause: DisconnectCause): string {
    const device = JSON.stringify(printable(this.#deviceId));
    const detail = printable(cause.detail);
    if (cause.kind === 'closedByPeer') {
      return `another connection has taken the device id ${device}; give each device its own with --device`;
    }
    if (cause.code === REFUSE_CODE.versionUnsupported) {
      return `the agent at ${this.#target} speaks another version of the protocol (${detail}); update the older end`;
    }
    const advice = 'check --device and HOLDFAST_TOKEN (or --token)';
    return `the agent at ${this.#target} does not let the device ${device} in (${detail}); ${advice}`;
  }
}
