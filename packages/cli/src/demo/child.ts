// A process of the demo: started, talked to, killed. The conductor ends only what it has started itself.

import { type ChildProcess, fork } from 'node:child_process';

/** A running process that understands `To` and says `From`. */
export class Child<To extends object, From extends { readonly type: string }> {
  readonly #process: ChildProcess;
  readonly #exited: Promise<void>;
  #isExpectedToEnd = false;

  /**
   * @param entry - the process's name in the package's `imports`
   * @param onMessage - called for everything it says
   * @param onFailure - called when it ends without having been told to
   */
  constructor(entry: string, settings: object, onMessage: (message: From) => void, onFailure: (error: Error) => void) {
    const errors: Buffer[] = [];
    this.#process = fork(new URL(import.meta.resolve(entry)), {
      env: { ...process.env, HOLDFAST_DEMO_SETTINGS: JSON.stringify(settings) },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      // It must outlive the terminal's Ctrl-C until the conductor has ended it in order.
      detached: false,
    });
    this.#process.stderr?.on('data', (bytes: Buffer) => errors.push(bytes));
    this.#process.on('message', (message) => onMessage(message as From));
    this.#exited = new Promise((resolve) => {
      this.#process.once('exit', (code, signal) => {
        resolve();
        if (this.#isExpectedToEnd) return;
        const said = Buffer.concat(errors).toString().trim();
        onFailure(
          new Error(`the ${entry.slice(1)} process ended (${signal ?? `exit code ${code}`})${said && `: ${said}`}`),
        );
      });
    });
  }

  tell(message: To): void {
    if (this.#process.connected) this.#process.send(message as object, undefined, undefined, () => {});
  }

  /** Resolves when it has ended by itself. */
  finished(): Promise<void> {
    this.#isExpectedToEnd = true;
    return this.#exited;
  }

  /** Ends it with SIGKILL: no code of it runs any more. */
  kill(): Promise<void> {
    this.#isExpectedToEnd = true;
    this.#process.kill('SIGKILL');
    return this.#exited;
  }
}
