import { afterEach, expect, it, vi } from 'vitest';
import { byteSize, colorsOf, counted, duration, printable, type TextStream, tableLines } from '../src/terminal.js';

const terminal = { isTTY: true } as TextStream;

afterEach(() => vi.unstubAllEnvs());

it('keeps text from elsewhere on one line and away from the cursor', () => {
  expect(printable(' a\r\n  b\n')).toBe('a b');
  expect(printable('\u001b[2Jgone\u0007 \u202etxt')).toBe('\\u{1b}[2Jgone\\u{7} \\u{202e}txt');
  expect(printable('press-7 größer 😀')).toBe('press-7 größer 😀');
});

it('counts', () => {
  expect([counted(0, 'message'), counted(1, 'message'), counted(2, 'message')]).toEqual([
    '0 messages',
    '1 message',
    '2 messages',
  ]);
});

it.each([
  [0.4, '0 s'],
  [59.4, '59 s'],
  [59.6, '1 min 0 s'],
  [3_599, '59 min 59 s'],
  [3_600, '1 h 0 min'],
  [100_000, '27 h 46 min'],
])('says %d seconds as %s', (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

it('colours terminals that want it', () => {
  vi.stubEnv('TERM', 'xterm');
  vi.stubEnv('NO_COLOR', '');
  expect(colorsOf(terminal).red('a')).toBe('\u001b[31ma\u001b[39m');
  expect(colorsOf({ isTTY: false } as TextStream).red('a')).toBe('a');
  vi.stubEnv('NO_COLOR', '1');
  expect(colorsOf(terminal).red('a')).toBe('a');
  vi.stubEnv('NO_COLOR', '');
  vi.stubEnv('TERM', 'dumb');
  expect(colorsOf(terminal).red('a')).toBe('a');
});

it('writes sizes', () => {
  const sizes = [0, 1, 1_023, 1_024, 2_560, 10_240, 1_048_000, 1_048_576, 5e9, 3e15];
  expect(sizes.map(byteSize)).toEqual([
    '0 bytes',
    '1 byte',
    '1023 bytes',
    '1.0 KiB',
    '2.5 KiB',
    '10 KiB',
    '1023 KiB',
    '1.0 MiB',
    '4.7 GiB',
    '2728 TiB',
  ]);
});

it('puts columns under each other', () => {
  expect(tableLines([])).toEqual([]);
  expect(
    tableLines([
      ['A', 'BB', 'C'],
      ['aaa', 'b', ''],
      ['', '', 'ccc'],
    ]),
  ).toEqual(['A    BB  C', 'aaa  b', '         ccc']);
});
