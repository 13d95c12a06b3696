import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvReadings } from '../../src/readings/csv.js';
import { collect, pieces } from './pieces.js';

const read = (text: string, size = 1_000) => collect(csvReadings(pieces(text, size)));

async function cellsOf(...cells: string[]): Promise<unknown[]> {
  const { items, error } = await read(`a\n${cells.join('\n')}\n`);
  expect(error).toBeUndefined();
  return items.map(({ data }) => (data as { a: unknown }).a);
}

describe('cells', () => {
  it('are numbers where they are plain finite ones', async () => {
    expect(await cellsOf('0', '-1', '73.96732207', '1e3', '-2.5E-3', '9007199254740991', '"5"')).toEqual([
      0, -1, 73.96732207, 1000, -0.0025, 9007199254740991, 5,
    ]);
  });

  it('stay text where a number would lose something', async () => {
    const cells = [
      '007',
      '+1',
      '1.',
      '.5',
      ' 1',
      '1e999',
      '9007199254740993',
      '0x10',
      'NaN',
      'Infinity',
      '1_000',
      '2014-01-01 00:00:00',
    ];
    expect(await cellsOf(...cells)).toEqual(cells);
  });

  it('can be empty', async () => {
    expect((await read('a,b\n,\n')).items).toMatchObject([{ data: { a: '', b: '' } }]);
  });
});

describe('rows', () => {
  it.each([1, 2, 3, 1_000])('are found and placed in pieces of %d characters, whatever ends a line', async (size) => {
    const { items } = await read('a,b\r\n1,2\n\n"x\r\n""y""",3\r\n\r\n4,"5,\n"\n6,7', size);
    expect(items).toEqual([
      { line: 2, lastLine: 2, data: { a: 1, b: 2 } },
      { line: 4, lastLine: 5, data: { a: 'x\r\n"y"', b: 3 } },
      { line: 7, lastLine: 8, data: { a: 4, b: '5,\n' } },
      { line: 9, lastLine: 9, data: { a: 6, b: 7 } },
    ]);
  });

  it('survive quoting, line ends and pieces of every kind', async () => {
    const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r\n', ' ', 'ü') });
    const row = fc.tuple(cell, cell, fc.constantFrom('\n', '\r\n'), fc.nat(2));
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 8 }), fc.integer({ min: 1, max: 9 }), async (rows, size) => {
        let text = 'a,b\n';
        let line = 2;
        const expected = rows.map(([a, b, end, blanks]) => {
          text += `"${a.replaceAll('"', '""')}","${b.replaceAll('"', '""')}"${end}${end.repeat(blanks)}`;
          const lastLine = line + (`${a}${b}`.match(/\n/g)?.length ?? 0);
          const reading = { line, lastLine, data: { a, b } };
          line = lastLine + 1 + blanks;
          return reading;
        });
        expect(await read(text, size)).toEqual({ items: expected });
      }),
    );
  });
});

describe('faults', () => {
  it.each([
    ['a,b\n1,2\n\n3\n', 4, /^has 1 cell, the header names 2 columns$/],
    ['a,b\n"x\r\ny",2\n3,4,5\n', 4, /^has 3 cells/],
    ['a,a\n', 1, /both named "a"/],
    ['a,\n', 1, /^column 2 has no name$/],
    ['\n\n__proto__\n', 3, /^column 1 is named __proto__/],
    ['a;b\n1;2\n', 1, /separate columns with commas/],
    ['', 1, /^is empty/],
    ['\n\n', 1, /^is empty/],
    ['a\n1\n"x\ny\n', 3, /never closed/],
    ['a\n1\n"x"y\n', 3, /follows a closing quote/],
    ['a\n1\nx"y\n', 3, /within a cell/],
  ])('in %j are at line %d', async (text, line, fault) => {
    for (const size of [1, 1_000]) {
      const { error } = await read(text, size);
      expect(error).toMatchObject({ line, fault: expect.stringMatching(fault) });
    }
  });

  it('do not keep the rows before them', async () => {
    const { items, error } = await read('a,b\n1,2\n3,4\n5\n6,7\n');
    expect(items.map(({ data }) => data)).toEqual([
      { a: 1, b: 2 },
      { a: 3, b: 4 },
    ]);
    expect(error).toMatchObject({ line: 4 });
  });

  it('do not fill the memory', async () => {
    let taken = 0;
    async function* endless(): AsyncGenerator<string> {
      yield 'a\n1\n"';
      for (;;) {
        taken += 1;
        yield 'x'.repeat(1024 * 1024);
      }
    }
    const { error } = await collect(csvReadings(endless()));
    expect(error).toMatchObject({ line: 3, fault: expect.stringMatching(/longer than .*quote left open/) });
    expect(taken).toBe(5);
  });
});
