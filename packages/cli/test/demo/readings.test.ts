import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readReadings } from '../../src/demo/readings.js';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-readings-'));
afterAll(() => rmSync(folder, { recursive: true }));

function fileWith(text: string): string {
  const file = join(folder, 'readings.csv');
  writeFileSync(file, text);
  return file;
}

describe('readReadings', () => {
  it('reads timestamps and values behind a header', () => {
    const file = fileWith('timestamp,value\n2013-12-02 21:15:00,73.96732207\n2013-12-02 21:20:00,-1e3\n');
    expect(readReadings(file)).toEqual([
      { timestamp: '2013-12-02 21:15:00', value: 73.96732207 },
      { timestamp: '2013-12-02 21:20:00', value: -1000 },
    ]);
  });

  it('takes a byte order mark, CRLF and blank lines', () => {
    const file = fileWith('\uFEFFtime,celsius\r\n\r\n2013-12-02,1\r\n');
    expect(readReadings(file)).toEqual([{ timestamp: '2013-12-02', value: 1 }]);
  });

  it.each([
    [
      'a value that is no number',
      'timestamp,value\n2013-12-02,1\n2013-12-03,warm\n',
      'line 3: expected timestamp,value',
    ],
    ['an empty value', 'timestamp,value\n2013-12-02,\n', 'line 2: expected timestamp,value'],
    ['infinity', 'timestamp,value\n2013-12-02,Infinity\n', 'line 2: expected timestamp,value'],
    ['a timestamp that is no time', 'timestamp,value\nyesterday,1\n', 'line 2: expected timestamp,value'],
    ['too many columns', 'timestamp,value\n2013-12-02,1,2\n', 'line 2: expected timestamp,value'],
    ['a quote that never ends', 'timestamp,value\n"2013-12-02,1\n', 'line 2'],
    ['no header', '2013-12-02,1\n2013-12-03,2\n', 'line 1: expected a header'],
    ['no rows', 'timestamp,value\n', 'has no readings'],
    ['nothing', '', 'has no readings'],
  ])('names file and line of %s', (_, text, message) => {
    const file = fileWith(text);
    expect(() => readReadings(file)).toThrow(message);
    expect(() => readReadings(file)).toThrow(file);
  });

  it('says so when there is no file', () => {
    expect(() => readReadings(join(folder, 'missing.csv'))).toThrow('can not read');
  });
});
