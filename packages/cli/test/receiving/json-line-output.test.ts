import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { messageLine, openLineOutput } from '../../src/receiving/json-line-output.js';
import { temporaryFolder } from '../support/cli-process.js';

const message = { device: 'd', name: 'n', id: 'e-1', isReliable: true, attempt: 1 };

it('writes a message as one line of JSON', () => {
  expect(messageLine({ a: 'x\ny' }, message)).toBe('{"device":"d","name":"n","id":"e-1","data":{"a":"x\\ny"}}\n');
  expect(JSON.parse(messageLine(null, { ...message, id: undefined }))).toMatchObject({ id: null, data: null });
});

it('has a text for what JSON has none for', () => {
  const data = { bytes: new Uint8Array([255, 0]), big: 2n ** 60n, no: Number.NaN, far: [Number.NEGATIVE_INFINITY] };
  expect(JSON.parse(messageLine(data, message)).data).toEqual({
    bytes: '/wA=',
    big: '1152921504606846976',
    no: 'NaN',
    far: ['-Infinity'],
  });
});

it('appends to a file, at once, on a line of its own', () => {
  const path = join(temporaryFolder(), 'out');
  writeFileSync(path, 'cut');
  for (const line of ['a\n', 'b\n']) {
    const output = openLineOutput(path, new PassThrough());
    expect(output.write(line)).toBeUndefined();
    output.close();
  }
  expect(readFileSync(path, 'utf8')).toBe('cut\na\nb\n');
});

it('says why a file can not be opened', () => {
  const folder = temporaryFolder();
  expect(() => openLineOutput(folder, new PassThrough())).toThrow(/^can not write the output: .* is a folder$/);
});

it.each([undefined, '-'])('writes to standard output for %s, and tells when that has failed', async (path) => {
  const stream = new PassThrough();
  const output = openLineOutput(path, stream);
  await output.write('a\n');
  expect(String(stream.read())).toBe('a\n');
  stream.on('error', () => {});
  stream.destroy();
  await expect(output.write('b\n')).rejects.toThrow(/^can not write the output: /);
});
