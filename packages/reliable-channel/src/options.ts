// What users can set on a channel, what they get when they do not, and the check of both.

import { checkInteger, MESSAGE_MAX_BYTES, type Runtime } from '@holdfast/protocol';
import { type BackoffOptions, HEADERS_MAX_BYTES, type RoundTripOptions } from '@holdfast/protocol/core';
import type { Transport } from '@holdfast/transport';
import type { ChannelStats } from './channel-events.js';
import { keyPart, type SenderOptions, type WhenFull } from './core/index.js';
import { type Logger, type PinoLogger, toLogger } from './logger.js';
import { resolveRetryBackoff } from './retry-backoff.js';
import type { StoreFactory } from './store.js';
import type { Telemetry } from './telemetry.js';

/** What can be set on a sending half: the device's channel, and at the agent the channel to each device. */
export interface SendingOptions {
  /** Messages that may wait. @default 1000000 */
  readonly outboxMaxMessages?: number;
  /** Bytes that may wait. @default 1073741824 */
  readonly outboxMaxBytes?: number;
  /** A message that has waited so long is evicted, in milliseconds. @default none is */
  readonly outboxMaxAgeMs?: number;
  /**
   * What becomes of a message for which the outbox has no room. `reject`: it ends as evicted at once. `wait`: it waits in
   * memory and `delivery.stored` with it, up to 1,024 messages and a mebibyte; `channel.ready()` tells a producer. `evict`: the
   * least important message that is not in flight makes room, among equals the oldest; those of an earlier process can not
   * before the agent has said which of them it handled.
   * @default 'reject'
   */
  readonly whenFull?: WhenFull;
  /** The lanes' priorities: a lane of a higher one sends first. Lanes that are missing have 0. @default {} */
  readonly lanes?: Readonly<Record<string, { readonly priority?: number }>>;
  /** Messages that may be sent and not acknowledged; the receiver's credit can make it less. @default 4096 */
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
   * The waits before a message that was not taken is sent again: exponential, with full jitter.
   * @default { minMs: 100, maxMs: 30000 }
   */
  readonly retryBackoff?: Partial<BackoffOptions>;
  /**
   * So often may its handler refuse a message, by throwing or by not being there, before it becomes a dead letter and its lane
   * goes on. Attempts that the link swallowed do not count. @default 16
   */
  readonly maxAttempts?: number;
  /** Dead letters that are kept; the oldest make room. 0: none are kept. @default 1000 */
  readonly deadLettersMaxMessages?: number;
  /** Bytes of dead letters that are kept. @default 16777216 */
  readonly deadLettersMaxBytes?: number;
}

/** The options of `openReliableChannel`. */
export interface ReliableChannelOptions extends SendingOptions {
  /** The connection; the channel keeps it up while it is open. One channel a transport. */
  readonly transport: Transport;
  /** Where outbox and inbox live: `lmdbStore('./outbox')`, `memoryStore()`, or another. */
  readonly store: StoreFactory;
  /** Takes what happens in the channel and its transport: `console`, or a logger of pino. @default nothing is logged */
  readonly logger?: Logger | PinoLogger;
  /** Tracing and metrics: `openTelemetry()` of `@holdfast/reliable-channel/opentelemetry`, or another. @default none */
  readonly telemetry?: Telemetry<ChannelStats>;
}

/** A channel's options, all present and valid. */
export interface ResolvedChannelOptions {
  readonly transport: Transport;
  readonly store: StoreFactory;
  readonly runtime: Runtime;
  readonly sender: SenderOptions;
  readonly logger: Logger | undefined;
  readonly telemetry: Telemetry<ChannelStats> | undefined;
}

const COUNT = { min: 1, max: Number.MAX_SAFE_INTEGER };
const WAIT_MS = { min: 1, max: 86_400_000 };
const PRIORITY = { min: -1_000, max: 1_000 };
/** Their index is one record, written anew with every change. */
const DEAD_LETTERS = { min: 0, max: 10_000 };
const MEBIBYTE = 1024 * 1024;
/** Messages that wait in memory for an outbox to have room. */
const WAIT_MAX_MESSAGES = 1_024;
const WHEN_FULL: readonly WhenFull[] = ['reject', 'wait', 'evict'];

/** Names the outbox towards the agent within its store. */
export const OUTBOX_KEY_PREFIX = 'outbox';

/** Names an outbox within its store: that of a device's channel, or in an agent's store the one towards a device. */
export function outboxKeyPrefix(device?: string): string {
  return device === undefined ? OUTBOX_KEY_PREFIX : `${OUTBOX_KEY_PREFIX}/${keyPart(device)}`;
}

/** A record of this size is read back in one piece; a data frame of this size keeps a fast network busy. */
const BATCH_MAX_BYTES = 65_536;
const BATCH_MAX_MESSAGES = 1_024;
/** Stored messages kept in memory to be sent next. */
const LOADED_MAX_BYTES = 4 * MEBIBYTE;
/** Long enough for a busy channel's next commit to take the deletions along, short enough to be soon. */
const DELETE_DELAY_MS = 100;

/** The least that `outboxMaxBytes` can be: the largest message must fit, with what it needs around it. */
export const OUTBOX_MIN_BYTES = MESSAGE_MAX_BYTES + HEADERS_MAX_BYTES + 512;

/** Checks a channel's options and fills in the defaults. @throws TypeError or RangeError that names the option */
export function resolveChannelOptions(options: ReliableChannelOptions): ResolvedChannelOptions {
  if (typeof options.transport?.keepConnected !== 'function')
    throw new TypeError('transport is missing: createTransport(...)');
  if (typeof options.store?.open !== 'function')
    throw new TypeError("store is missing: lmdbStore('./outbox') or memoryStore()");
  const { transport, store, telemetry } = options;
  const sender = resolveSendingOptions(options, outboxKeyPrefix());
  const logger = options.logger === undefined ? undefined : toLogger(options.logger);
  return { transport, store, runtime: transport.runtime, sender, logger, telemetry };
}

/** Checks what can be set on a sending half and fills in the defaults. @throws TypeError or RangeError that names the option */
export function resolveSendingOptions(options: SendingOptions, keyPrefix: string): SenderOptions {
  const outboxMaxBytes = options.outboxMaxBytes ?? 1024 * MEBIBYTE;
  const { outboxMaxAgeMs, whenFull = 'reject', windowMaxBytes = MEBIBYTE } = options;
  if (!WHEN_FULL.includes(whenFull)) throw new RangeError(`whenFull must be one of ${WHEN_FULL.join(', ')}`);
  const deadLettersMaxBytes = options.deadLettersMaxBytes ?? 16 * MEBIBYTE;
  return {
    keyPrefix,
    outboxMaxMessages: checkInteger('outboxMaxMessages', options.outboxMaxMessages ?? 1_000_000, COUNT),
    outboxMaxBytes: checkInteger('outboxMaxBytes', outboxMaxBytes, { ...COUNT, min: OUTBOX_MIN_BYTES }),
    outboxMaxAgeMs:
      outboxMaxAgeMs === undefined ? Number.POSITIVE_INFINITY : checkInteger('outboxMaxAgeMs', outboxMaxAgeMs, COUNT),
    whenFull,
    waitMaxMessages: WAIT_MAX_MESSAGES,
    waitMaxBytes: MEBIBYTE,
    lanePriorities: resolvePriorities(options.lanes ?? {}),
    windowMaxMessages: checkInteger('windowMaxMessages', options.windowMaxMessages ?? 4_096, COUNT),
    windowMaxBytes: checkInteger('windowMaxBytes', windowMaxBytes, COUNT),
    maxAttempts: checkInteger('maxAttempts', options.maxAttempts ?? 16, COUNT),
    deadLettersMaxMessages: checkInteger(
      'deadLettersMaxMessages',
      options.deadLettersMaxMessages ?? 1_000,
      DEAD_LETTERS,
    ),
    deadLettersMaxBytes: checkInteger('deadLettersMaxBytes', deadLettersMaxBytes, { ...COUNT, min: 0 }),
    batchMaxBytes: BATCH_MAX_BYTES,
    batchMaxMessages: BATCH_MAX_MESSAGES,
    loadedMaxBytes: LOADED_MAX_BYTES,
    dataFrameMaxBytes: BATCH_MAX_BYTES,
    deleteDelayMs: DELETE_DELAY_MS,
    ackTimeout: resolveAckTimeout(options.ackTimeout ?? {}),
    retryBackoff: resolveRetryBackoff(options.retryBackoff ?? {}),
  };
}

function resolvePriorities(lanes: Readonly<Record<string, { readonly priority?: number }>>): Map<string, number> {
  const entries = Object.entries(lanes);
  return new Map(
    entries.map(([lane, { priority = 0 }]) => [lane, checkInteger(`lanes.${lane}.priority`, priority, PRIORITY)]),
  );
}

function resolveAckTimeout({ initialMs, minMs, maxMs }: Partial<RoundTripOptions>): RoundTripOptions {
  const min = checkInteger('ackTimeout.minMs', minMs ?? Math.min(1_000, maxMs ?? 1_000), WAIT_MS);
  const max = checkInteger('ackTimeout.maxMs', maxMs ?? Math.max(60_000, min), WAIT_MS);
  if (max < min) throw new RangeError('ackTimeout.maxMs must not be below ackTimeout.minMs');
  const initial = checkInteger('ackTimeout.initialMs', initialMs ?? Math.min(Math.max(3_000, min), max), WAIT_MS);
  return { initialMs: initial, minMs: min, maxMs: max };
}
