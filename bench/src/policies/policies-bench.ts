// What waiting costs: every policy over a grid of links, beside what arithmetic says.

import type { Bench, BenchOptions } from '../bench.js';
import { type Findings, type Row, type Target, target } from '../report/report.js';
import { percentile } from '../report/statistics.js';
import { expectedMessagesPerSecond } from './expectation.js';
import { type Cell, gridCells, POLICIES, type PolicyName } from './grid.js';
import { policiesCharts } from './policies-charts.js';
import { runSimulatedCell } from './simulated-cell.js';

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
      measured.push(await measure(cell, policy));
    }
  }
  return {
    rows: measured.map(({ row }) => row),
    targets: targetsOf(measured),
    notes: [
      'Virtual time: computing takes none, and the figures are the same in every run. Real code over a simulated path without loss.',
      'Expected: the closed form of docs/throughput.md, frames included; ratio: measured over expected. bytes/s is payload.',
    ],
  };
}

async function measure(cell: Cell, policy: PolicyName): Promise<Measured> {
  const expected = expectedMessagesPerSecond(cell, policy);
  const { messagesPerSecond: perSecond, ackMs } = await runSimulatedCell(cell, policy, expected);
  const row: Row = {
    name: policy,
    params: { ...cell, bytesPerSecond: Number.isFinite(cell.bytesPerSecond) ? cell.bytesPerSecond : 'unlimited' },
    unit: 'messages/s',
    ...{ messagesPerSecond: perSecond, median: perSecond, min: perSecond, max: perSecond },
    bytesPerSecond: perSecond * cell.messageBytes,
    ...(ackMs.length > 0 && {
      ackMs: { p50: percentile(ackMs, 0.5), p90: percentile(ackMs, 0.9), p99: percentile(ackMs, 0.99) },
    }),
    ...{ expected, ratio: perSecond / expected },
  };
  return { cell, policy, perSecond, row };
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
