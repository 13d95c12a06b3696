// The reliable channel: a persistent outbox, acknowledgements by the application at the other end, scheduled retries.

export { HoldfastError, isHoldfastError } from '@holdfast/protocol';
export { CheckedStore, type QuarantinedRecord } from './checked-store.js';
export type { Pause, SenderState, StoreOperation } from './core/index.js';
export { Delivery, type Outcome } from './delivery.js';
export { GroupCommit } from './group-commit.js';
export type { ReliableChannelOptions } from './options.js';
export {
  type HandlingResult,
  type IncomingMessage,
  ReceivingHalf,
  type ReceivingHalfOptions,
} from './receiving-half.js';
export { type ChannelEvent, type ChannelStats, openReliableChannel, ReliableChannel } from './reliable-channel.js';
export type { Store, StoreEntry, StoreFactory, StoreRange } from './store.js';
