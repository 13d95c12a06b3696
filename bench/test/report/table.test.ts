import { expect, test } from 'vitest';
import { type Row, target } from '../../src/report/report.js';
import { figure, rowsTable, targetLines } from '../../src/report/table.js';

const ROWS: readonly Row[] = [
  {
    ...{ name: 'ws-ack', params: { messages: 1_000, roundTripMs: 20 }, unit: 'messages/s' as const },
    ...{ messagesPerSecond: 1_234.5, median: 1_234.5, min: 900, max: 2_000, ratio: 1 },
  },
  { name: 'holdfast-lmdb', params: { messages: 1_000, roundTripMs: 100 }, unit: 'ms', median: 0.5, expected: 12 },
];

test('says once what all rows share, and shows a column for everything else that some row has', () => {
  expect(rowsTable(ROWS).split('\n')).toEqual([
    'all rows: messages 1,000',
    '',
    'name           round trip ms  median  min    max  unit        expected  ratio',
    '-------------  -------------  ------  ---  -----  ----------  --------  -----',
    'ws-ack                    20   1,235  900  2,000  messages/s             1.00',
    'holdfast-lmdb            100   0.500              ms              12.0',
  ]);
});

test('keeps the parameters of a single row in its columns', () => {
  expect(rowsTable(ROWS.slice(0, 1))).not.toContain('all rows');
});

test('a target is met or not, with what was asked for', () => {
  const lines = targetLines([
    target('growth', 100, 'MiB', 'atMost', 128),
    target('growth', 128.5, 'MiB', 'atMost', 128),
    target('ours over theirs', 4, 'ratio', 'atLeast', 4),
    target('ours over theirs', 3.99, 'ratio', 'atLeast', 4),
  ]);
  expect(lines).toEqual([
    'met      growth: 100 MiB, asked for at most 128 MiB',
    'NOT MET  growth: 129 MiB, asked for at most 128 MiB',
    'met      ours over theirs: 4.00, asked for at least 4.00',
    'NOT MET  ours over theirs: 3.99, asked for at least 4.00',
  ]);
});

test.each([
  [0.0123, '0.012'],
  [1.254, '1.25'],
  [56.78, '56.8'],
  [1_234_567.8, '1,234,568'],
])('%d is written %s', (value, text) => {
  expect(figure(value)).toBe(text);
});
