// CSV (RFC 4180): a header, then rows; each row is the data of one message, {column: value}. A cell that is a plain finite
// number becomes one; everything else, timestamps too, stays the text that it is.

import { type CsvError, type Info, type Parser, parse } from 'csv-parse';
import { READING_MAX_CHARACTERS, type Reading, ReadingError, type Readings } from './reading.js';

/** The readings in CSV. @throws ReadingError with the first line that is not right */
export async function* csvReadings(text: AsyncIterable<string>): Readings {
  const rows = new Rows();
  const parser = openParser(rows);
  let fault: unknown;
  for await (const piece of text) {
    fault = await write(parser, piece);
    // What came before the bad line is good.
    if (rows.readings.length > 0) yield rows.take();
    if (fault !== undefined) throw rows.errorOf(fault);
  }
  fault = await end(parser);
  if (rows.readings.length > 0) yield rows.take();
  if (fault !== undefined) throw rows.errorOf(fault);
  if (!rows.hasHeader) throw new ReadingError(1, 'is empty; CSV begins with a header line that names the columns');
}

/** Names that would reach an object's prototype; no message may have them. */
const UNSAFE_NAMES: readonly string[] = ['__proto__', 'constructor'];

const NUMBER = /^-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/** Makes readings of records, and knows where they are. */
class Rows {
  #columns: readonly string[] | undefined;
  #readings: Reading[] = [];
  /** csv-parse counts a CRLF within quotes as two lines. */
  #countedTwice = 0;
  /** Where the latest record ended. */
  #lastLine = 0;

  get readings(): readonly Reading[] {
    return this.#readings;
  }

  get hasHeader(): boolean {
    return this.#columns !== undefined;
  }

  take(): readonly Reading[] {
    const readings = this.#readings;
    this.#readings = [];
    return readings;
  }

  add(cells: readonly string[], info: Info): void {
    let breaks = 0;
    for (const cell of cells) {
      if (!/[\r\n]/.test(cell)) continue;
      breaks += cell.match(/\r\n|\r|\n/g)?.length ?? 0;
      this.#countedTwice += cell.match(/\r\n/g)?.length ?? 0;
    }
    const lastLine = info.lines - this.#countedTwice;
    const line = lastLine - breaks;
    this.#lastLine = lastLine;
    if (this.#columns === undefined) this.#columns = checkHeader(cells, line);
    else this.#readings.push({ line, lastLine, data: rowOf(this.#columns, cells, line) });
  }

  /** What is wrong, in our words. */
  errorOf(cause: unknown): unknown {
    if (cause instanceof ReadingError) return cause;
    const next = this.#lastLine + 1;
    switch ((cause as CsvError).code) {
      case 'CSV_QUOTE_NOT_CLOSED':
        return new ReadingError(next, 'a quote is opened here or in a line below, and never closed', { cause });
      case 'CSV_MAX_RECORD_SIZE': {
        const fault = `the row is longer than ${READING_MAX_CHARACTERS} bytes; is a quote left open here?`;
        return new ReadingError(next, fault, { cause });
      }
      case 'CSV_INVALID_CLOSING_QUOTE':
      case 'CSV_NON_TRIMABLE_CHAR_AFTER_CLOSING_QUOTE':
        return new ReadingError(
          this.#lineOf(cause),
          'text follows a closing quote; a quote within quotes is written twice',
          {
            cause,
          },
        );
      case 'INVALID_OPENING_QUOTE':
        return new ReadingError(this.#lineOf(cause), 'a quote stands within a cell; put the whole cell in quotes', {
          cause,
        });
      default:
        return cause;
    }
  }

  #lineOf(error: unknown): number {
    return Number((error as CsvError).lines) - this.#countedTwice;
  }
}

function openParser(rows: Rows): Parser {
  const parser = parse({
    // Given in full, because a file may mix them.
    record_delimiter: ['\r\n', '\n', '\r'],
    skip_empty_lines: true,
    // Columns are counted here, where the message can say what is expected.
    relax_column_count: true,
    max_record_size: READING_MAX_CHARACTERS,
    on_record: (record, info) => {
      rows.add(record as unknown as readonly string[], info);
      // Nothing goes through the stream itself.
      return undefined;
    },
  });
  parser.resume();
  // Also told to the callback of the write that it happened in.
  parser.on('error', () => {});
  return parser;
}

function write(parser: Parser, piece: string): Promise<unknown> {
  return new Promise((resolve) => {
    parser.write(piece, (error) => resolve(error ?? undefined));
  });
}

function end(parser: Parser): Promise<unknown> {
  return new Promise((resolve) => {
    parser.once('error', resolve);
    parser.once('end', () => resolve(undefined));
    parser.end();
  });
}

function checkHeader(names: readonly string[], line: number): readonly string[] {
  const [first = ''] = names;
  if (names.length === 1 && /[;\t]/.test(first)) {
    throw new ReadingError(line, `the header has one column, ${JSON.stringify(first)}; separate columns with commas`);
  }
  const seen = new Map<string, number>();
  for (const [index, name] of names.entries()) {
    const earlier = seen.get(name);
    if (name === '') throw new ReadingError(line, `column ${index + 1} has no name`);
    if (UNSAFE_NAMES.includes(name)) {
      throw new ReadingError(line, `column ${index + 1} is named ${name}, which no message may use; rename it`);
    }
    if (earlier !== undefined) {
      throw new ReadingError(line, `columns ${earlier} and ${index + 1} are both named ${JSON.stringify(name)}`);
    }
    seen.set(name, index + 1);
  }
  return names;
}

function rowOf(columns: readonly string[], cells: readonly string[], line: number): Record<string, string | number> {
  if (cells.length !== columns.length) {
    const has = `has ${cells.length} ${cells.length === 1 ? 'cell' : 'cells'}`;
    throw new ReadingError(line, `${has}, the header names ${columns.length} columns`);
  }
  const row: Record<string, string | number> = {};
  for (const [index, column] of columns.entries()) row[column] = cellValue(cells[index] as string);
  return row;
}

/** A number where the text is one in plain notation and a number can hold it; `007` and a 20-digit id are texts. */
function cellValue(cell: string): string | number {
  const match = NUMBER.exec(cell);
  if (match === null) return cell;
  const value = Number(cell);
  const isWhole = match[1] === undefined && match[2] === undefined;
  return isWhole ? (Number.isSafeInteger(value) ? value : cell) : Number.isFinite(value) ? value : cell;
}
