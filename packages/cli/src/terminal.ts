// What all commands do alike when they write for people: one line at a time, in colour where that is wanted, and never
// with a control character that came from elsewhere.

import pc from 'picocolors';

/** Where text for people goes: `process.stderr`, or something like it. */
export interface TextStream extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
  /** The width of the terminal, in characters. */
  readonly columns?: number;
}

/**
 * Colours for a stream; functions that change nothing when it is not a terminal, or when NO_COLOR is set to anything but
 * the empty string (https://no-color.org).
 */
export function colorsOf(stream: TextStream): ReturnType<typeof pc.createColors> {
  return pc.createColors(stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb');
}

/** Text on one line. What comes from a network or a file could else move the cursor, or pretend to be another line. */
export function printable(text: string): string {
  return text
    .trim()
    .replace(/\s*[\r\n]+\s*/g, ' ')
    .replace(/\p{C}/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** `1 message`, `2 messages`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** A length of time for people, with its two largest units: `5 s`, `2 min 5 s`, `3 h 0 min`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3_600)} h ${Math.floor((whole % 3_600) / 60)} min`;
}

/** An amount of data for people: `17 bytes`, `2.5 KiB`, `310 MiB`. */
export function byteSize(bytes: number): string {
  if (bytes < 1_024) return counted(bytes, 'byte');
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let size = bytes / 1_024;
  let unit = 0;
  while (size >= 1_023.5 && unit < units.length - 1) {
    size /= 1_024;
    unit += 1;
  }
  return `${size < 10 ? size.toFixed(1) : Math.round(size)} ${units[unit]}`;
}

/** Rows as lines with their columns under each other; the last column is as wide as it is. */
export function tableLines(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
