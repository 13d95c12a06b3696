// What users can set on a transport, what they get when they do not, and the check of both.

import { checkInteger, checkText, type Runtime, systemRuntime } from '@holdfast/protocol';
import { type BackoffOptions, DEVICE_ID_MAX_BYTES, MESSAGE_MAX_BYTES, TOKEN_MAX_BYTES } from '@holdfast/protocol/core';
import type { ConnectionOptions, RecoveryOptions } from './core/index.js';
import type { Link } from './link.js';

/** The limits and waits that both ends of a connection have. */
export interface ConnectionLimits {
  /**
   * The send buffer to begin with, in bytes. Throughput is at most this much per round trip where a link is that tight.
   * @default 3456: six packets of 576, as impOS
   */
  readonly sendBufferBytes?: number;
  /**
   * How far the send buffer can grow, in bytes. Memory is claimed as the buffer fills.
   * @default 30720, as impOS, or `sendBufferBytes` when that is more
   */
  readonly sendBufferMaxBytes?: number;
  /** The unit in which bytes are handed to the link. @default 576 */
  readonly packetBytes?: number;
  /** Silence from the other end before it is asked whether it lives, in milliseconds. @default 60000 */
  readonly keepaliveIdleMs?: number;
  /** Further silence before the link is taken for dead, in milliseconds. @default 45000 */
  readonly keepaliveTimeoutMs?: number;
  /** From the open link to the welcome, in milliseconds; then the attempt has failed. @default 10000 */
  readonly handshakeTimeoutMs?: number;
}

/** The options of `createTransport`. */
export interface TransportOptions extends ConnectionLimits {
  /** Who this device is: unique among the agent's devices, at most 128 bytes. */
  readonly deviceId: string;
  /** The way to the agent: `tcp({ host, port })`, or another link. */
  readonly link: Link;
  /** The secret that the agent's `authenticate` looks at; at most 2048 bytes. It never appears in a log or an error. */
  readonly token?: string;
  /**
   * The waits between automatic attempts to connect: exponential from `minMs` up to `maxMs`, with full jitter.
   * @default { minMs: 500, maxMs: 30000 }
   */
  readonly reconnectBackoff?: Partial<BackoffOptions>;
  /**
   * What follows a loss, in milliseconds. `graceMs`: how long a lost connection is dialed before `onUnexpectedDisconnect` is
   * told. `suspendMs`: how long a suspended device dials before it snoozes, and again each time it wakes. `snoozeMs`: how
   * long it snoozes.
   * @default { graceMs: 60000, suspendMs: 60000, snoozeMs: 540000 }, as impOS
   */
  readonly recovery?: Partial<RecoveryOptions>;
  /** Clock, timers and randomness. Tests hand in a virtual one. */
  readonly runtime?: Runtime;
}

/** The transport's options, all present and valid. */
export interface ResolvedTransportOptions {
  readonly connection: ConnectionOptions;
  readonly link: Link;
  readonly reconnectBackoff: BackoffOptions;
  readonly recovery: RecoveryOptions;
  readonly runtime: Runtime;
}

const DEFAULT_SEND_BUFFER_BYTES = 3_456;
const DEFAULT_SEND_BUFFER_MAX_BYTES = 30_720;
/** A gateway may give a buffer this much; more hides a dead link for too long. */
const SEND_BUFFER_LIMIT_BYTES = 64 * 1024 * 1024;
const WAIT_MS = { min: 1, max: 86_400_000 };

/** How long a closing end waits for its last bytes, in milliseconds. */
const CLOSE_TIMEOUT_MS = 1_000;

/** Checks a transport's options and fills in the defaults. @throws TypeError or RangeError that names the option */
export function resolveTransportOptions(options: TransportOptions): ResolvedTransportOptions {
  const deviceId = checkText('deviceId', options.deviceId, DEVICE_ID_MAX_BYTES);
  const token = options.token === undefined ? '' : checkText('token', options.token, TOKEN_MAX_BYTES);
  if (typeof options.link?.dial !== 'function') throw new TypeError('link is missing, for example tcp({ host, port })');
  const minMs = checkInteger('reconnectBackoff.minMs', options.reconnectBackoff?.minMs ?? 500, WAIT_MS);
  const maxMs = checkInteger(
    'reconnectBackoff.maxMs',
    options.reconnectBackoff?.maxMs ?? Math.max(minMs, 30_000),
    WAIT_MS,
  );
  if (maxMs < minMs) throw new RangeError('reconnectBackoff.maxMs must not be below reconnectBackoff.minMs');
  const limits = resolveConnectionLimits(options);
  return {
    connection: { ...limits, role: 'dialing', deviceId, token, writeMaxBytes: options.link.writeMaxBytes },
    link: options.link,
    reconnectBackoff: { minMs, maxMs },
    recovery: {
      graceMs: checkInteger('recovery.graceMs', options.recovery?.graceMs ?? 60_000, WAIT_MS),
      suspendMs: checkInteger('recovery.suspendMs', options.recovery?.suspendMs ?? 60_000, WAIT_MS),
      snoozeMs: checkInteger('recovery.snoozeMs', options.recovery?.snoozeMs ?? 540_000, WAIT_MS),
    },
    runtime: options.runtime ?? systemRuntime(),
  };
}

/** Checks the limits of one end and fills in the defaults. @throws TypeError or RangeError that names the option */
export function resolveConnectionLimits(
  limits: ConnectionLimits,
): Omit<ConnectionOptions, 'role' | 'deviceId' | 'token' | 'writeMaxBytes'> {
  const size = { min: 64, max: SEND_BUFFER_LIMIT_BYTES };
  const sendBufferBytes = checkInteger('sendBufferBytes', limits.sendBufferBytes ?? DEFAULT_SEND_BUFFER_BYTES, size);
  const maxBytes = limits.sendBufferMaxBytes ?? Math.max(sendBufferBytes, DEFAULT_SEND_BUFFER_MAX_BYTES);
  const sendBufferMaxBytes = checkInteger('sendBufferMaxBytes', maxBytes, { min: sendBufferBytes, max: size.max });
  return {
    sendBufferBytes,
    sendBufferMaxBytes,
    packetBytes: checkInteger('packetBytes', limits.packetBytes ?? 576, { min: 1, max: 65_536 }),
    keepaliveIdleMs: checkInteger('keepaliveIdleMs', limits.keepaliveIdleMs ?? 60_000, WAIT_MS),
    keepaliveTimeoutMs: checkInteger('keepaliveTimeoutMs', limits.keepaliveTimeoutMs ?? 45_000, WAIT_MS),
    handshakeTimeoutMs: checkInteger('handshakeTimeoutMs', limits.handshakeTimeoutMs ?? 10_000, WAIT_MS),
    closeTimeoutMs: CLOSE_TIMEOUT_MS,
    messageMaxBytes: MESSAGE_MAX_BYTES,
  };
}
