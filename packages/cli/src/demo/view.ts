// The demo on the terminal: three bars and the faults as they happen; plain lines where the output is not a terminal.

import { MultiBar, type SingleBar } from 'cli-progress';
import { count } from './ledger.js';
import { FAULT_TEXT, type Fault } from './storm.js';
import { WAY_NAMES, WAY_TITLE, type WayName } from './way.js';
import type { WayProgress } from './way-run.js';

/** How often plain lines tell the progress, in milliseconds. */
const PLAIN_MS = 3_000;

/** What the demo shows while it runs. */
export interface DemoView {
  fault(fault: Fault): void;
  progress(way: WayName, progress: WayProgress): void;
  stop(): void;
}

/** Makes the view that suits the output. */
export function createView(stream: NodeJS.WriteStream, readings: number): DemoView {
  return stream.isTTY ? createBars(stream, readings) : createLines(stream, readings);
}

function faultLine({ kind, atMs, durationMs }: Fault): string {
  const length = durationMs > 0 ? ` (${(durationMs / 1_000).toFixed(1)} s)` : '';
  return `${(atMs / 1_000).toFixed(1).padStart(5)} s  ${FAULT_TEXT[kind]}${length}`;
}

function createBars(stream: NodeJS.WriteStream, readings: number): DemoView {
  const format = '{title} |{bar}| delivered {shown} of {all}{done}';
  const bars = new MultiBar({ stream, format, hideCursor: true, clearOnComplete: false, barsize: 30, fps: 8 });
  const all = count(readings);
  const width = Math.max(...Object.values(WAY_TITLE).map((title) => title.length));
  const byWay = new Map<WayName, SingleBar>(
    WAY_NAMES.map((way) => [
      way,
      bars.create(readings, 0, { title: WAY_TITLE[way].padEnd(width), shown: '0', all, done: '' }),
    ]),
  );
  return {
    fault: (fault) => bars.log(`${faultLine(fault)}\n`),
    progress: (way, { delivered, isDone }) => {
      byWay.get(way)?.update(Math.min(delivered, readings), { shown: count(delivered), done: isDone ? ', done' : '' });
    },
    stop: () => bars.stop(),
  };
}

function createLines(stream: NodeJS.WritableStream, readings: number): DemoView {
  const latest = new Map<WayName, WayProgress>();
  let told = '';
  const tell = (): void => {
    const parts = WAY_NAMES.map((way) => `${WAY_TITLE[way]} ${count(latest.get(way)?.delivered ?? 0)}`);
    const line = `delivered of ${count(readings)}: ${parts.join(' | ')}\n`;
    if (line !== told) stream.write(line);
    told = line;
  };
  const timer = setInterval(tell, PLAIN_MS);
  return {
    fault: (fault) => stream.write(`${faultLine(fault)}\n`),
    progress: (way, progress) => latest.set(way, progress),
    stop: () => {
      clearInterval(timer);
      tell();
    },
  };
}
