// What can be asked for one message, and the check of it.

import { checkInteger, HoldfastError } from '@holdfast/protocol';
import {
  type BackoffOptions,
  HEADERS_MAX,
  HEADERS_MAX_BYTES,
  type Headers,
  hasLoneSurrogate,
  headersBytes,
  LANE_MAX_BYTES,
  utf8Length,
} from '@holdfast/protocol/core';
import { COALESCE_KEY_MAX_BYTES, type Importance, type MessageTraits, NO_TRAITS } from './core/index.js';
import { resolveRetryBackoff } from './retry-backoff.js';

/** What can be asked for one message beside its name and data. */
export interface SendOptions {
  /**
   * Messages of one lane are handled in the order in which they were sent; lanes do not wait for each other. At most 64
   * bytes in UTF-8, and 256 lanes a channel.
   * @default ''
   */
  readonly lane?: string;
  /**
   * `critical`: on disk before the first attempt. `high`: on disk when an attempt fails, or can not be made at once. `low`:
   * never on disk; it ends as evicted when it can not go out now.
   * @default 'critical'
   */
  readonly importance?: Importance;
  /**
   * The message expires so long after it was sent, in milliseconds, unless it is in flight then. Time counts while the
   * program is not running, too, as far as it can be known. What an earlier process left may have been handled: it expires when
   * the channel has been opened with the agent, who says so. @default it does not expire
   */
  readonly ttlMs?: number;
  /**
   * The message takes the place of an earlier one of its lane with the same key that has not been sent yet; that one ends as
   * evicted, with the cause `replaced`. At most 128 bytes in UTF-8.
   */
  readonly coalesceKey?: string;
  /** So often may its handler refuse the message before it becomes a dead letter. @default the channel's `maxAttempts` */
  readonly maxAttempts?: number;
  /** The waits between these attempts. @default the channel's `retryBackoff` */
  readonly retryBackoff?: Partial<BackoffOptions>;
  /** Texts that travel beside the data; at most 16, and 1,024 bytes in UTF-8. */
  readonly headers?: Headers;
}

/** What was asked for a message, checked. */
export interface ResolvedSendOptions {
  readonly lane: string;
  readonly importance: Importance;
  readonly traits: MessageTraits;
  readonly headers: Headers | undefined;
}

/** Nothing was asked for. */
const NOTHING: ResolvedSendOptions = { lane: '', importance: 'critical', traits: NO_TRAITS, headers: undefined };

/** Longer than any message is meant to wait, and still an integer with the age of an outbox added: 100 years. */
const TTL_MAX_MS = 100 * 365 * 86_400_000;
const IMPORTANCES: readonly string[] = ['critical', 'high', 'low'];

/**
 * Checks what was asked for a message.
 *
 * @throws TypeError or RangeError that names a wrong option; HoldfastError `HEADERS_TOO_LARGE`
 */
export function resolveSendOptions(options: SendOptions | undefined): ResolvedSendOptions {
  if (options === undefined) return NOTHING;
  const { lane = '', importance = 'critical', headers } = options;
  if (lane !== '') checkName('lane', lane, LANE_MAX_BYTES);
  if (!IMPORTANCES.includes(importance)) throw new RangeError(`importance must be one of ${IMPORTANCES.join(', ')}`);
  if (headers !== undefined) checkHeaders(headers);
  return { lane, importance, traits: traitsOf(options), headers };
}

function traitsOf({ ttlMs, coalesceKey, maxAttempts, retryBackoff }: SendOptions): MessageTraits {
  if (ttlMs === undefined && coalesceKey === undefined && maxAttempts === undefined && retryBackoff === undefined) {
    return NO_TRAITS;
  }
  if (ttlMs !== undefined) checkInteger('ttlMs', ttlMs, { min: 1, max: TTL_MAX_MS });
  if (coalesceKey !== undefined) checkName('coalesceKey', coalesceKey, COALESCE_KEY_MAX_BYTES);
  if (maxAttempts !== undefined) checkInteger('maxAttempts', maxAttempts, { min: 1, max: Number.MAX_SAFE_INTEGER });
  return {
    ...(ttlMs !== undefined && { ttlMs }),
    ...(coalesceKey !== undefined && { coalesceKey }),
    ...(maxAttempts !== undefined && { maxAttempts }),
    ...(retryBackoff !== undefined && { retryBackoff: resolveRetryBackoff(retryBackoff) }),
  };
}

function checkName(name: string, value: unknown, maxBytes: number): void {
  if (typeof value !== 'string' || value === '') throw new TypeError(`${name} must be a text that is not empty`);
  if (hasLoneSurrogate(value)) throw new TypeError(`${name} holds half of a surrogate pair`);
  if (utf8Length(value) > maxBytes) throw new RangeError(`${name} must have at most ${maxBytes} bytes in UTF-8`);
}

function checkHeaders(headers: Headers): void {
  const entries = Object.entries(headers);
  for (const [name, value] of entries) {
    if (name === '' || typeof value !== 'string' || hasLoneSurrogate(name) || hasLoneSurrogate(value)) {
      throw new TypeError('headers must be texts by name, without halves of surrogate pairs');
    }
  }
  const bytes = headersBytes(headers);
  if (entries.length > HEADERS_MAX || bytes > HEADERS_MAX_BYTES || entries.some(([name]) => utf8Length(name) > 255)) {
    const limits = `at most ${HEADERS_MAX} headers of ${HEADERS_MAX_BYTES} bytes together, with names of 255, are allowed`;
    throw new HoldfastError('HEADERS_TOO_LARGE', `${entries.length} headers of ${bytes} bytes; ${limits}`);
  }
}
