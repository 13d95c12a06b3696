import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { createProgress } from '../src/progress.js';
import type { TextStream } from '../src/terminal.js';

/** A stream that keeps what is written, and a clock that is set by hand. */
function rig(total: number | undefined, isTTY: boolean, columns = 100) {
  const stream = Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY, columns });
  let nowMs = 0;
  const options = { label: 'sending', stream: stream as TextStream, nowMs: () => nowMs };
  const progress = createProgress({ ...options, ...(total !== undefined && { total }) });
  return {
    progress,
    at: (ms: number) => {
      nowMs = ms;
    },
    text: () => String(stream.read() ?? ''),
  };
}

it('writes a plain line no more often than every two seconds and every tenth', () => {
  const { progress, at, text } = rig(100, false);
  for (let count = 1; count <= 15; count++) {
    at(count * 100);
    progress.update(count);
  }
  expect(text()).toBe('');
  at(2_000);
  progress.update(20);
  expect(text()).toBe('sending 20/100, 10/s, 8 s left\n');
  at(10_000);
  progress.update(29);
  expect(text()).toBe('');
  progress.update(30, 'slow');
  expect(text()).toMatch(/^sending 30\/100, .* left, slow\n$/);
});

it('writes a plain line every two seconds when nobody knows the total', () => {
  const { progress, at, text } = rig(undefined, false);
  at(1_999);
  progress.update(5);
  expect(text()).toBe('');
  at(2_500);
  progress.update(10);
  expect(text()).toBe('sending 10, 4.0/s\n');
  progress.log('a line');
  progress.stop();
  expect(text()).toBe('a line\n');
});

it('follows a rate that changes', () => {
  const { progress, at, text } = rig(100_000, false);
  for (let second = 1; second <= 10; second++) {
    at(second * 1_000);
    progress.update(second * 1_000);
  }
  text();
  for (let second = 11; second <= 20; second++) {
    at(second * 1_000);
    progress.update(10_000 + (second - 10) * 4_000);
  }
  expect(text().trimEnd().split('\n').at(-1)).toMatch(/4000\/s, 1\d s left$/);
});

it('draws a bar with rate and time left on a terminal, and takes it away', async () => {
  const { progress, at, text } = rig(200, true);
  at(1_000);
  progress.update(50, 'no connection');
  progress.log('a line that stays');
  const drawn = text();
  expect(drawn).toMatch(/\[=======-{21}\]/);
  expect(drawn).toContain('50/200, 50/s, 3 s left, no connection');
  expect(drawn).toContain('a line that stays\n');
  progress.stop();
  progress.stop();
  // The last thing that happens is that the line is cleared.
  expect(text().endsWith('\u001b[2K')).toBe(true);
  progress.update(100);
  expect(text()).toBe('');
});

it('draws no bar without a total, and stays within the width of the terminal', () => {
  const wide = rig(undefined, true, 0);
  wide.at(1_000);
  wide.progress.update(7);
  wide.progress.stop();
  expect(wide.text()).toContain('sending 7, 7.0/s');
  const narrow = rig(200, true, 20);
  narrow.progress.update(50);
  narrow.progress.stop();
  expect(narrow.text()).not.toContain('50/200');
});

it('leaves Ctrl-C alone', () => {
  const before = process.listenerCount('SIGINT');
  const { progress } = rig(10, true);
  expect(process.listenerCount('SIGINT')).toBe(before);
  progress.stop();
});
