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

  /** Takes the next event; returns the commit that is on disk with it, if it is one of the inbox. */
  read(event: TraceEvent, index: number): InboxCommit | undefined {
    if (event.who !== 'agent') return undefined;
    if (event.what === 'commitBegan')
      this.#underWay.set(event.commit, { devices: event.about.split(','), beganAt: index });
    const isOnDisk = event.what === 'committed' || (event.what === 'commitTorn' && event.applied);
    return isOnDisk ? this.#underWay.get(event.commit) : undefined;
  }
}
