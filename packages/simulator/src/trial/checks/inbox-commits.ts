// Follows the commits of the agent's inbox through a trace: which are done, whose records they hold, and where they began.

import type { TraceEvent } from '../trace-event.js';

/** A commit of the inbox. */
export interface InboxCommit {
  /** Whose records it holds. */
  readonly devices: readonly string[];
  /** Its beginning's place in the trace: what happened later is not in it. */
  readonly beganAt: number;
}

/** Reads a trace event by event. */
export class InboxCommits {
  readonly #underWay = new Map<number, InboxCommit>();
  /** Those whose latest record was not written: it comes again, and may be older than what was done meanwhile. */
  readonly #behind = new Set<string>();

  /** Takes the next event; returns the commit that is on disk with it, if it is one of the inbox. */
  read(event: TraceEvent, index: number): InboxCommit | undefined {
    if (event.who !== 'agent') return undefined;
    if (event.what === 'commitBegan')
      this.#underWay.set(event.commit, { devices: event.about.split(','), beganAt: index });
    if (event.what !== 'committed' && event.what !== 'commitTorn' && event.what !== 'commitFailed') return undefined;
    const commit = this.#underWay.get(event.commit);
    this.#underWay.delete(event.commit);
    for (const device of commit?.devices ?? []) {
      if (event.what === 'commitFailed') this.#behind.add(device);
      else this.#behind.delete(device);
    }
    const isOnDisk = event.what === 'committed' || (event.what === 'commitTorn' && event.applied);
    return isOnDisk ? commit : undefined;
  }

  /** Whether nothing is being written, and this device has nothing to be written from before. */
  isIdle(device: string): boolean {
    return this.#underWay.size === 0 && !this.#behind.has(device);
  }
}
