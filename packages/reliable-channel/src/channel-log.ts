// What is logged of a channel and its transport, and at which level. The README has the table.

import type { TransportEvent } from '@holdfast/transport';
import type { ChannelEvent } from './channel-events.js';
import type { Outcome } from './delivery.js';
import type { LogDetails, Logger, LogLevel } from './logger.js';

/** Logs what a channel tells. @param also - further details, for whoever has several channels */
export function logChannelEvent(logger: Logger, event: ChannelEvent, also: LogDetails = {}): void {
  switch (event.type) {
    case 'stored':
    case 'acknowledged': {
      const { lane, first, last } = event;
      logger.debug(`messages ${event.type}`, { ...also, lane, first, last });
      return;
    }
    case 'givenUp': {
      const { lane, first, last, outcome } = event;
      logger[levelOf(outcome)]('messages given up', { ...also, lane, first, last, ...endOf(outcome) });
      return;
    }
    case 'stateChanged':
      logger[event.state === 'opening' ? 'debug' : 'info'](`channel ${event.state}`, also);
      return;
    case 'storeProblem':
      logger.error('store problem', { ...also, detail: event.detail });
      return;
    case 'handlerFailed':
      logger.error('handler failed', { ...also, name: event.name, error: event.error });
      return;
    // The detail of these two describes data.
    case 'replyDropped':
      logger.warn('reply dropped', { ...also, name: event.name });
      return;
    case 'dataRefused':
      logger.warn('data refused', { ...also, name: event.name });
      return;
    case 'recordQuarantined':
      logger.error('record quarantined', { ...also, key: event.key, detail: event.detail });
  }
}

/** Logs what a transport tells. */
export function logTransportEvent(logger: Logger, event: TransportEvent): void {
  switch (event.type) {
    case 'connected':
    case 'suspended':
    case 'snoozed':
    case 'lossDeclared':
      logger.info(TRANSPORT_WORDS[event.type]);
      return;
    case 'resumed':
      logger.info('sends resumed', { hasSnoozed: event.hasSnoozed });
      return;
    case 'disconnected':
      logger.info('disconnected', { kind: event.cause.kind, detail: event.cause.detail });
      return;
    case 'connectFailed':
      logger.warn('connect failed', { kind: event.cause.kind, detail: event.cause.detail });
      return;
    case 'reconnectScheduled':
      logger.debug('reconnect scheduled', { delayMs: event.delayMs });
      return;
    case 'messageDropped':
      logger.warn('plain message dropped', { name: event.name });
  }
}

const TRANSPORT_WORDS = {
  connected: 'connected',
  suspended: 'sends suspended',
  snoozed: 'snoozed',
  lossDeclared: 'connection given up',
} as const;

type GivenUpOutcome = Extract<Outcome, { readonly attempts: number }>;

function levelOf(outcome: GivenUpOutcome): LogLevel {
  if (outcome.status === 'cancelled') return 'info';
  if (outcome.status !== 'evicted') return 'warn';
  if (outcome.cause === 'storeFailed' || outcome.cause === 'unreadable') return 'error';
  return outcome.cause === 'replaced' || outcome.cause === 'notSendable' ? 'info' : 'warn';
}

/** How it ended. The reason of a refusal is left out: it comes from the other end, and may quote data. */
function endOf(outcome: GivenUpOutcome): LogDetails {
  const { status, attempts } = outcome;
  if (outcome.status === 'rejected') return { status, attempts };
  if (outcome.status === 'evicted') return { status, cause: outcome.cause, reason: outcome.reason, attempts };
  return { status, reason: outcome.reason, attempts };
}
