// Several tabs of one site, one outbox: every tab may send, one of them at a time talks to the agent.

export type { DataOf, MessageTypes, NameOf, ReplyOf } from '@holdfast/protocol';
export { HoldfastError, isHoldfastError } from '@holdfast/protocol';
export type { SharedSendOptions } from './bus-message.js';
export { openSharedChannel, type SharedChannelOptions } from './open-shared-channel.js';
export { SharedChannel, type SharedChannelEvent, type SharedChannelStats } from './shared-channel.js';
export type { SharedDelivery } from './tab-message.js';
export { UNSTORED_MAX_BYTES, UNSTORED_MAX_MESSAGES, WAITING_MAX_MESSAGES } from './tab-outbox.js';
