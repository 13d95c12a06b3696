// The handler of the demo's agent: writes every reading to a file of its own, which is what the ledger is made of.
//
// A message of a reliable channel can come twice when the agent dies between the handler's effect and the inbox's record.
// The handler closes that gap as any handler can: its effect carries `message.id`, and on a restart it looks which ids are
// there already. Plain messages have no id, so with them it has nothing to go by.

import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Records readings in a file, one line each. */
export class ReadingRecorder {
  readonly #file: number;
  /** The ids of the reliable messages that are in the file. */
  readonly #ids = new Set<string>();
  #count = 0;
  #handlerMs = 0;

  /** Opens the file, or goes on in one that is there. */
  constructor(path: string) {
    const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
    for (const line of lines) if (line !== '') this.#remember((JSON.parse(line) as { id?: string }).id);
    this.#file = openSync(path, 'a');
  }

  /** Lines in the file. */
  get count(): number {
    return this.#count;
  }

  /** Makes every later reading take so long, in milliseconds; 0: no time. */
  slowDown(handlerMs: number): void {
    this.#handlerMs = handlerMs;
  }

  /** Handles one reading. `id` is that of a reliable message. */
  handle(data: unknown, id: string | undefined): void | Promise<void> {
    if (this.#handlerMs === 0) this.#write(data, id);
    else return sleep(this.#handlerMs).then(() => this.#write(data, id));
  }

  close(): void {
    closeSync(this.#file);
  }

  #write(data: unknown, id: string | undefined): void {
    if (id !== undefined && this.#ids.has(id)) return;
    // One call for one line: a process that is killed has written the whole line or nothing of it.
    writeSync(this.#file, `${JSON.stringify({ id, data, atMs: Date.now() })}\n`);
    this.#remember(id);
  }

  #remember(id: string | undefined): void {
    this.#count += 1;
    if (id !== undefined) this.#ids.add(id);
  }
}
