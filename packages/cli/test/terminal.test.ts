import { afterEach, expect, it, vi } from 'vitest';
import { colorsOf, counted, duration, printable, type TextStream } from '../src/terminal.js';

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
