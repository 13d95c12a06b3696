// One message's worth of input, and what is wrong with input that is none.

import { CommandError } from '../command-error.js';

/** One row, or one line: the data of one message, and where it came from. */
export interface Reading {
  /** Where it begins; the first line of an input is 1. */
  readonly line: number;
  /** Where it ends: a quoted cell can hold line breaks. */
  readonly lastLine: number;
  readonly data: unknown;
}

/** Readings as they come, in pieces of any size. */
export type Readings = AsyncIterable<readonly Reading[]>;

/** A line that can not be a message. */
export class ReadingError extends CommandError {
  override readonly name = 'ReadingError';
  readonly line: number;
  /** What is wrong, without the place. */
  readonly fault: string;

  constructor(line: number, fault: string, options: { readonly source?: string; readonly cause?: unknown } = {}) {
    super(`${options.source ?? 'the input'}, line ${line}: ${fault}`, options);
    this.line = line;
    this.fault = fault;
  }

  /** The same error, naming its source. */
  in(source: string): ReadingError {
    return new ReadingError(this.line, this.fault, { source, cause: this.cause ?? this });
  }
}

/** A row or line longer than this is refused before it fills the memory, in characters; no message is as large. */
export const READING_MAX_CHARACTERS = 4 * 1024 * 1024;
