// Bytes to text. Input that is not UTF-8 is refused with its line: replacement characters would be lost data.

import { isUtf8 } from 'node:buffer';
import { ReadingError } from './reading.js';

const LINE_FEED = 0x0a;

/** The text of UTF-8 bytes, without a byte order mark. @throws ReadingError */
export async function* utf8Text(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line = 1;
  for await (const chunk of chunks) {
    yield decode(decoder, chunk, line);
    line += lineFeedsIn(chunk);
  }
  const rest = decode(decoder, undefined, line);
  if (rest !== '') yield rest;
}

function decode(decoder: TextDecoder, chunk: Uint8Array | undefined, line: number): string {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
  } catch (cause) {
    const fault = 'is not UTF-8 text; convert the input to UTF-8';
    throw new ReadingError(line + (chunk === undefined ? 0 : badLineIn(chunk)), fault, { cause });
  }
}

/** Which line of a chunk is not UTF-8, counted from 0. A character cut by the chunk's beginning counts for its first. */
function badLineIn(chunk: Uint8Array): number {
  let index = 0;
  let start = 0;
  for (;;) {
    const end = chunk.indexOf(LINE_FEED, start);
    const isLast = end === -1;
    if (!isUtf8(chunk.subarray(start, isLast ? chunk.length : end))) return index;
    // It was the beginning, together with what came before.
    if (isLast) return 0;
    start = end + 1;
    index += 1;
  }
}

function lineFeedsIn(chunk: Uint8Array): number {
  let count = 0;
  for (let at = chunk.indexOf(LINE_FEED); at !== -1; at = chunk.indexOf(LINE_FEED, at + 1)) count += 1;
  return count;
}
