// The most that each queue and buffer of a trial ever held, beside what it may hold.

import type { RecordEvent } from './trace-recorder.js';

interface Peak {
  readonly who: string;
  readonly gauge: string;
  readonly limit: number;
  readonly read: () => number;
  value: number;
}

/** Watches gauges. */
export class Peaks {
  readonly #peaks: Peak[] = [];

  /** Watches one more. `read` gives what is held now, `limit` is the most that may be. */
  watch(who: string, gauge: string, limit: number, read: () => number): void {
    this.#peaks.push({ who, gauge, limit, read, value: 0 });
  }

  /** Looks at all of them now. */
  sample(): void {
    for (const peak of this.#peaks) peak.value = Math.max(peak.value, peak.read());
  }

  /** Writes them down. */
  report(record: RecordEvent): void {
    for (const { who, gauge, value, limit } of this.#peaks) record(who, { what: 'peak', gauge, value, limit });
  }
}
