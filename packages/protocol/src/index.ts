// What both ends of Holdfast speak. Applications rarely import this package: the transport, the channel and the agent
// re-export what their users need. `@holdfast/protocol/core` holds the pure parts.

export {
  CLOSE_CODE,
  type CodeOf,
  HoldfastError,
  type HoldfastErrorCode,
  InvariantError,
  invariant,
  isHoldfastError,
  type Machine,
  MESSAGE_MAX_BYTES,
  NACK_CODE,
  NAME_MAX_BYTES,
  PROTOCOL_VERSION,
  ProtocolError,
  type ProtocolErrorCode,
  type RandomUint32,
  REFUSE_CODE,
  type Runtime,
  type TimeoutInput,
  type TimerHandle,
} from './core/index.js';
export { decodeData } from './data-decoder.js';
export { encodeData } from './data-encoder.js';
export { Driver } from './driver.js';
export { callUserCode, Listeners } from './listeners.js';
export { checkMessage, type EncodedMessage, encodeMessage } from './message.js';
export type { AnyMessages, DataOf, MessageType, MessageTypes, NameOf, ReplyOf } from './message-types.js';
export { checkInteger, checkNumber, checkText, type NumberRange } from './option-checks.js';
export { systemRuntime } from './system-runtime.js';
