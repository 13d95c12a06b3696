// Runs store-child.mjs in a process of its own. It uses what `npm run build` has made, as users do.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('store-child.mjs', import.meta.url));

/** The largest file that a child in mode `fill` can make, in blocks of 512 bytes. */
const FILE_MAX_BLOCKS = 2_000;

/** A process that has a store open. */
export class StoreChild {
  /** The numbers that it has told to be committed. */
  readonly numbers: number[] = [];
  /** What else it has told. */
  readonly texts: string[] = [];
  readonly #process: ChildProcess;
  #onNumber: () => void = () => {};

  private constructor(process: ChildProcess) {
    this.#process = process;
  }

  /** Starts the program and waits until it has the store. */
  static async start(mode: 'hold' | 'count' | 'fill', path: string): Promise<StoreChild> {
    const limit = mode === 'fill' ? `ulimit -f ${FILE_MAX_BLOCKS}; trap '' XFSZ;` : '';
    const script = `${limit} exec "$0" "$@"`;
    const program = spawn('sh', ['-c', script, process.execPath, PROGRAM, mode, path], {
      stdio: ['pipe', 'pipe', mode === 'fill' ? 'ignore' : 'inherit'],
    });
    const child = new StoreChild(program);
    const lines = createInterface({ input: program.stdout });
    await new Promise<void>((resolve, reject) => {
      program.once('exit', (code, signal) => reject(new Error(`the child ended with ${code ?? signal}`)));
      lines.on('line', (line) => {
        if (line === 'ready') resolve();
        else child.#onLine(line);
      });
    });
    return child;
  }

  get pid(): number {
    return this.#process.pid as number;
  }

  /** Resolves when so many numbers have been told. */
  told(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#onNumber = () => {
        if (this.numbers.length >= count) resolve();
      };
      this.#onNumber();
    });
  }

  async kill(): Promise<void> {
    const closed = once(this.#process, 'close');
    this.#process.kill('SIGKILL');
    await closed;
  }

  /** Lets the program end by itself; resolves with its exit code. */
  async end(): Promise<number | null> {
    const closed = once(this.#process, 'close');
    this.#process.stdin?.end();
    const [code] = await closed;
    return code as number | null;
  }

  #onLine(line: string): void {
    if (!/^\d+$/.test(line)) this.texts.push(line);
    else this.numbers.push(Number(line));
    this.#onNumber();
  }
}
