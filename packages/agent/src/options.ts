// What users can set on an agent, what they get when they do not, and the check of both.

import { type AnyMessages, checkInteger, MESSAGE_MAX_BYTES, type Runtime, systemRuntime } from '@holdfast/protocol';
import {
  type Logger,
  type PinoLogger,
  resolveSendingOptions,
  type SendingOptions,
  type StoreFactory,
  type Telemetry,
  toLogger,
} from '@holdfast/reliable-channel';
import type { ConnectionLimits } from '@holdfast/transport';
import type { Authenticate } from './authenticate.js';
import type { AgentStats } from './events.js';
import type { Listener } from './listener.js';
import { checkSchemas, type Schemas } from './schemas.js';

/** The options of `createAgent`. */
export interface AgentOptions<Messages = AnyMessages> {
  /** Where devices can dial: `tcpListener({ port })`, and others. */
  readonly listeners: readonly Listener[];
  /** Where the agent remembers what it has handled. Without a durable one a restarted agent may handle messages twice. */
  readonly store: StoreFactory;
  /** Who may come in. Required when a listener can be reached from other machines. @default everybody on this machine */
  readonly authenticate?: Authenticate;
  /**
   * Messages that may wait for handlers, of all devices together. Beyond it plain messages are dropped and counted, and
   * channels are told to come again.
   * @default 10000
   */
  readonly agentQueueMaxMessages?: number;
  /** Bytes of the plain messages that may wait, of all devices together. Beyond it they are dropped. @default 67108864 */
  readonly agentQueueMaxBytes?: number;
  /**
   * Plain messages of one device that may wait, so that one device can not take all of the queue. Beyond it they are dropped.
   * @default 1024
   */
  readonly deviceQueueMaxMessages?: number;
  /** The same in bytes. @default 4194304 */
  readonly deviceQueueMaxBytes?: number;
  /**
   * What the data of messages must be like, by name: schemas of zod, valibot, arktype, or any other that implements Standard
   * Schema. What a schema refuses is rejected for good, with the path of the first fault; of a plain message it is dropped and
   * counted. Names without a schema take any data.
   */
  readonly schemas?: Schemas<Messages>;
  /**
   * Messages that one device's channel may have in flight at the most. While many wait, or many devices are connected, it is
   * less: each device's share of the room that `agentQueueMaxMessages` leaves.
   * @default 1024
   */
  readonly creditMessages?: number;
  /**
   * The outbox towards each device, for `agent.device(id).send`: its limits, and what becomes of messages for which there is no
   * room. @default 1000 messages and 4 MiB a device, and else the defaults of a channel
   */
  readonly outbox?: SendingOptions;
  /** When an overloaded or restarting agent asks channels to come again, in milliseconds. @default 250 */
  readonly retryAfterMs?: number;
  /**
   * Connections at one time. A further one takes the place of the oldest that was not let in yet; when there is none, it
   * is closed at once.
   * @default 10000
   */
  readonly connectionsMax?: number;
  /**
   * Devices that the agent has in memory at one time. Those that are away and at rest make room; when all are busy, a
   * further one is asked to come again.
   * @default 20000
   */
  readonly devicesMax?: number;
  /** The limits and waits of each connection. */
  readonly connection?: ConnectionLimits;
  /** Takes what happens at the agent: `console`, or a logger of pino. @default nothing is logged */
  readonly logger?: Logger | PinoLogger;
  /** Tracing and metrics: `openTelemetry()` of `@holdfast/agent/opentelemetry`, or another. @default none */
  readonly telemetry?: Telemetry<AgentStats>;
  /** Clock, timers and randomness. Tests hand in a virtual one. */
  readonly runtime?: Runtime;
}

/** An agent's options, all present and valid. */
export interface ResolvedAgentOptions extends Required<Omit<AgentOptions, 'authenticate' | 'logger' | 'telemetry'>> {
  readonly authenticate: Authenticate | undefined;
  readonly logger: Logger | undefined;
  readonly telemetry: Telemetry<AgentStats> | undefined;
}

const COUNT = { min: 1, max: 1_000_000_000 };
const MEBIBYTE = 1024 * 1024;
/** At least one message of any size must fit. */
const BYTES = { min: MESSAGE_MAX_BYTES, max: Number.MAX_SAFE_INTEGER };
/** A server talks to many; it gets more room than a device so that acks never wait, claimed only when needed. */
const SEND_BUFFER_BYTES = 65_536;

/** Checks an agent's options and fills in the defaults. @throws TypeError or RangeError that names the option */
export function resolveAgentOptions(options: AgentOptions): ResolvedAgentOptions {
  if (!Array.isArray(options.listeners) || options.listeners.length === 0) {
    throw new TypeError('listeners is missing, for example [tcpListener({ port: 7400 })]');
  }
  if (typeof options.store?.open !== 'function')
    throw new TypeError("store is missing: lmdbStore('./inbox') or memoryStore()");
  if (options.authenticate !== undefined && typeof options.authenticate !== 'function') {
    throw new TypeError('authenticate must be a function');
  }
  return {
    schemas: checkSchemas(options.schemas ?? {}),
    listeners: options.listeners,
    store: options.store,
    authenticate: options.authenticate,
    logger: options.logger === undefined ? undefined : toLogger(options.logger),
    telemetry: options.telemetry,
    agentQueueMaxMessages: checkInteger('agentQueueMaxMessages', options.agentQueueMaxMessages ?? 10_000, COUNT),
    agentQueueMaxBytes: checkInteger('agentQueueMaxBytes', options.agentQueueMaxBytes ?? 64 * MEBIBYTE, BYTES),
    deviceQueueMaxMessages: checkInteger('deviceQueueMaxMessages', options.deviceQueueMaxMessages ?? 1_024, COUNT),
    deviceQueueMaxBytes: checkInteger('deviceQueueMaxBytes', options.deviceQueueMaxBytes ?? 4 * MEBIBYTE, BYTES),
    creditMessages: checkInteger('creditMessages', options.creditMessages ?? 1_024, COUNT),
    outbox: resolveOutbox(options.outbox ?? {}),
    retryAfterMs: checkInteger('retryAfterMs', options.retryAfterMs ?? 250, { min: 0, max: 3_600_000 }),
    connectionsMax: checkInteger('connectionsMax', options.connectionsMax ?? 10_000, COUNT),
    devicesMax: checkInteger('devicesMax', options.devicesMax ?? 20_000, COUNT),
    connection: { sendBufferBytes: SEND_BUFFER_BYTES, ...options.connection },
    runtime: options.runtime ?? systemRuntime(),
  };
}

function resolveOutbox(options: SendingOptions): SendingOptions {
  const filled = { outboxMaxMessages: 1_000, outboxMaxBytes: 4 * MEBIBYTE, ...options };
  // Checked when the agent is created, not when the first device is sent to.
  resolveSendingOptions(filled, 'outbox');
  return filled;
}
