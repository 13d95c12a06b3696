// What users can set on a channel, what they get when they do not, and the check of both.

import { checkInteger, MESSAGE_MAX_BYTES, type Runtime } from '@holdfast/protocol';
import type { BackoffOptions, RoundTripOptions } from '@holdfast/protocol/core';
import type { Transport } from '@holdfast/transport';
import type { SenderOptions } from './core/index.js';
import type { StoreFactory } from './store.js';

/** The options of `openReliableChannel`. */
export interface ReliableChannelOptions {
  /** The connection; the channel keeps it up while it is open. One channel a transport. */
  readonly transport: Transport;
  /** Where the outbox lives: `lmdbStore('./outbox')`, `memoryStore()`, or another. */
  readonly store: StoreFactory;
  /** Messages that may wait; one more is evicted at once. @default 1000000 */
  readonly outboxMaxMessages?: number;
  /** Bytes that may wait; a message beyond is evicted at once. @default 1073741824 */
  readonly outboxMaxBytes?: number;
  /** Messages that may be sent and not acknowledged; the agent's credit can make it less. @default 4096 */
  readonly windowMaxMessages?: number;
  /** The same in bytes. More fills a long link better and is sent again after a cut. @default 1048576 */
  readonly windowMaxBytes?: number;
  /**
   * The wait for an ack before the oldest message is sent again: at first, at least, at most, in milliseconds. In between
   * it follows the measured round trip.
   * @default { initialMs: 3000, minMs: 1000, maxMs: 60000 }
   */
  readonly ackTimeout?: Partial<RoundTripOptions>;
  /**
   * The waits before a message that the agent did not take is sent again: exponential, with full jitter.
   * @default { minMs: 100, maxMs: 30000 }
   */
  readonly retryBackoff?: Partial<BackoffOptions>;
}

/** A channel's options, all present and valid. */
export interface ResolvedChannelOptions {
  readonly transport: Transport;
  readonly store: StoreFactory;
  readonly runtime: Runtime;
  readonly sender: SenderOptions;
}

const COUNT = { min: 1, max: Number.MAX_SAFE_INTEGER };
const WAIT_MS = { min: 1, max: 86_400_000 };

/** Names the outbox towards the agent within its store. */
export const OUTBOX_KEY_PREFIX = 'outbox';

/** A record of this size is read back in one piece; a data frame of this size keeps a fast network busy. */
const BATCH_MAX_BYTES = 65_536;
const BATCH_MAX_MESSAGES = 1_024;
/** Stored messages kept in memory to be sent next. */
const LOADED_MAX_BYTES = 4 * 1024 * 1024;
/** Long enough for a busy channel's next commit to take the deletions along, short enough to be soon. */
const DELETE_DELAY_MS = 100;

/** The largest message must fit, with what it needs around it. */
const OUTBOX_MIN_BYTES = MESSAGE_MAX_BYTES + 64;

/** Checks a channel's options and fills in the defaults. @throws TypeError or RangeError that names the option */
export function resolveChannelOptions(options: ReliableChannelOptions): ResolvedChannelOptions {
  if (typeof options.transport?.keepConnected !== 'function')
    throw new TypeError('transport is missing: createTransport(...)');
  if (typeof options.store?.open !== 'function')
    throw new TypeError("store is missing: lmdbStore('./outbox') or memoryStore()");
  const ackTimeout = resolveAckTimeout(options.ackTimeout ?? {});
  const retryBackoff = resolveRetryBackoff(options.retryBackoff ?? {});
  const outboxMaxBytes = options.outboxMaxBytes ?? 1024 * 1024 * 1024;
  const windowMaxBytes = options.windowMaxBytes ?? 1024 * 1024;
  return {
    transport: options.transport,
    store: options.store,
    runtime: options.transport.runtime,
    sender: {
      keyPrefix: OUTBOX_KEY_PREFIX,
      outboxMaxMessages: checkInteger('outboxMaxMessages', options.outboxMaxMessages ?? 1_000_000, COUNT),
      outboxMaxBytes: checkInteger('outboxMaxBytes', outboxMaxBytes, { ...COUNT, min: OUTBOX_MIN_BYTES }),
      windowMaxMessages: checkInteger('windowMaxMessages', options.windowMaxMessages ?? 4_096, COUNT),
      windowMaxBytes: checkInteger('windowMaxBytes', windowMaxBytes, COUNT),
      batchMaxBytes: BATCH_MAX_BYTES,
      batchMaxMessages: BATCH_MAX_MESSAGES,
      loadedMaxBytes: LOADED_MAX_BYTES,
      dataFrameMaxBytes: BATCH_MAX_BYTES,
      deleteDelayMs: DELETE_DELAY_MS,
      ackTimeout,
      retryBackoff,
    },
  };
}

function resolveAckTimeout({ initialMs, minMs, maxMs }: Partial<RoundTripOptions>): RoundTripOptions {
  const min = checkInteger('ackTimeout.minMs', minMs ?? Math.min(1_000, maxMs ?? 1_000), WAIT_MS);
  const max = checkInteger('ackTimeout.maxMs', maxMs ?? Math.max(60_000, min), WAIT_MS);
  if (max < min) throw new RangeError('ackTimeout.maxMs must not be below ackTimeout.minMs');
  const initial = checkInteger('ackTimeout.initialMs', initialMs ?? Math.min(Math.max(3_000, min), max), WAIT_MS);
  return { initialMs: initial, minMs: min, maxMs: max };
}

function resolveRetryBackoff({ minMs, maxMs }: Partial<BackoffOptions>): BackoffOptions {
  const min = checkInteger('retryBackoff.minMs', minMs ?? Math.min(100, maxMs ?? 100), WAIT_MS);
  const max = checkInteger('retryBackoff.maxMs', maxMs ?? Math.max(30_000, min), WAIT_MS);
  if (max < min) throw new RangeError('retryBackoff.maxMs must not be below retryBackoff.minMs');
  return { minMs: min, maxMs: max };
}
