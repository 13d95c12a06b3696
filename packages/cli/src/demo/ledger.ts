// The ledger: what each way accepted, and what became of it, checked against what the agent's handler wrote to its own
// file. The sender's word counts for one thing only: which readings it was told are safe.

import { readFileSync } from 'node:fs';
import type { Reading } from './readings.js';
import type { WayName } from './way.js';

/** One way's line in the ledger. */
export interface LedgerLine {
  /** Readings that the sender was told are on their way: answered with 0, or stored. */
  readonly accepted: number;
  /** Different readings in the agent's file. */
  readonly delivered: number;
  /** Accepted and never delivered. */
  readonly lost: number;
  /** Lines in the agent's file beyond the first of each reading. */
  readonly duplicated: number;
  /** Whether every line in the agent's file has a later reading than the line before. */
  readonly inOrder: boolean;
}

/** One delivery, as the agent's file has it. */
export interface DeliveredLine {
  readonly index: number;
  /** From the first reading on, in milliseconds. */
  readonly atMs: number;
}

/** What is known of one way after its run. */
export interface WayResult {
  readonly way: WayName;
  readonly ledger: LedgerLine;
  readonly deliveries: readonly DeliveredLine[];
  /** From the first reading to the last delivery. */
  readonly seconds: number;
  readonly messagesPerSecond: number;
}

/** Reads the agent's file and compares every line with the reading that it claims to be. @throws Error when one differs */
export function readDeliveries(file: string, readings: readonly Reading[], startedAtMs: number): DeliveredLine[] {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  return lines.map((line) => {
    const { data, atMs } = JSON.parse(line) as { data: Reading & { index: number }; atMs: number };
    const sent = readings[data.index];
    if (sent === undefined || sent.timestamp !== data.timestamp || sent.value !== data.value) {
      throw new Error(`the agent's file has a reading that was never sent: ${line}`);
    }
    return { index: data.index, atMs: atMs - startedAtMs };
  });
}

/** Adds up one way. */
export function makeResult(way: WayName, accepted: number, deliveries: readonly DeliveredLine[]): WayResult {
  const distinct = new Set(deliveries.map(({ index }) => index)).size;
  const seconds = (deliveries.at(-1)?.atMs ?? 0) / 1_000;
  const inOrder = deliveries.every(({ index }, at) => at === 0 || index > (deliveries[at - 1] as DeliveredLine).index);
  return {
    way,
    deliveries,
    seconds,
    messagesPerSecond: seconds === 0 ? 0 : distinct / seconds,
    ledger: {
      accepted,
      delivered: distinct,
      lost: accepted - distinct,
      duplicated: deliveries.length - distinct,
      inOrder,
    },
  };
}

/** Whether nothing was lost, nothing came twice, and everything came in order. */
export function isFlawless({ ledger }: WayResult, readings: number): boolean {
  return ledger.accepted === readings && ledger.lost === 0 && ledger.duplicated === 0 && ledger.inOrder;
}

/** The ledger as JSON. */
export function ledgerJson(seed: number, readings: number, results: readonly WayResult[]): string {
  const ways = Object.fromEntries(results.map(({ way, ledger }) => [way, ledger]));
  return `${JSON.stringify({ seed, readings, ways }, null, 2)}\n`;
}

const COLUMNS = ['way', 'accepted', 'delivered', 'lost', 'duplicated', 'order kept', 'seconds', 'messages/s'] as const;

/** The cells of the table: a header and a row for each way. */
export function ledgerRows(results: readonly WayResult[], titleOf: (way: WayName) => string): string[][] {
  const rows = results.map(({ way, ledger, seconds, messagesPerSecond }) => [
    titleOf(way),
    count(ledger.accepted),
    count(ledger.delivered),
    count(ledger.lost),
    count(ledger.duplicated),
    ledger.inOrder ? 'yes' : 'no',
    seconds.toFixed(1),
    count(Math.round(messagesPerSecond)),
  ]);
  return [[...COLUMNS], ...rows];
}

/** A whole number as people write it. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** The table as text, columns aligned. */
export function ledgerTable(rows: readonly (readonly string[])[]): string {
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  '),
  );
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [lines[0], rule, ...lines.slice(1)].join('\n');
}
