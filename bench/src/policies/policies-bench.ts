// What waiting costs: every policy over a grid of links, beside what arithmetic says.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench, BenchOptions } from '../bench.js';
import { type Findings, type Row, type Target, target } from '../report/report.js';
import { percentile } from '../report/statistics.js';
import { expectedMessagesPerSecond } from './expectation.js';
import { type Cell, gridCells, POLICIES, type PolicyName } from './grid.js';
import { policiesCharts } from './policies-charts.js';
import { type ProxiedPolicy, proxiedCells, runProxiedCell } from './proxied-cell.js';
import { type CellResult, runSimulatedCell } from './simulated-cell.js';

/** `npm run bench -- policies` */
export const policiesBench: Bench = {
  name: 'policies',
  summary: 'what waiting costs: every send policy over a grid of links, in virtual time, beside the closed form',
  packages: ['@holdfast/transport', '@holdfast/reliable-channel', '@holdfast/agent', '@holdfast/simulator'],
  run,
  charts: policiesCharts,
};

/** A measured policy in a cell. */
interface Measured {
  readonly cell: Cell;
  readonly policy: PolicyName;
  readonly perSecond: number;
  readonly row: Row;
}

async function run(options: BenchOptions): Promise<Findings> {
  const policies = POLICIES.filter((name) => options.only?.includes(name) ?? true);
  const cells = gridCells(options.isQuick);
  const measured: Measured[] = [];
  for (const cell of cells) {
    for (const policy of policies) {
      options.progress(measured.length, cells.length * policies.length, `${policy} at ${cell.roundTripMs} ms`);
      measured.push(await measureSimulated(cell, policy));
    }
  }
  return {
    rows: [...measured.map(({ row }) => row), ...(await proxiedRows(options))],
    targets: targetsOf(measured),
    notes: [
      'Simulated: virtual time, in which computing takes none; the figures are the same in every run. Targets are held against these.',
      'Proxied: real sockets through a proxy that delays and throttles, on the clock of this machine.',
      'Expected: the closed form of docs/throughput.md, frames included; ratio: measured over expected. bytes/s is payload.',
    ],
  };
}

async function measureSimulated(cell: Cell, policy: PolicyName): Promise<Measured> {
  const expected = expectedMessagesPerSecond(cell, policy);
  const result = await runSimulatedCell(cell, policy, expected);
  return {
    cell,
    policy,
    perSecond: result.messagesPerSecond,
    row: cellRow(policy, 'simulated', cell, result, expected),
  };
}

/** A few cells once more, on real sockets. */
async function proxiedRows(options: BenchOptions): Promise<Row[]> {
  const policies: readonly ProxiedPolicy[] = [...POLICIES, 'reliable-lmdb'];
  const wanted = policies.filter((name) => options.only?.includes(name) ?? true);
  const cells = proxiedCells(options.isQuick);
  const rows: Row[] = [];
  for (const cell of cells) {
    for (const policy of wanted) {
      options.progress(rows.length, cells.length * wanted.length, `${policy} at ${cell.roundTripMs} ms, real sockets`);
      const folder = join(options.folder, String(rows.length));
      mkdirSync(folder);
      const result = await runProxiedCell(cell, policy, folder);
      const expected = expectedMessagesPerSecond(cell, policy === 'reliable-lmdb' ? 'reliable' : policy);
      rows.push(cellRow(policy, 'proxied', cell, result, expected));
    }
  }
  return rows;
}

function cellRow(
  name: string,
  link: string,
  cell: Cell,
  { messagesPerSecond, ackMs }: CellResult,
  expected: number,
): Row {
  const bytesPerSecond = Number.isFinite(cell.bytesPerSecond) ? cell.bytesPerSecond : 'unlimited';
  return {
    name,
    params: { link, ...cell, bytesPerSecond },
    unit: 'messages/s',
    ...{ messagesPerSecond, median: messagesPerSecond, min: messagesPerSecond, max: messagesPerSecond },
    bytesPerSecond: messagesPerSecond * cell.messageBytes,
    ...(ackMs.length > 0 && {
      ackMs: { p50: percentile(ackMs, 0.5), p90: percentile(ackMs, 0.9), p99: percentile(ackMs, 0.99) },
    }),
    ...{ expected, ratio: messagesPerSecond / expected },
  };
}

/** Each target is held against the worst cell. */
function targetsOf(measured: readonly Measured[]): Target[] {
  const worst = (what: string, ratios: readonly number[], limit: number): Target[] =>
    ratios.length === 0 ? [] : [target(what, Math.min(...ratios), 'ratio', 'atLeast', limit)];
  const of = (policy: PolicyName): Measured[] => measured.filter((each) => each.policy === policy);
  const ratioOf = ({ row }: Measured): number => row.ratio ?? 0;
  const sent = new Map(of('wait-til-sent').map(({ cell, perSecond }) => [cell, perSecond]));
  const againstSent = of('reliable').flatMap(({ cell, perSecond }) => {
    const reference = sent.get(cell);
    return reference === undefined ? [] : [perSecond / reference];
  });
  return [
    ...worst('WAIT_FOR_ACK over its closed form, worst cell', of('wait-for-ack').map(ratioOf), 0.95),
    ...worst('WAIT_TIL_SENT over its closed form, worst cell', of('wait-til-sent').map(ratioOf), 0.9),
    ...worst('reliable channel over WAIT_TIL_SENT, worst cell', againstSent, 0.9),
  ];
}
