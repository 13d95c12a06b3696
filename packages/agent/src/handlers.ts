// The application's handlers, and the one way to run them. The nearest one runs: that of the device and the name, that of
// the name, that for any name. Where a name has a schema, its data is looked at first.

import { type AnyMessages, type DataOf, HoldfastError, type NameOf, type ReplyOf } from '@holdfast/protocol';
import {
  type InboxTransaction,
  isThenable,
  type MessageTelemetry,
  type Handled as Ran,
  runHandler,
} from '@holdfast/reliable-channel';
import type { Schemas } from './schemas.js';

/** What a handler is told beside the data. */
export interface AgentMessage {
  /** The device's id. */
  readonly device: string;
  readonly name: string;
  /**
   * Names the message for good, the same when it comes again: for the handler's own bookkeeping. `undefined` for a plain
   * message, which has no name.
   */
  readonly id: string | undefined;
  /** Whether it came through a reliable channel, and will come again when the handler fails. */
  readonly isReliable: boolean;
  /** How often it has been sent. */
  readonly attempt: number;
  /** The lane that it came in; empty for a plain message. */
  readonly lane: string;
  /** Texts that the sender gave beside the data. A plain message has none. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Runs work, which must be synchronous, on the application's database in the inbox (lmdb's `Database` with `lmdbStore`), and
   * records in the same transaction that the message is handled: both are on disk when this resolves, or neither is. So an
   * effect in that database happens once, whatever crashes. What the work returns is the reply; what the handler returns or
   * throws afterwards changes nothing any more. When the work throws, nothing is recorded and this rejects with its error:
   * let it out of the handler and the message comes again. It can succeed once, and only before the handler ends.
   *
   * @throws HoldfastError `TRANSACTION_REFUSED`: the store has no transactions, the message is plain or recorded already, or
   *   its handler has ended; `STORE_FAILED`: the store could not write. TypeError: the work returned a promise
   */
  readonly inboxTransaction: InboxTransaction;
}

/** What a handler may return: its reply, at once or later. A handler without a reply returns nothing. */
export type HandlerReturn<Reply> = 0 extends 1 & Reply // Only `any` does that.
  ? unknown
  : [Reply] extends [undefined]
    ? void | Promise<void>
    : Reply | PromiseLike<Reply>;

/**
 * Handles one message. A message of a reliable channel is acknowledged when the handler returns, or when its promise
 * resolves; what it returns, unless that is `undefined`, is the reply that the sender gets. When it throws or rejects, the
 * message comes again; with `throw reject(reason)` it never does, with `throw retryLater(afterMs)` not before that.
 */
// biome-ignore lint/suspicious/noExplicitAny: without a table of names, data is whatever the program takes it for
export type Handler<Data = any, Reply = any> = (data: Data, message: AgentMessage) => HandlerReturn<Reply>;

/** The handler of a name of a table. */
export type HandlerOf<Messages, Name extends NameOf<Messages>> = Handler<
  DataOf<Messages, Name>,
  ReplyOf<Messages, Name>
>;

/** How a handler ended; `undefined`: it is done and has nothing to say. */
export type Handled = Ran | { readonly status: 'noHandler' };

/** The handlers by message name. */
export class Handlers {
  readonly #schemas: Schemas<AnyMessages>;
  readonly #handlers = new Map<string, Handler>();
  /** Those of one device alone: by device, then by name. */
  readonly #ofDevices = new Map<string, Map<string, Handler>>();
  /** For names that are not in the map. */
  #fallback: Handler | undefined;

  readonly #telemetry: MessageTelemetry | undefined;

  constructor(schemas: Schemas<AnyMessages> = {}, telemetry?: MessageTelemetry) {
    this.#schemas = schemas;
    this.#telemetry = telemetry;
  }

  /** Registers a handler in place of an earlier one of the same name. */
  set(name: string, handler: Handler): void {
    checkHandler(name, handler);
    this.#handlers.set(name, handler);
  }

  /** Registers a handler for one device, in place of an earlier one of the same device and name. */
  setForDevice(device: string, name: string, handler: Handler): void {
    checkHandler(name, handler);
    const handlers = this.#ofDevices.get(device) ?? new Map<string, Handler>();
    this.#ofDevices.set(device, handlers.set(name, handler));
  }

  /** Registers the handler for names without a handler of their own, in place of an earlier one. */
  setFallback(handler: Handler): void {
    if (typeof handler !== 'function') throw new TypeError('the handler for any name must be a function');
    this.#fallback = handler;
  }

  /** Forgets them all. */
  clear(): void {
    this.#handlers.clear();
    this.#ofDevices.clear();
    this.#fallback = undefined;
  }

  /** Runs the handler of a message. A handler without a promise costs none. */
  run(data: unknown, message: AgentMessage): Handled | Promise<Handled> {
    const { device, name } = message;
    const handler = this.#ofDevices.get(device)?.get(name) ?? this.#handlers.get(name) ?? this.#fallback;
    if (handler === undefined) return { status: 'noHandler' };
    const telemetry = this.#telemetry;
    if (telemetry?.handling === undefined) return this.#check(handler, data, message);
    return telemetry.handling<Handled>(message, () => this.#check(handler, data, message));
  }

  #check(handler: Handler, data: unknown, message: AgentMessage): Handled | Promise<Handled> {
    const { name } = message;
    const schema = Object.hasOwn(this.#schemas, name) ? this.#schemas[name] : undefined;
    if (schema === undefined) return runHandler(() => handler(data, message));
    try {
      const checked = schema['~standard'].validate(data);
      if (!isThenable(checked)) return callChecked(handler, checked, message);
      return Promise.resolve(checked).then((later) => callChecked(handler, later, message), failed);
    } catch (error) {
      return failed(error);
    }
  }
}

/** A schema that throws refuses nothing; it may do its work the next time. */
function failed(error: unknown): Handled {
  return { status: 'failed', error };
}

/** A transaction for messages that can not have one. */
export function noTransaction(): Promise<never> {
  const advice = 'send the message through a reliable channel';
  return Promise.reject(new HoldfastError('TRANSACTION_REFUSED', `a plain message is not recorded; ${advice}`));
}

type Checked = Awaited<ReturnType<NonNullable<Schemas<AnyMessages>[string]>['~standard']['validate']>>;

function callChecked(handler: Handler, checked: Checked, message: AgentMessage): Handled | Promise<Handled> {
  if (checked.issues === undefined) return runHandler(() => handler(checked.value, message));
  const [issue] = checked.issues;
  return { status: 'rejected', reason: `${pathOf(issue?.path)}: ${issue?.message ?? 'not as the schema wants it'}` };
}

/** Where a fault is, as in `data.readings[3].celsius`. */
function pathOf(path: readonly (PropertyKey | { readonly key: PropertyKey })[] = []): string {
  const steps = path.map((step) => (typeof step === 'object' ? step.key : step));
  return `data${steps.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('')}`;
}

function checkHandler(name: string, handler: unknown): void {
  if (typeof handler !== 'function') throw new TypeError(`the handler of ${name} must be a function`);
}
