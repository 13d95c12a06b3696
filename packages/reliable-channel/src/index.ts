// The reliable channel: a persistent outbox, acknowledgements by the application at the other end, scheduled retries.

export type { AnyMessages, DataOf, MessageType, MessageTypes, NameOf, ReplyOf } from '@holdfast/protocol';
export { HoldfastError, isHoldfastError } from '@holdfast/protocol';
export type { Headers } from '@holdfast/protocol/core';
export type { ChannelEvent, ChannelStats, LaneStats, SendingStats } from './channel-events.js';
export type { ChannelHandler } from './channel-handlers.js';
export { logChannelEvent } from './channel-log.js';
export { CheckedStore, type QuarantinedRecord } from './checked-store.js';
export {
  type EvictionCause,
  type Importance,
  keyPart,
  messageId,
  type Pause,
  type SenderState,
  type StoreOperation,
  type WhenFull,
} from './core/index.js';
export type { DeadLetter, DeadLetterBox } from './dead-letter-box.js';
export { Delivery, type Outcome } from './delivery.js';
export { GroupCommit } from './group-commit.js';
export {
  HandlerAnswerError,
  type HandlingResult,
  RETRY_LATER_MAX_MS,
  reject,
  retryLater,
  thrownAnswer,
} from './handler-answers.js';
export { type Handled, handlerFailed, isThenable, nobodyHandles, runHandler } from './handler-run.js';
export { inboxTransaction } from './inbox-transaction.js';
export type { InboxTransaction, IncomingMessage } from './incoming-message.js';
export { type LogDetails, type Logger, type LogLevel, type PinoLogger, toLogger } from './logger.js';
export { outboxKeyPrefix, type ReliableChannelOptions, resolveSendingOptions, type SendingOptions } from './options.js';
export { hasOutbox } from './outbox-store.js';
export { ReceivingHalf, type ReceivingHalfOptions } from './receiving-half.js';
export { openReliableChannel, ReliableChannel } from './reliable-channel.js';
export type { SendOptions } from './send-options.js';
export { SendingHalf } from './sending-half.js';
export type { SendingHalfOptions } from './sending-half-options.js';
export type { ApplicationDatabase, Store, StoreEntry, StoreFactory, StoreRange } from './store.js';
export { openStoredOutbox, type StoredLane, StoredOutbox, type StoredOutboxOptions } from './stored-outbox.js';
export type {
  HandlingEnd,
  HandlingMessage,
  MessageTelemetry,
  SendingMessage,
  Telemetry,
} from './telemetry.js';
export type { WaitingMessage } from './waiting-messages.js';
