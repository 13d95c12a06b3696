// The transport: a bounded send buffer, impOS's send policies, and connections that say how they ended.

export { HoldfastError, isHoldfastError, type Runtime, systemRuntime } from '@holdfast/protocol';
export {
  AcceptedConnection,
  type AcceptedConnectionEvents,
  type AcceptedConnectionOptions,
} from './accepted-connection.js';
export {
  CONNECT_REASON,
  type ConnectReason,
  DISCONNECTED,
  type DisconnectCause,
  NOT_CONNECTED,
  type OnError,
  RETURN_ON_ERROR,
  RETURN_ON_ERROR_NO_DISCONNECT,
  type RecoveryOptions,
  SEND_OK,
  type SendCode,
  SUSPEND_ON_ERROR,
  TIMEOUT,
  WAIT_FOR_ACK,
  WAIT_TIL_SENT,
  type WaitFor,
  WOULDBLOCK,
} from './core/index.js';
export type { ChannelHalf, FrameCarrier, FrameCarrierEvents } from './frame-carrier.js';
export { type Link, LinkError, type Pipe, type PipeEvents } from './link.js';
export type { ConnectionLimits, TransportOptions } from './options.js';
export { isLasting } from './reconnector.js';
export { createTransport, Transport } from './transport.js';
export type { TransportEvent } from './transport-events.js';
