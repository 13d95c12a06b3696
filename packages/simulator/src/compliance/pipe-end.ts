// One end of a pipe under test: writes as the port asks for it, and keeps what the pipe tells.

import type { Pipe, PipeEvents } from '@holdfast/transport';
import { ComplianceError, within } from './assertions.js';

/** How long a test waits for what must happen, in milliseconds. */
const TIMEOUT_MS = 5_000;
/** How often it looks, in milliseconds. */
const LOOK_MS = 2;

/** Waits until it is so. @param what - what should have happened, for the message */
export async function waitFor(isSo: () => boolean, what: string): Promise<void> {
  let isOver = false;
  const looking = (async () => {
    while (!isSo() && !isOver) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  })();
  await within(TIMEOUT_MS, looking, what).finally(() => {
    isOver = true;
  });
}

/** The events of one end, and its pipe. */
export class PipeEnd implements PipeEvents {
  readonly closedDetails: string[] = [];
  /** Events that came after `closed`. */
  lateEventCount = 0;
  /** Writes that were taken, and those that were said to be taken once more. */
  takenCount = 0;
  surplusTakenCount = 0;
  readonly #chunks: Uint8Array[] = [];
  #receivedBytes = 0;
  #pipe: Pipe | undefined;

  set pipe(pipe: Pipe) {
    this.#pipe = pipe;
  }

  get pipe(): Pipe {
    if (this.#pipe === undefined) throw new ComplianceError('the pipe was used before it was there');
    return this.#pipe;
  }

  // The pipe gets this object and may call its functions without it.
  readonly received = (bytes: Uint8Array): void => {
    if (this.closedDetails.length > 0) this.lateEventCount += 1;
    this.#chunks.push(bytes);
    this.#receivedBytes += bytes.length;
  };

  readonly closed = (detail: string): void => {
    if (this.closedDetails.length > 0) this.lateEventCount += 1;
    this.closedDetails.push(detail);
  };

  /** Everything that came. */
  receivedBytes(): Uint8Array {
    const all = new Uint8Array(this.#receivedBytes);
    let at = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  }

  /** Hands bytes over; resolves when they are taken. */
  write(bytes: Uint8Array): Promise<void> {
    const written = new Promise<void>((resolve) => {
      let isTaken = false;
      this.pipe.write(bytes, () => {
        if (isTaken) this.surplusTakenCount += 1;
        else this.takenCount += 1;
        isTaken = true;
        resolve();
      });
    });
    return within(TIMEOUT_MS, written, 'a write is taken');
  }

  /** Writes one piece after another, as a transport does. */
  async writeAll(bytes: Uint8Array, writeMaxBytes: number): Promise<void> {
    for (let at = 0; at < bytes.length; at += writeMaxBytes) await this.write(bytes.slice(at, at + writeMaxBytes));
  }

  /** Waits until so many bytes have come in all. */
  receives(count: number): Promise<void> {
    return waitFor(() => this.#receivedBytes >= count, `${count} bytes come`);
  }

  /** Waits until the pipe says that it is closed. */
  closes(): Promise<void> {
    return waitFor(() => this.closedDetails.length > 0, 'the pipe says that it is closed');
  }
}
