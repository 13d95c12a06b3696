// The application's handlers, and the one way to run them. The nearest one runs: that of the device and the name, that of
// the name, that for any name.

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
}

/**
 * Handles one message. A message of a reliable channel is acknowledged when the handler returns, or when its promise
 * resolves; when it throws or rejects, the message comes again.
 */
export type Handler = (data: unknown, message: AgentMessage) => unknown;

/** How a handler ended. */
export type Handled =
  | { readonly status: 'done' }
  | { readonly status: 'noHandler' }
  | { readonly status: 'failed'; readonly error: unknown };

const DONE: Handled = { status: 'done' };

/** The handlers by message name. */
export class Handlers {
  readonly #handlers = new Map<string, Handler>();
  /** Those of one device alone: by device, then by name. */
  readonly #ofDevices = new Map<string, Map<string, Handler>>();
  /** For names that are not in the map. */
  #fallback: Handler | undefined;

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
    try {
      const result = handler(data, message);
      if (!isThenable(result)) return DONE;
      return Promise.resolve(result).then(
        () => DONE,
        (error: unknown): Handled => ({ status: 'failed', error }),
      );
    } catch (error) {
      return { status: 'failed', error };
    }
  }
}

function checkHandler(name: string, handler: unknown): void {
  if (typeof handler !== 'function') throw new TypeError(`the handler of ${name} must be a function`);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
