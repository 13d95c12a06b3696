// Follows the commits of inboxes through a trace: which are done, whose records they hold, and where they began.

import type { TraceEvent } from '../trace-event.js';

/** A commit of an inbox. */
export interface InboxCommit {
  /** The outboxes whose messages its records are about. */
  readonly outboxes: readonly string[];
  /** Its beginning's place in the trace: what happened later is not in it. */
  readonly beganAt: number;
}

const INBOX = 'inbox/';

/** Reads a trace event by event. */
export class InboxCommits {
  /** By owner and number. */
  readonly #underWay = new Map<string, InboxCommit>();
  /** Those whose latest record was not written: it comes again, and may be older than what was done meanwhile. */
  readonly #behind = new Set<string>();

  /** Takes the next event; returns the commit that is on disk with it. */
  read(event: TraceEvent, index: number): InboxCommit | undefined {
    if (event.what === 'commitBegan') {
      const outboxes = event.about.split(',').flatMap((subject) => outboxOf(event.who, subject));
      this.#underWay.set(`${event.who} ${event.commit}`, { outboxes, beganAt: index });
    }
    if (event.what !== 'committed' && event.what !== 'commitTorn' && event.what !== 'commitFailed') return undefined;
    const key = `${event.who} ${event.commit}`;
    const commit = this.#underWay.get(key);
    this.#underWay.delete(key);
    for (const outbox of commit?.outboxes ?? []) {
      if (event.what === 'commitFailed') this.#behind.add(outbox);
      else this.#behind.delete(outbox);
    }
    const isOnDisk = event.what === 'committed' || (event.what === 'commitTorn' && event.applied);
    return isOnDisk ? commit : undefined;
  }

  /** Whether nothing is being written about this outbox's messages, and nothing is to be written from before. */
  isIdle(outbox: string): boolean {
    if (this.#behind.has(outbox)) return false;
    for (const { outboxes } of this.#underWay.values()) if (outboxes.includes(outbox)) return false;
    return true;
  }
}

/** An inbox's record is named by its sender: a device at the agent, `agent` at a device. */
function outboxOf(owner: string, subject: string): string[] {
  if (!subject.startsWith(INBOX)) return [];
  return [owner === 'agent' ? subject.slice(INBOX.length) : `agent/${owner}`];
}
