// What happens in a channel, for people.

import type { ChannelEvent } from '@holdfast/reliable-channel';
import { counted, printable } from '../terminal.js';

/** What each state of a channel is to people. */
const STATES = {
  down: 'no connection',
  opening: 'asks what the other end has',
  open: 'open',
  closed: 'closed',
} as const;

/** One event, in words. */
export function channelEventText(event: ChannelEvent): string {
  switch (event.type) {
    case 'stored':
      return `${messagesText(event)} stored`;
    case 'acknowledged':
      return `${messagesText(event)} handled`;
    case 'givenUp':
      return `${messagesText(event)} ${event.outcome.status}: ${printable(event.outcome.reason)}`;
    case 'stateChanged':
      return STATES[event.state];
    case 'storeProblem':
      return `the outbox has a problem: ${printable(event.detail)}`;
    case 'handlerFailed':
      return `the handler of ${printable(event.name)} failed: ${printable(errorText(event.error))}`;
    case 'replyDropped':
      return `no reply for ${printable(event.name)}: ${printable(event.detail)}`;
    case 'dataRefused':
      return `refused ${printable(event.name)}: ${printable(event.detail)}`;
    case 'recordQuarantined':
      return `a record can not be read, ${printable(event.key)}: ${printable(event.detail)}`;
  }
}

function messagesText({ lane, first, last }: { readonly lane: string; readonly first: number; readonly last: number }) {
  const where = lane === '' ? '' : ` of lane ${printable(lane)}`;
  const which = first === last ? `message ${first}` : `${counted(last - first + 1, 'message')}, ${first} to ${last},`;
  return `${which}${where}`;
}

function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
