// The readings that the demo sends: any CSV file with a header and rows of timestamp,value. Every row is checked before
// the first one is sent.

import { readFileSync } from 'node:fs';
import { CsvError, parse } from 'csv-parse/sync';

/** One reading of a sensor. */
export interface Reading {
  readonly timestamp: string;
  readonly value: number;
}

/** Reads a file. @throws Error with one line that names the file, the line and what to do */
export function readReadings(file: string): Reading[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new Error(`can not read ${file}: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  const rows = parseRows(file, text);
  if (rows[0] !== undefined && isReading(rows[0].record)) {
    throw new Error(
      `${file}, line 1: expected a header such as timestamp,value; add one, or the first reading is lost`,
    );
  }
  const readings = rows.slice(1).map(({ record, info }) => toReading(file, record, info.lines));
  if (readings.length === 0) throw new Error(`${file} has no readings: give a header line and rows of timestamp,value`);
  return readings;
}

interface Row {
  readonly record: readonly string[];
  /** Where the row ends; `lines` counts from 1. */
  readonly info: { readonly lines: number };
}

function parseRows(file: string, text: string): readonly Row[] {
  try {
    const options = { bom: true, info: true, skip_empty_lines: true, trim: true, relax_column_count: true } as const;
    return parse(text, options) as unknown as readonly Row[];
  } catch (error) {
    if (error instanceof CsvError)
      throw new Error(`${file}, line ${String(error.lines)}: ${error.message}; correct the file`);
    throw error;
  }
}

function isReading(record: readonly string[]): record is readonly [string, string] {
  const [timestamp, value] = record;
  if (record.length !== 2 || timestamp === undefined || value === undefined || value === '') return false;
  return !Number.isNaN(Date.parse(timestamp)) && Number.isFinite(Number(value));
}

function toReading(file: string, record: readonly string[], line: number): Reading {
  if (!isReading(record)) {
    const shown = record.join(',').slice(0, 60);
    throw new Error(
      `${file}, line ${line}: expected timestamp,value and found "${shown}"; correct the file (nothing was sent)`,
    );
  }
  return { timestamp: record[0], value: Number(record[1]) };
}
