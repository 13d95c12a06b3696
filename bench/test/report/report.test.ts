import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { readEnvironment } from '../../src/report/environment.js';
import { type Report, reportJson, target, throughputRow } from '../../src/report/report.js';

const schema = JSON.parse(readFileSync(new URL('../../report.schema.json', import.meta.url), 'utf8'));
const validate = new Ajv2020({ allowUnionTypes: true }).compile(schema);

const REPORT: Report = {
  bench: 'peers',
  isQuick: true,
  environment: readEnvironment(['ws', '@holdfast/agent']),
  rows: [
    {
      ...throughputRow('ws-ack', { messageBytes: 256 }, { median: 1_234.56789, min: 1_000, max: 2_000 }),
      ...{ bytesPerSecond: 316_049.37984, ackMs: { p50: 1, p90: 2, p99: 3 }, cpuMicros: { device: 3.5, agent: 4 } },
      ...{ expected: 1_300, ratio: 0.95 },
    },
  ],
  targets: [target('ours over theirs', 4.5, 'ratio', 'atLeast', 4)],
  notes: ['A note.'],
};

describe('the JSON of a report', () => {
  test('is what the schema says, with every field in use', () => {
    const parsed = JSON.parse(reportJson(REPORT));
    validate(parsed);
    expect(validate.errors).toBeNull();
    expect(Object.keys(parsed.rows[0]).sort()).toEqual(Object.keys(schema.$defs.row.properties).sort());
  });

  test('leaves out what does not apply', () => {
    const row = { name: 'size', params: {}, unit: 'KiB' as const, median: undefined };
    const { rows } = JSON.parse(reportJson({ ...REPORT, rows: [row as never] }));
    expect(rows).toEqual([{ name: 'size', params: {}, unit: 'KiB' }]);
  });

  test('rounds figures to six digits and leaves whole numbers alone', () => {
    const { rows } = JSON.parse(reportJson(REPORT));
    expect(rows[0]).toMatchObject({
      median: 1_234.57,
      bytesPerSecond: 316_049,
      messagesPerSecond: 1_234.57,
      max: 2_000,
    });
  });
});

test.each([
  ['no rows', { ...REPORT, rows: [] }],
  ['a name that is not in kebab-case', { ...REPORT, rows: [{ ...REPORT.rows[0], name: 'wsAck' }] }],
  ['a figure below 0', { ...REPORT, rows: [{ ...REPORT.rows[0], median: -1 }] }],
  ['an unknown field', { ...REPORT, extra: 1 }],
])('the schema refuses %s', (_, report) => {
  expect(validate(JSON.parse(JSON.stringify(report)))).toBe(false);
});

describe('the environment', () => {
  test('tells the versions of packages, from their own manifests', () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(REPORT.environment.versions).toEqual({ ws: expect.stringMatching(/^8\./), '@holdfast/agent': version });
  });

  test('does not make up the version of a package that is not installed', () => {
    expect(() => readEnvironment(['not-installed-anywhere'])).toThrow(/not-installed-anywhere/);
  });
});
