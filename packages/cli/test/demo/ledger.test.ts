import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { isFlawless, ledgerJson, ledgerRows, ledgerTable, makeResult, readDeliveries } from '../../src/demo/ledger.js';
import { WAY_TITLE } from '../../src/demo/way.js';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-ledger-'));
afterAll(() => rmSync(folder, { recursive: true }));

const READINGS = [0, 1, 2, 3].map((value) => ({ timestamp: `2013-12-0${value + 1}`, value }));
const delivered = (...indexes: number[]) => indexes.map((index, at) => ({ index, atMs: (at + 1) * 500 }));

function agentFile(...indexes: number[]): string {
  const file = join(folder, 'delivered.jsonl');
  const lines = indexes.map((index, at) => JSON.stringify({ data: { index, ...READINGS[index] }, atMs: 1_000 + at }));
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

describe('makeResult', () => {
  it('is flawless when every reading came once and in order', () => {
    const result = makeResult('reliableChannel', 4, delivered(0, 1, 2, 3));
    expect(result.ledger).toEqual({ accepted: 4, delivered: 4, lost: 0, duplicated: 0, inOrder: true });
    expect(result.seconds).toBe(2);
    expect(result.messagesPerSecond).toBe(2);
    expect(isFlawless(result, 4)).toBe(true);
  });

  it.each([
    ['a reading that never came', delivered(0, 1, 3), { delivered: 3, lost: 1, duplicated: 0, inOrder: true }],
    ['a reading that came twice', delivered(0, 1, 1, 2, 3), { delivered: 4, lost: 0, duplicated: 1, inOrder: false }],
    [
      'two readings the wrong way round',
      delivered(0, 2, 1, 3),
      { delivered: 4, lost: 0, duplicated: 0, inOrder: false },
    ],
    ['nothing at all', [], { delivered: 0, lost: 4, duplicated: 0, inOrder: true }],
  ])('sees %s', (_, deliveries, expected) => {
    const result = makeResult('waitTilSent', 4, deliveries);
    expect(result.ledger).toEqual({ accepted: 4, ...expected });
    expect(isFlawless(result, 4)).toBe(false);
  });

  it('is not flawless when readings were not accepted', () => {
    expect(isFlawless(makeResult('reliableChannel', 3, delivered(0, 1, 2)), 4)).toBe(false);
  });
});

describe('readDeliveries', () => {
  it('gives what the handler wrote, counted from the first reading on', () => {
    expect(readDeliveries(agentFile(0, 2), READINGS, 900)).toEqual([
      { index: 0, atMs: 100 },
      { index: 2, atMs: 101 },
    ]);
  });

  it('refuses a line that no sensor made', () => {
    const file = agentFile(0);
    expect(() => readDeliveries(file, [{ timestamp: '2013-12-01', value: 99 }], 0)).toThrow('never sent');
    expect(() => readDeliveries(agentFile(3), READINGS.slice(0, 2), 0)).toThrow('never sent');
  });
});

it('writes the ledger as JSON', () => {
  const ledger = JSON.parse(ledgerJson(7, 4, [makeResult('waitForAck', 4, delivered(0, 0, 1))]));
  const line = { accepted: 4, delivered: 2, lost: 2, duplicated: 1, inOrder: false };
  expect(ledger).toEqual({ seed: 7, readings: 4, ways: { waitForAck: line } });
});

it('aligns the table', () => {
  const table = ledgerTable(
    ledgerRows([makeResult('reliableChannel', 1234, delivered(0, 1))], (way) => WAY_TITLE[way]),
  );
  const lines = table.split('\n');
  expect(new Set(lines.map((line) => line.length)).size).toBe(1);
  expect(lines.at(-1)).toMatch(/^reliable channel +1,234 +2 +1,232 +0 +yes +1\.0 +2$/);
});
