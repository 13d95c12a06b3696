// What a benchmark finds: rows, and the targets they are held against. `bench/report.schema.json` is this as JSON schema.

import type { Environment } from './environment.js';
import type { Summary } from './statistics.js';

/** The unit of `median`, `min`, `max` and `expected`. */
export type Unit = 'messages/s' | 'ms' | 'MiB' | 'KiB' | 'bytes' | 'ns' | 'ratio';

/** What was varied or held fixed. A name carries its unit: `roundTripMs`. */
export type Params = Readonly<Record<string, string | number | boolean>>;

/** Waits for the acknowledgement of single messages, in milliseconds. */
export interface AckTimes {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

/** Processor time that each end spent on a message, in microseconds: it hardly depends on what else the machine does. */
export interface CpuMicros {
  readonly device: number;
  readonly agent: number;
}

/** One line of a result. What does not apply is left out. */
export interface Row extends Partial<Summary> {
  readonly name: string;
  readonly params: Params;
  readonly unit: Unit;
  /** The median, where the unit is messages/s. */
  readonly messagesPerSecond?: number;
  /** Of payload. */
  readonly bytesPerSecond?: number;
  readonly ackMs?: AckTimes;
  readonly cpuMicros?: CpuMicros;
  /** What arithmetic or a target says, in the unit of the row. */
  readonly expected?: number;
  /** Measured over expected; in a comparison, over the contestant that all are compared with. */
  readonly ratio?: number;
}

/** A number that has to be reached, and what was reached. */
export interface Target {
  readonly what: string;
  readonly measured: number;
  readonly unit: Unit;
  readonly bound: 'atLeast' | 'atMost';
  readonly limit: number;
  readonly isMet: boolean;
}

/** What a run of one benchmark found. */
export interface Findings {
  readonly rows: readonly Row[];
  readonly targets: readonly Target[];
  /** What a reader has to know about these figures. */
  readonly notes: readonly string[];
}

/** A picture of findings. */
export interface Chart {
  /** In kebab-case; names its file. */
  readonly name: string;
  readonly svg: string;
}

/** Everything that `--json` writes. */
export interface Report extends Findings {
  readonly bench: string;
  /** True when `--quick` made the figures rough. */
  readonly isQuick: boolean;
  readonly environment: Environment;
}

/** A target and whether it is met. */
export function target(what: string, measured: number, unit: Unit, bound: Target['bound'], limit: number): Target {
  return { what, measured, unit, bound, limit, isMet: bound === 'atLeast' ? measured >= limit : measured <= limit };
}

/** The row of a throughput, from one value a round. */
export function throughputRow(name: string, params: Params, { median, min, max }: Summary): Row {
  return { name, params, unit: 'messages/s', messagesPerSecond: median, median, min, max };
}

/** A report as the text of a JSON file, figures to six digits: more than that is noise. */
export function reportJson(report: Report): string {
  const round = (_key: string, value: unknown): unknown =>
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;
  return `${JSON.stringify(report, round, 2)}\n`;
}
