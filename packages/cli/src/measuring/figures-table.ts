// The figures of a link as lines for people.

import type { LinkFigures, WayFigures } from './link-measurement.js';

/** The lines of the result, with a column for each figure. */
export function figuresTable({ roundTripMs, ways }: LinkFigures, messageBytes: number): string[] {
  const lines = [
    ['way', 'messages/s', 'bytes/s', 'ack p50 ms', 'expected', 'ratio'],
    ...ways.map(cellsOf(messageBytes)),
  ];
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return [
    `messages of ${messageBytes} bytes; round trip to the server ${number(roundTripMs)} ms`,
    '',
    ...lines.map((line) =>
      line
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    ),
  ];
}

function cellsOf(messageBytes: number): (figures: WayFigures) => string[] {
  return ({ way, messagesPerSecond, ackP50Ms, expectedPerSecond }) => [
    way,
    number(messagesPerSecond),
    number(messagesPerSecond * messageBytes),
    ackP50Ms === undefined ? '' : number(ackP50Ms),
    expectedPerSecond === undefined ? '' : number(expectedPerSecond),
    expectedPerSecond === undefined ? '' : number(messagesPerSecond / expectedPerSecond),
  ];
}

function number(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
