// Keeps what happens in a trial, and turns it into lines for people and into one hash for comparing runs.

import { createHash } from 'node:crypto';
import type { Trace, TraceDetail, TraceEvent } from './trace-event.js';

/** Writes down one event, with the time of now. */
export type RecordEvent = (who: string, detail: TraceDetail) => void;

/** Collects events. */
export class TraceRecorder {
  readonly events: TraceEvent[] = [];
  readonly #nowMs: () => number;

  /** @param nowMs - virtual milliseconds */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  readonly record: RecordEvent = (who, detail) => {
    this.events.push({ atMs: this.#nowMs(), who, ...detail });
  };
}

const WHO_WIDTH = 14;
const WHAT_WIDTH = 16;

/** `mm:ss.mmm` of virtual milliseconds; what is below a millisecond is cut off. */
export function clockTime(atMs: number): string {
  const ms = Math.floor(atMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(Math.floor(ms / 60_000))}:${two(Math.floor(ms / 1_000) % 60)}.${String(ms % 1_000).padStart(3, '0')}`;
}

/** One line in aligned columns: when, who, what, and the rest as `key=value`. */
export function traceLine({ atMs, who, what, ...rest }: TraceEvent): string {
  const details = Object.entries(rest).map(([key, value]) => `${key}=${value === '' ? '-' : value}`);
  return `${clockTime(atMs)}  ${who.padEnd(WHO_WIDTH)} ${what.padEnd(WHAT_WIDTH)} ${details.join(' ')}`.trimEnd();
}

/** SHA-256 over the lines, each with its exact time; the same for two runs that went the same way. */
export function traceHash(events: Trace): string {
  const text = events.map((event) => `${event.atMs} ${traceLine(event)}`).join('\n');
  return createHash('sha256').update(text).digest('hex');
}

/** How often each kind of event is in a trace; of faults, how often each fault. */
export function countEvents(trace: Trace): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const event of trace) {
    const kind = event.what === 'fault' ? `fault ${event.who.replace(/-?\d+$/, '')} ${event.fault}` : event.what;
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}
