// Where readings come from: a file, which can be read twice and so be checked as a whole before anything is sent, or a
// stream (stdin, a pipe), which can not.

import { createReadStream, type ReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Readable } from 'node:stream';
import { CommandError, UsageError } from '../command-error.js';
import { reasonOf } from '../option-values.js';
import { csvReadings } from './csv.js';
import { jsonLineReadings } from './json-lines.js';
import { type Reading, ReadingError, type Readings } from './reading.js';
import { utf8Text } from './utf8-text.js';

/** How readings are written down. */
export type Format = 'csv' | 'jsonl';

/** All formats. */
export const FORMATS: readonly Format[] = ['csv', 'jsonl'];

/** Where readings come from. */
export interface Source {
  /** For people. */
  readonly name: string;
  /** Whether it can be read from the beginning again. */
  readonly isRepeatable: boolean;
  /**
   * The readings, until the end or until `signal` aborts, which is an end like any other.
   *
   * @throws ReadingError that names the source
   */
  read(signal: AbortSignal): Readings;
}

/** What `chooseSource` chooses by. */
export interface SourceChoice {
  /** A path, or `-` or nothing for standard input. */
  readonly file: string | undefined;
  /** `undefined`: the extension of the file tells. */
  readonly format: Format | undefined;
  /** Readings that begin before this line are left out. */
  readonly fromLine: number;
  readonly stdin: Readable;
}

/** Finds the source that a command line asks for. @throws UsageError, CommandError */
export async function chooseSource(choice: SourceChoice): Promise<Source> {
  const { file, stdin } = choice;
  const format = choice.format ?? formatOf(file);
  if (file === undefined || file === '-')
    return sourceOf('standard input', format, choice.fromLine, false, () => stdin);
  const stats = await stat(file).catch((cause: unknown) => {
    throw new CommandError(`can not read the input: ${reasonOf(cause, file)}`, { cause });
  });
  if (stats.isDirectory()) throw new CommandError(`can not read the input: ${file} is a folder`);
  return sourceOf(file, format, choice.fromLine, stats.isFile(), () => createReadStream(file));
}

function formatOf(file: string | undefined): Format {
  if (file === undefined || file === '-')
    throw new UsageError('say how standard input is written: --format csv or jsonl');
  const extension = extname(file).toLowerCase();
  if (extension === '.csv') return 'csv';
  if (extension === '.jsonl' || extension === '.ndjson') return 'jsonl';
  throw new UsageError(`the name ${file} does not tell how the file is written: say --format csv or jsonl`);
}

function sourceOf(
  name: string,
  format: Format,
  fromLine: number,
  isRepeatable: boolean,
  open: () => Readable | ReadStream,
): Source {
  const parse = format === 'csv' ? csvReadings : jsonLineReadings;
  return {
    name,
    isRepeatable,
    async *read(signal) {
      const stream = open();
      try {
        for await (const readings of parse(utf8Text(chunksOf(stream, signal)))) {
          if (signal.aborted) return;
          yield fromLine === 1 ? readings : readings.filter((reading: Reading) => reading.line >= fromLine);
        }
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof ReadingError) throw error.in(name);
        if (error instanceof CommandError || !isSystemError(error)) throw error;
        throw new CommandError(`can not read the input: ${reasonOf(error, name)}`, { cause: error });
      }
    },
  };
}

/** The chunks of a stream. The end of the wish to read ends a stream that would wait for more, too. */
async function* chunksOf(stream: Readable, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const onAbort = (): void => {
    stream.destroy();
  };
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    yield* stream as AsyncIterable<Uint8Array>;
  } finally {
    signal.removeEventListener('abort', onAbort);
    stream.destroy();
  }
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string';
}
