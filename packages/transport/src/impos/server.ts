// impOS's `server` for one life of a program: the connection, the send policy, restarts and logs.

import { checkNumber } from '@holdfast/protocol';
import { type ConnectReason, type OnError, SUSPEND_ON_ERROR, type WaitFor } from '../core/index.js';
import { SLEEP_MAX_SECONDS } from './imp.js';
import type { ProgramLife } from './program-life.js';

/** impOS's default for `server.connect`, in seconds. */
const CONNECT_TIMEOUT_SECONDS = 60;

/** impOS's `server`. */
export class ImpServer {
  readonly #life: ProgramLife;
  #onError: OnError = SUSPEND_ON_ERROR;
  /** Who is told when the attempt under way ends: the latest that asked. */
  #onConnect: ((reason: ConnectReason) => unknown) | undefined;

  constructor(life: ProgramLife) {
    this.#life = life;
  }

  /** Sets what later sends wait for, how many seconds, and what happens when that fails. */
  setsendtimeoutpolicy(onError: OnError, waitFor: WaitFor, timeoutSeconds: number): void {
    this.#life.gate.check();
    this.#life.host.transport.setSendTimeoutPolicy(onError, waitFor, timeoutSeconds);
    this.#onError = onError;
  }

  /** The same as `setsendtimeoutpolicy`, as the listings of Electric Imp's documents spell it. */
  settimeoutpolicy(onError: OnError, waitFor: WaitFor, timeoutSeconds: number): void {
    this.setsendtimeoutpolicy(onError, waitFor, timeoutSeconds);
  }

  /** Whether there is a connection, as far as the device knows. */
  isconnected(): boolean {
    return this.#life.host.transport.isConnected();
  }

  /**
   * Connects. Under SUSPEND_ON_ERROR it blocks until there is a connection, and both arguments mean nothing. Else it returns at
   * once, and `callback` gets the reason why the attempt ended, `SERVER_CONNECTED` for success; a later call's callback takes
   * its place.
   */
  async connect(
    callback?: (reason: ConnectReason) => unknown,
    timeoutSeconds: number = CONNECT_TIMEOUT_SECONDS,
  ): Promise<void> {
    const { gate, host } = this.#life;
    gate.check();
    if (this.#onError === SUSPEND_ON_ERROR) {
      await gate.block(host.transport.connect());
      return;
    }
    checkNumber('timeoutSeconds', timeoutSeconds, { min: 0.001, max: 86_400 });
    this.#onConnect = callback;
    void host.transport.connect({ timeoutMs: timeoutSeconds * 1_000 }).then((reason) => {
      const told = this.#onConnect;
      this.#onConnect = undefined;
      if (told !== undefined) this.#life.run(() => told(reason));
    });
  }

  /** Ends the connection. Under SUSPEND_ON_ERROR the next call to the server makes it again, else only `connect` does. */
  disconnect(): Promise<void> {
    this.#life.gate.check();
    return this.#life.gate.block(this.#life.host.transport.disconnect());
  }

  /** Blocks until the server has acknowledged everything that was sent: true. False: not in time, or no connection. */
  async flush(timeoutSeconds: number): Promise<boolean> {
    this.#life.gate.check();
    return this.#life.gate.block(this.#life.host.transport.flush(timeoutSeconds));
  }

  /** Registers who hears of a lost connection that has not come back within a minute; in place of an earlier one. */
  onunexpecteddisconnect(callback: ((reason: ConnectReason) => unknown) | null): void {
    this.#life.gate.check();
    this.#life.host.transport.onUnexpectedDisconnect(
      callback === null ? undefined : (reason) => this.#life.run(() => callback(reason)),
    );
  }

  /** Registers who is asked before the program ends for a reason from outside, and then calls `restart`; null: nobody. */
  onshutdown(callback: ((reason: number) => unknown) | null): void {
    this.#life.gate.check();
    this.#life.onShutdown = callback ?? undefined;
  }

  /** Starts the program from its top; the connection stays. Never returns. */
  restart(): Promise<never> {
    this.#life.gate.check();
    return this.#life.end({ type: 'restart' });
  }

  /** Sends what is left, then sleeps. Afterwards the program starts again with wake reason 1. Never returns. */
  sleepfor(seconds: number): Promise<never> {
    this.#life.gate.check();
    checkNumber('seconds', seconds, { min: 0, max: SLEEP_MAX_SECONDS });
    return this.#life.end({ type: 'sleep', ms: seconds * 1_000, flushes: true });
  }

  /** Writes a line to the log of the device's host. It needs no connection. */
  log(line: unknown): void {
    this.#life.gate.check();
    this.#life.host.log(String(line));
  }

  /** The same for an error. */
  error(line: unknown): void {
    this.log(`ERROR: ${String(line)}`);
  }
}
