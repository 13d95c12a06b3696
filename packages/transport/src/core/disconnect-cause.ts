// Why a connection, or an attempt at one, ended; and which of impOS's reasons that is to the program that dialed.

import { REFUSE_CODE } from '@holdfast/protocol/core';
import { CONNECT_REASON, type ConnectReason } from './send-codes.js';

/** Why a connection ended. */
export interface DisconnectCause {
  readonly kind:
    | 'asked' // this end called disconnect
    | 'linkLost' // the link could not be opened, or closed without a word
    | 'keepaliveTimeout'
    | 'sendTimeout'
    | 'handshakeTimeout'
    | 'protocolError' // the other end sent what it must not
    | 'refused' // the server does not let this device in
    | 'closedByPeer'; // the other end said goodbye
  /** One line for people. */
  readonly detail: string;
  /** The code of the close or refuse frame, where one came. */
  readonly code?: number;
  /** The wish of a refuse frame, or 0. */
  readonly retryAfterMs?: number;
}

/** The reason that an attempt gives which ended with `cause` on an open link. A link that did not open has its own. */
export function connectReasonOf(cause: DisconnectCause): ConnectReason {
  if (cause.kind === 'asked') return CONNECT_REASON.notConnected;
  if (cause.kind !== 'refused') return CONNECT_REASON.noServer;
  // A server with too much to do, or on its way down, says nothing about the device.
  const isBusy = cause.code === REFUSE_CODE.overloaded || cause.code === REFUSE_CODE.shuttingDown;
  return isBusy ? CONNECT_REASON.noServer : CONNECT_REASON.notAuthorised;
}
