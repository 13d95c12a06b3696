import { expect, it } from 'vitest';
import { jsonLineReadings } from '../../src/readings/json-lines.js';
import { collect, pieces } from './pieces.js';

const read = (text: string, size: number) => collect(jsonLineReadings(pieces(text, size)));

it.each([1, 2, 7, 1_000])('reads a value from each line, in pieces of %d', async (size) => {
  const { items, error } = await read('{"a":1}\r\n\n  \n"x"\nnull', size);
  expect(error).toBeUndefined();
  expect(items).toEqual([
    { line: 1, lastLine: 1, data: { a: 1 } },
    { line: 4, lastLine: 4, data: 'x' },
    { line: 5, lastLine: 5, data: null },
  ]);
});

it.each([1, 1_000])('gives what comes before a bad line, in pieces of %d', async (size) => {
  const { items, error } = await read('1\n2\nthree\n4\n', size);
  expect(items.map(({ data }) => data)).toEqual([1, 2]);
  expect(error).toMatchObject({ line: 3, fault: expect.stringMatching(/^is not JSON: /) });
});

it('does not collect a line without end', async () => {
  let taken = 0;
  async function* endless(): AsyncGenerator<string> {
    for (;;) {
      taken += 1;
      yield 'x'.repeat(1024 * 1024);
    }
  }
  expect((await collect(jsonLineReadings(endless()))).error).toMatchObject({
    line: 1,
    fault: expect.stringMatching(/longer/),
  });
  expect(taken).toBe(5);
});
