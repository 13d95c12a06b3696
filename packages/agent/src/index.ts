// The agent: listeners, authentication, handlers, and acknowledgements after the work.

export { HoldfastError, isHoldfastError, type MessageType } from '@holdfast/protocol';
export {
  type ApplicationDatabase,
  Delivery,
  type Outcome,
  reject,
  retryLater,
  type SendOptions,
} from '@holdfast/reliable-channel';
export { DISCONNECTED, NOT_CONNECTED, SEND_OK, type SendCode, TIMEOUT } from '@holdfast/transport';
export { Agent, createAgent } from './agent.js';
export type { AgentDevice } from './agent-device.js';
export { type Authenticate, type DeviceHello, deviceTokens, sharedToken } from './authenticate.js';
export type { DropReason } from './core/index.js';
export type { AgentEvent, AgentStats } from './events.js';
export type { AgentMessage, Handler, HandlerOf, HandlerReturn } from './handlers.js';
export type { AcceptPipe, Listener, OpenListener } from './listener.js';
export type { AgentOptions } from './options.js';
export type { RetryReason } from './reliable-messages.js';
export type { Schemas } from './schemas.js';
