// Conducts the demo: the same readings, the same storm, three ways side by side; then the ledger.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeResult, readDeliveries, type WayResult } from './ledger.js';
import type { Reading } from './readings.js';
import { drawStorm, type Fault } from './storm.js';
import { createView } from './view.js';
import { WAY_NAMES } from './way.js';
import { WayRun } from './way-run.js';

/** The shortest stream, in milliseconds: the storm needs it. */
const STREAM_MIN_MS = 20_000;
/** More readings make a longer stream. */
const READINGS_PER_SECOND_MAX = 2_000;
const VIEW_MS = 125;
/** The devices are started so long before the sensor begins, in milliseconds; else the first reading waits for them. */
const LEAD_MS = 1_500;

/** What a demo is run with. */
export interface DemoOptions {
  readonly csv: string;
  readonly readings: readonly Reading[];
  readonly seed: number;
  readonly stream: NodeJS.WriteStream;
  /** Ends the demo early and leaves nothing running. */
  readonly signal: AbortSignal;
}

/** What came of a demo. */
export interface DemoResult {
  readonly seed: number;
  readonly readings: number;
  readonly storm: readonly Fault[];
  readonly streamMs: number;
  readonly ways: readonly WayResult[];
}

/** Runs the three ways at the same time. */
export async function runDemo({ csv, readings, seed, stream, signal }: DemoOptions): Promise<DemoResult> {
  const streamMs = Math.max(STREAM_MIN_MS, (readings.length / READINGS_PER_SECOND_MAX) * 1_000);
  const storm = drawStorm(seed, streamMs);
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-demo-'));
  const runs = WAY_NAMES.map((way) => {
    mkdirSync(join(folder, way));
    return new WayRun({ way, csv, folder: join(folder, way), storm, streamMs });
  });
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('the demo was ended early')), { once: true });
  });
  try {
    await Promise.race([Promise.all(runs.map((run) => run.start())), aborted]);
    const view = createView(stream, readings.length);
    const startedAtMs = Date.now() + LEAD_MS;
    const faultTimers = storm.map((fault) => setTimeout(() => view.fault(fault), LEAD_MS + fault.atMs));
    const viewTimer = setInterval(() => showProgress(), VIEW_MS);
    const showProgress = (): void => {
      for (const run of runs) view.progress(run.way, run.progress);
    };
    try {
      const accepted = await Promise.race([Promise.all(runs.map((run) => run.run(startedAtMs))), aborted]);
      showProgress();
      const ways = runs.map((run, index) => {
        const deliveries = readDeliveries(run.deliveredFile, readings, startedAtMs);
        return makeResult(run.way, accepted[index] as number, deliveries);
      });
      return { seed, readings: readings.length, storm, streamMs, ways };
    } finally {
      clearInterval(viewTimer);
      for (const timer of faultTimers) clearTimeout(timer);
      view.stop();
    }
  } finally {
    await Promise.all(runs.map((run) => run.kill()));
    rmSync(folder, { recursive: true, force: true });
  }
}
