import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { chooseSource, type Format } from '../../src/readings/source.js';
import { temporaryFolder } from '../support/cli-process.js';
import { collect } from './pieces.js';

const never = new AbortController().signal;

function choose(file: string | undefined, options: { format?: Format; fromLine?: number; stdin?: Readable } = {}) {
  const { format, fromLine = 1, stdin = Readable.from([]) } = options;
  return chooseSource({ file, format, fromLine, stdin });
}

function fileNamed(name: string, content: string): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, content);
  return path;
}

describe('a file', () => {
  it.each([
    ['a.csv', 'a\n1\n', { a: 1 }],
    ['a.CSV', 'a\n1\n', { a: 1 }],
    ['a.jsonl', '{"a":1}\n', { a: 1 }],
    ['a.ndjson', '{"a":1}\n', { a: 1 }],
  ])('tells by its name how it is written, and can be read twice: %s', async (name, content, data) => {
    const source = await choose(fileNamed(name, content));
    expect(source.isRepeatable).toBe(true);
    for (let time = 0; time < 2; time++) expect((await collect(source.read(never))).items).toMatchObject([{ data }]);
  });

  it('is read as --format says', async () => {
    const source = await choose(fileNamed('a.csv', '1\n'), { format: 'jsonl' });
    expect((await collect(source.read(never))).items).toMatchObject([{ data: 1 }]);
  });

  it('is named by its errors', async () => {
    const path = fileNamed('a.jsonl', '1\nx\n');
    expect((await collect((await choose(path)).read(never))).error).toMatchObject({
      message: expect.stringContaining(`${path}, line 2: is not JSON`),
    });
  });

  it('must be there, be a file, and tell how it is written', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'a.csv'));
    await expect(choose(join(folder, 'b.csv'))).rejects.toThrow(/b\.csv does not exist$/);
    await expect(choose(join(folder, 'a.csv'))).rejects.toThrow(/a\.csv is a folder$/);
    await expect(choose('a.txt')).rejects.toThrow(/--format csv or jsonl/);
  });
});

describe('a stream', () => {
  it.each([undefined, '-'])('is read once, for the file %s', async (file) => {
    const source = await choose(file, { format: 'jsonl', stdin: Readable.from([Buffer.from('1\n2\n')]) });
    expect(source.isRepeatable).toBe(false);
    expect((await collect(source.read(never))).items).toMatchObject([{ data: 1 }, { data: 2 }]);
    await expect(choose(file)).rejects.toThrow(/--format/);
  });

  it('ends with the wish to read, without what is not whole', async () => {
    const stdin = new PassThrough();
    const abort = new AbortController();
    stdin.write('1\n2');
    const got: unknown[] = [];
    for await (const readings of (await choose('-', { format: 'jsonl', stdin })).read(abort.signal)) {
      got.push(...readings.map(({ data }) => data));
      abort.abort();
    }
    expect(got).toEqual([1]);
    expect(stdin.destroyed).toBe(true);
  });

  it('that breaks is named', async () => {
    const stdin = new PassThrough();
    stdin.destroy(Object.assign(new Error('broken'), { syscall: 'read', code: 'EIO' }));
    const { error } = await collect((await choose('-', { format: 'jsonl', stdin })).read(never));
    expect(error).toMatchObject({ message: 'can not read the input: standard input: broken' });
  });
});

it('leaves out what begins before a line', async () => {
  const source = await choose(fileNamed('a.csv', 'a\n1\n"2\n"\n3\n'), { fromLine: 3 });
  expect((await collect(source.read(never))).items.map(({ line }) => line)).toEqual([3, 5]);
});
