// Where handled messages go: a file or standard output, one JSON object on each line. A line is written before its message
// is acknowledged; it is in the hands of the operating system then, not yet on the disk.

import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import type { AgentMessage } from '@holdfast/agent';
import { CommandError } from '../command-error.js';
import { jsonText } from '../json-text.js';
import { reasonOf } from '../option-values.js';

/** Takes lines. */
export interface LineOutput {
  /** For people. */
  readonly name: string;
  /** Writes one line, with its line feed. Throws, or rejects, when it is not written. */
  write(line: string): void | Promise<void>;
  close(): void;
}

/** Opens a file to append to, or standard output. @param path - `-` or nothing for standard output */
export function openLineOutput(path: string | undefined, stdout: NodeJS.WritableStream): LineOutput {
  return path === undefined || path === '-' ? new StreamOutput(stdout) : new FileOutput(path);
}

/** The line for a message: `{"device":…,"name":…,"id":…,"data":…}`. A plain message has the id null. */
export function messageLine(data: unknown, { device, name, id }: Pick<AgentMessage, 'device' | 'name' | 'id'>): string {
  return `${jsonText({ device, name, id: id ?? null, data })}\n`;
}

class FileOutput implements LineOutput {
  readonly name: string;
  readonly #file: number;

  constructor(path: string) {
    this.name = path;
    try {
      // Also for reading, to see how it ends.
      this.#file = openSync(path, 'a+');
      this.#endLastLine();
    } catch (cause) {
      throw new CommandError(`can not write the output: ${reasonOf(cause, path)}`, { cause });
    }
  }

  /** At once: a handler without a promise costs the agent least. */
  write(line: string): void {
    const bytes = Buffer.from(line);
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(this.#file, bytes, written);
    } catch (cause) {
      this.#takeBack(written);
      throw new CommandError(`can not write the output: ${reasonOf(cause, this.name)}`, { cause });
    }
  }

  close(): void {
    closeSync(this.#file);
  }

  /** A line that was cut short by a crash must not swallow the next one. */
  #endLastLine(): void {
    const stats = fstatSync(this.#file);
    if (!stats.isFile() || stats.size === 0) return;
    const last = Buffer.alloc(1);
    readSync(this.#file, last, 0, 1, stats.size - 1);
    if (last.toString() !== '\n') writeSync(this.#file, '\n');
  }

  /** The message comes again, so the part of its line that was written must go. */
  #takeBack(bytes: number): void {
    const stats = fstatSync(this.#file);
    if (bytes > 0 && stats.isFile()) ftruncateSync(this.#file, stats.size - bytes);
  }
}

class StreamOutput implements LineOutput {
  readonly name = 'standard output';
  readonly #stream: NodeJS.WritableStream;

  constructor(stream: NodeJS.WritableStream) {
    this.#stream = stream;
  }

  write(line: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#stream.write(line, (error) => {
        if (error) reject(new CommandError(`can not write the output: ${error.message}`, { cause: error }));
        else resolve();
      });
    });
  }

  close(): void {}
}
