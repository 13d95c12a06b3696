// JSON lines: one value of JSON on each line, the data of one message. Blank lines count as lines and as nothing else.

import { READING_MAX_CHARACTERS, type Reading, ReadingError, type Readings } from './reading.js';

/** The readings in JSON lines. @throws ReadingError with the first line that is not JSON */
export async function* jsonLineReadings(text: AsyncIterable<string>): Readings {
  let line = 1;
  let rest = '';
  for await (const piece of text) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    const readings: Reading[] = [];
    try {
      for (const content of lines) {
        parseInto(readings, content, line);
        line += 1;
      }
      checkLength(rest, line);
    } catch (error) {
      // What came before the bad line is good.
      if (readings.length > 0) yield readings;
      throw error;
    }
    if (readings.length > 0) yield readings;
  }
  const last: Reading[] = [];
  parseInto(last, rest, line);
  if (last.length > 0) yield last;
}

function parseInto(readings: Reading[], content: string, line: number): void {
  checkLength(content, line);
  if (content.trim() === '') return;
  try {
    readings.push({ line, lastLine: line, data: JSON.parse(content) });
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new ReadingError(line, `is not JSON: ${detail}`, { cause });
  }
}

function checkLength(content: string, line: number): void {
  if (content.length <= READING_MAX_CHARACTERS) return;
  throw new ReadingError(line, `is longer than ${READING_MAX_CHARACTERS} characters; is this JSON lines?`);
}
