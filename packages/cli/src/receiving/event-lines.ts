// What an agent's events are for people: one line each, unless there are too many of a kind.

import type { AgentEvent } from '@holdfast/agent';
import { counted, printable } from '../terminal.js';
import { channelEventText } from './channel-event-text.js';

/** Lines of one kind within `PERIOD_MS`; the rest is counted. A fleet that comes back after an outage is many lines. */
const LINES_PER_PERIOD = 20;
const PERIOD_MS = 1_000;

/** The lines of one kind of event. */
interface Kind {
  said: number;
  held: number;
  readonly timer: NodeJS.Timeout;
}

/** Says what happens at an agent. */
export class EventLines {
  readonly #say: (line: string) => void;
  readonly #kinds = new Map<AgentEvent['type'], Kind>();

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  /** Says one event, or counts it. */
  onEvent(event: AgentEvent): void {
    const kind = this.#kinds.get(event.type) ?? this.#begin(event.type);
    if (kind.said < LINES_PER_PERIOD) {
      kind.said += 1;
      this.#say(describe(event));
    } else kind.held += 1;
  }

  /** Says what was counted and not said yet. */
  close(): void {
    for (const type of [...this.#kinds.keys()]) this.#end(type);
  }

  #begin(type: AgentEvent['type']): Kind {
    const timer = setTimeout(() => this.#end(type), PERIOD_MS);
    // Nothing to wait for when all else is done.
    timer.unref();
    const kind = { said: 0, held: 0, timer };
    this.#kinds.set(type, kind);
    return kind;
  }

  #end(type: AgentEvent['type']): void {
    const kind = this.#kinds.get(type);
    this.#kinds.delete(type);
    clearTimeout(kind?.timer);
    if (kind !== undefined && kind.held > 0)
      this.#say(`${counted(kind.held, 'more event')} like these: ${WORDS[type]}`);
  }
}

/** Names each kind of event where several are counted. */
const WORDS: Readonly<Record<AgentEvent['type'], string>> = {
  deviceConnected: 'device connected',
  deviceDisconnected: 'device disconnected',
  deviceReplaced: 'connection replaced',
  refused: 'device refused',
  handshakeFailed: 'connection without a device',
  messageDropped: 'message dropped',
  handlerFailed: 'message not written',
  messageRejected: 'message refused',
  replyDropped: 'reply lost',
  overloadChanged: 'overload',
  deviceChannel: 'change in a channel to a device',
  storeProblem: 'inbox problem',
  recordQuarantined: 'unreadable record',
};

function describe(event: AgentEvent): string {
  switch (event.type) {
    case 'deviceConnected':
      return `${printable(event.device)} connected from ${event.peer}`;
    case 'deviceDisconnected':
      return `${printable(event.device)} disconnected: ${printable(event.detail)}`;
    case 'deviceReplaced':
      return `${printable(event.device)} has connected again; its connection from ${event.peer} is closed`;
    case 'refused':
      return `refused ${printable(event.device)} from ${event.peer}: ${printable(event.reason)}`;
    case 'handshakeFailed':
      return `no device at ${event.peer}: ${printable(event.detail)}`;
    case 'messageDropped':
      return `dropped a plain message from ${printable(event.device)}, ${printable(event.name)}: ${event.reason}`;
    case 'handlerFailed':
      return `${printable(errorText(event.error))}; the message of ${printable(event.device)} is not acknowledged`;
    case 'messageRejected':
      return `refused a message from ${printable(event.device)}, ${printable(event.name)}: ${printable(event.reason)}`;
    case 'replyDropped':
      return `no reply for ${printable(event.device)}, ${printable(event.name)}: ${printable(event.detail)}`;
    case 'overloadChanged':
      return event.isOverloaded ? 'overloaded: devices are asked to come again' : 'no longer overloaded';
    case 'deviceChannel':
      return `channel to ${printable(event.device)}: ${channelEventText(event.event)}`;
    case 'storeProblem':
      return `the inbox has a problem with ${printable(event.device)}: ${printable(event.detail)}`;
    case 'recordQuarantined':
      return `a record of the inbox can not be read, ${printable(event.key)}: ${printable(event.detail)}`;
  }
}

function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
