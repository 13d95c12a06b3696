// What is logged of an agent, and at which level. The README has the table.

import { type Logger, logChannelEvent } from '@holdfast/reliable-channel';
import type { AgentEvent } from './events.js';

/** Logs what an agent tells. Data, headers, tokens, and texts that may quote them are left out. */
export function logAgentEvent(logger: Logger, event: AgentEvent): void {
  switch (event.type) {
    case 'deviceConnected':
      logger.info('device connected', { device: event.device, peer: event.peer });
      return;
    case 'deviceDisconnected':
      logger.info('device disconnected', { device: event.device, detail: event.detail });
      return;
    case 'deviceReplaced':
      logger.info('device replaced', { device: event.device, peer: event.peer });
      return;
    case 'refused':
      logger.warn('device refused', { device: event.device, peer: event.peer, reason: event.reason });
      return;
    case 'handshakeFailed':
      logger.info('handshake failed', { peer: event.peer, detail: event.detail });
      return;
    case 'messageDropped':
      logger.warn('plain message dropped', { device: event.device, name: event.name, reason: event.reason });
      return;
    case 'handlerFailed':
      logger.error('handler failed', { device: event.device, name: event.name, error: event.error });
      return;
    // Why is left out of these two: a schema or a handler may have quoted the data.
    case 'messageRejected':
      logger.warn('message rejected', { device: event.device, name: event.name, id: event.message });
      return;
    case 'replyDropped':
      logger.warn('reply dropped', { device: event.device, name: event.name, id: event.message });
      return;
    case 'overloadChanged':
      if (event.isOverloaded) logger.warn('overloaded');
      else logger.info('no longer overloaded');
      return;
    case 'deviceChannel':
      logChannelEvent(logger, event.event, { device: event.device });
      return;
    case 'storeProblem':
      logger.error('store problem', { device: event.device, detail: event.detail });
      return;
    case 'recordQuarantined':
      logger.error('record quarantined', { key: event.key, detail: event.detail });
  }
}
