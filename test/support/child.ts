// A program in a process of its own, for tests that kill it. It runs what `npm run build` has written, as an installed
// program would. The rule to know: its `send` and our `next` are the only way to wait for it; nobody sleeps.

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** How a child ended. */
export interface ChildEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running program that talks with `process.send`. */
export class Child<Message> {
  /** Resolves when the process is gone and nothing of it is left. */
  readonly ended: Promise<ChildEnd>;
  readonly #process: ChildProcess;
  readonly #name: string;
  readonly #messages: Message[] = [];
  #stderr = '';
  #end: ChildEnd | undefined;
  #wake: () => void = () => {};

  /**
   * Starts a program.
   *
   * @param url - the file, as `new URL('fixtures/x.mjs', import.meta.url)`
   * @param settings - what the program finds as JSON in `process.argv[2]`
   */
  constructor(url: URL, settings: unknown) {
    this.#name = fileURLToPath(url);
    // The test runner's own flags make packages their source; a child runs what users get.
    this.#process = fork(this.#name, [JSON.stringify(settings)], {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#process.stderr?.on('data', (text: Buffer) => {
      this.#stderr += text.toString();
    });
    this.#process.on('message', (message) => {
      this.#messages.push(message as Message);
      this.#wake();
    });
    this.ended = new Promise((resolve) => {
      this.#process.once('close', (code, signal) => {
        this.#end = { code, signal };
        resolve(this.#end);
        this.#wake();
      });
    });
  }

  /** The first message that `isWanted`, from those that nobody has taken yet; earlier ones are dropped. */
  async next(isWanted: (message: Message) => boolean): Promise<Message> {
    for (;;) {
      for (let message = this.#messages.shift(); message !== undefined; message = this.#messages.shift()) {
        if (isWanted(message)) return message;
      }
      if (this.#end !== undefined)
        throw new Error(`${this.#name} ended (${JSON.stringify(this.#end)}): ${this.#stderr}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** What it has written to its standard error so far. */
  get stderr(): string {
    return this.#stderr;
  }

  /** A program that is gone hears nothing; `next` and `finished` tell of that. */
  send(message: object): void {
    this.#process.send(message, () => {});
  }

  /** SIGKILL: the program gets no chance to do anything. Resolves when it is gone; an end of its own must be a good one. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    const { code, signal } = await this.ended;
    if (signal !== 'SIGKILL' && code !== 0) throw new Error(`${this.#name} ended with code ${code}: ${this.#stderr}`);
  }

  /** Waits for an end that the program chose; anything but exit code 0 is an error. */
  async finished(): Promise<void> {
    const { code } = await this.ended;
    if (code !== 0) throw new Error(`${this.#name} ended with code ${code}: ${this.#stderr}`);
  }

  /** Ends it if it still runs; for the end of a test. */
  async dispose(): Promise<void> {
    if (this.#end === undefined) this.#process.kill('SIGKILL');
    await this.ended;
  }
}
