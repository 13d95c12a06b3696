// What a benchmark is to the command line.

import type { Chart, Findings, Row } from './report/report.js';

/** What the command line asks of a run. */
export interface BenchOptions {
  /** Rough figures within a minute. */
  readonly isQuick: boolean;
  /** How often everybody is measured, where the user says so. */
  readonly rounds: number | undefined;
  /** Messages of one measurement, where the user says so. */
  readonly count: number | undefined;
  /** Rows to measure, where the user does not want all. */
  readonly only: readonly string[] | undefined;
  /** Whether what is measured becomes what later runs are held against. */
  readonly savesBaseline: boolean;
  /** An empty folder on a real disk, removed after the run. */
  readonly folder: string;
  /** Tells how far the run is. */
  progress(done: number, total: number, note: string): void;
}

/** One benchmark. */
export interface Bench {
  readonly name: string;
  /** For the list of benchmarks. */
  readonly summary: string;
  /** Packages whose versions belong to the figures. */
  readonly packages: readonly string[];
  run(options: BenchOptions): Promise<Findings>;
  /** Pictures of the rows, where a picture says more. */
  charts?(rows: readonly Row[]): readonly Chart[];
}
