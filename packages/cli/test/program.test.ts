import { HoldfastError, InvariantError } from '@holdfast/protocol';
import { afterEach, expect, it, vi } from 'vitest';
import { CommandError, UsageError } from '../src/command-error.js';
import { reportError } from '../src/program.js';
import type { TextStream } from '../src/terminal.js';

afterEach(() => vi.unstubAllEnvs());

function report(error: unknown): [code: number, text: string] {
  let text = '';
  const write = (piece: string): void => {
    text += piece;
  };
  const stream = { write } as unknown as TextStream;
  return [reportError(error, stream), text];
}

it.each([
  ['a failure', new CommandError('no\n  way\u0007'), 1, 'holdfast: no way\\u{7}\n'],
  ['an interruption', new CommandError('stopped', { exitCode: 130 }), 130, 'holdfast: stopped\n'],
  ['a wrong command line', new UsageError('what?'), 2, 'holdfast: what?\n'],
  ['an error of the library', new HoldfastError('STORE_LOCKED', 'in use'), 1, 'holdfast: in use\n'],
  ['a fault of ours', new InvariantError('odd'), 1, 'holdfast: this is a fault in Holdfast, please report it: odd\n'],
  ['an error of Node', new Error('read EIO'), 1, 'holdfast: read EIO\n'],
  ['what is no error', 'text', 1, 'holdfast: text\n'],
  ['what says nothing', new Error(''), 1, 'holdfast: something went wrong; set HOLDFAST_DEBUG to see where\n'],
])('reports %s in one line', (_, error, code, text) => {
  expect(report(error)).toEqual([code, text]);
});

it('shows the stack when asked to', () => {
  vi.stubEnv('HOLDFAST_DEBUG', '1');
  expect(report(new CommandError('no'))[1]).toMatch(/^holdfast: no\nCommandError: no\n\s+at /);
});
