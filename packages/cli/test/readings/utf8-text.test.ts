import { expect, it } from 'vitest';
import { utf8Text } from '../../src/readings/utf8-text.js';
import { pieces } from './pieces.js';

async function read(bytes: Uint8Array, size: number): Promise<string> {
  let text = '';
  for await (const piece of utf8Text(pieces(bytes, size))) text += piece;
  return text;
}

it.each([1, 2, 3, 100])(
  'puts characters together that pieces of %d bytes cut, and drops the byte order mark',
  async (size) => {
    expect(await read(Buffer.from('\ufeffgrößer\n😀 \ufeff'), size)).toBe('größer\n😀 \ufeff');
    expect(await read(new Uint8Array(), size)).toBe('');
  },
);

it.each([
  ['a byte of Latin-1', Buffer.from('a\nb\nM\xfcller\nd', 'latin1'), 3],
  ['a character cut short by the end', Buffer.from('a\n😀').subarray(0, 4), 2],
  ['UTF-16', Buffer.from('\ufeffa\n', 'utf16le'), 1],
])('names the line of %s', async (_, bytes, line) => {
  for (const size of [1, 2, 5, 100]) {
    await expect(read(bytes, size)).rejects.toMatchObject({
      line,
      fault: 'is not UTF-8 text; convert the input to UTF-8',
    });
  }
});
