// The agent: listeners, authentication, handlers, and acknowledgements after the work.

export { HoldfastError, isHoldfastError } from '@holdfast/protocol';
export { DISCONNECTED, NOT_CONNECTED, SEND_OK, type SendCode, TIMEOUT } from '@holdfast/transport';
export { Agent, createAgent } from './agent.js';
export { type Authenticate, type DeviceHello, deviceTokens, sharedToken } from './authenticate.js';
export type { DropReason } from './core/index.js';
export type { AgentEvent, AgentStats } from './events.js';
export type { AgentMessage, Handler } from './handlers.js';
export type { AcceptPipe, Listener, OpenListener } from './listener.js';
export type { AgentOptions } from './options.js';
