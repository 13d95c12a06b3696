// Rows as a table for a terminal: a column for every parameter that differs, and one for every figure that any row has.

import type { Params, Row, Target } from './report.js';

/** A column: its title, and the text of a row in it. */
interface Column {
  readonly title: string;
  readonly isText?: boolean;
  textOf(row: Row): string;
}

/** The table, without a line break at its end. What all rows share is said once, above it. */
export function rowsTable(rows: readonly Row[]): string {
  const { shared, varying } = splitParams(rows.map(({ params }) => params));
  const columns: Column[] = [
    { title: 'name', isText: true, textOf: (row) => row.name },
    ...varying.map((key) => ({ title: wordsOf(key), textOf: (row: Row) => valueText(row.params[key]) })),
    ...FIGURES.filter(({ textOf }) => rows.some((row) => textOf(row) !== '')),
  ];
  const sharedText = Object.entries(shared).map(([key, value]) => `${wordsOf(key)} ${valueText(value)}`);
  return [...(sharedText.length > 0 ? [`all rows: ${sharedText.join(', ')}`, ''] : []), ...grid(columns, rows)].join(
    '\n',
  );
}

/** One line a target: what was measured, what was asked for, met or not. */
export function targetLines(targets: readonly Target[]): string[] {
  return targets.map(({ what, measured, unit, bound, limit, isMet }) => {
    const asked = `${bound === 'atLeast' ? 'at least' : 'at most'} ${figure(limit)}${unitText(unit)}`;
    return `${isMet ? 'met    ' : 'NOT MET'}  ${what}: ${figure(measured)}${unitText(unit)}, asked for ${asked}`;
  });
}

/** A number with three or four digits that mean something, and commas between thousands. */
export function figure(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 1 ? 2 : 3;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

const FIGURES: readonly Column[] = [
  { title: 'median', textOf: ({ median }) => figureText(median) },
  { title: 'min', textOf: ({ min }) => figureText(min) },
  { title: 'max', textOf: ({ max }) => figureText(max) },
  { title: 'unit', isText: true, textOf: ({ median, unit }) => (median === undefined ? '' : unit) },
  { title: 'bytes/s', textOf: ({ bytesPerSecond }) => figureText(bytesPerSecond) },
  { title: 'ack p50 ms', textOf: ({ ackMs }) => figureText(ackMs?.p50) },
  { title: 'p90', textOf: ({ ackMs }) => figureText(ackMs?.p90) },
  { title: 'p99', textOf: ({ ackMs }) => figureText(ackMs?.p99) },
  { title: 'device cpu us', textOf: ({ cpuMicros }) => figureText(cpuMicros?.device) },
  { title: 'agent cpu us', textOf: ({ cpuMicros }) => figureText(cpuMicros?.agent) },
  { title: 'expected', textOf: ({ expected }) => figureText(expected) },
  { title: 'ratio', textOf: ({ ratio }) => figureText(ratio) },
];

function figureText(value: number | undefined): string {
  return value === undefined ? '' : figure(value);
}

function valueText(value: Params[string] | undefined): string {
  if (value === undefined) return '';
  return typeof value === 'number' ? value.toLocaleString('en-US') : String(value);
}

function unitText(unit: Target['unit']): string {
  return unit === 'ratio' ? '' : ` ${unit}`;
}

/** `round trip ms` for `roundTripMs`. */
function wordsOf(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** A parameter is shared when every row has it with the same value. A single row keeps its own. */
function splitParams(all: readonly Params[]): { shared: Params; varying: string[] } {
  const keys = [...new Set(all.flatMap((params) => Object.keys(params)))];
  const isShared = (key: string): boolean => all.length > 1 && all.every((params) => params[key] === all[0]?.[key]);
  const shared = Object.fromEntries(keys.filter(isShared).map((key) => [key, all[0]?.[key] ?? '']));
  return { shared, varying: keys.filter((key) => !isShared(key)) };
}

function grid(columns: readonly Column[], rows: readonly Row[]): string[] {
  const lines = [columns.map(({ title }) => title), ...rows.map((row) => columns.map((column) => column.textOf(row)))];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)));
  const texts = lines.map((line) =>
    line
      .map((cell, index) => {
        const width = widths[index] ?? 0;
        return columns[index]?.isText === true ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd(),
  );
  return [texts[0] ?? '', widths.map((width) => '-'.repeat(width)).join('  '), ...texts.slice(1)];
}
