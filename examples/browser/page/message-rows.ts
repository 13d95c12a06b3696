// The latest messages as rows, newest first, and how far each has come. It knows no channel and no page.

/** How far a message has come; `taken` means in memory alone, `over` that it ended in another way than acknowledged. */
export type Stage = 'taken' | 'stored' | 'sent' | 'acknowledged' | 'over';

/** One message. */
export interface MessageRow {
  readonly lane: string;
  /** Its number in its lane. */
  readonly sequence: number;
  readonly title: string;
  /** When this page took it, in milliseconds; `undefined` for what an earlier life of the page has left. */
  readonly takenAtMs: number | undefined;
  stage: Stage;
  /** From `takenAtMs` until it was on disk, and until it was over, in milliseconds. */
  storedAfterMs: number | undefined;
  overAfterMs: number | undefined;
  /** The agent's reply, or why it is over. */
  detail: string | undefined;
}

/** What a row begins with. */
export interface NewRow {
  readonly lane: string;
  readonly sequence: number;
  readonly title: string;
  readonly takenAtMs: number | undefined;
}

/** A bounded list of rows. Of messages that are no row any more it forgets everything. */
export class MessageRows {
  readonly #max: number;
  #rows: MessageRow[] = [];

  /** @param max - rows kept; at least 1 */
  constructor(max: number) {
    this.#max = max;
  }

  /** The rows, newest first. */
  get rows(): readonly MessageRow[] {
    return this.#rows;
  }

  /** A message was taken. One from an earlier life of the page, without a time, is on disk already. */
  add(row: NewRow): MessageRow {
    const stage = row.takenAtMs === undefined ? 'stored' : 'taken';
    const added: MessageRow = { ...row, stage, storedAfterMs: undefined, overAfterMs: undefined, detail: undefined };
    this.#rows = [added, ...this.#rows.slice(0, this.#max - 1)];
    return added;
  }

  /** Messages `first` to `last` of the lane are on disk. */
  onStored(lane: string, first: number, last: number, nowMs: number): void {
    for (const row of this.#open(lane, first, last)) {
      if (row.stage === 'taken') row.stage = 'stored';
      row.storedAfterMs ??= since(row, nowMs);
    }
  }

  /** What of the lane has been sent: everything up to this number. What has come back waits on disk again. */
  onSent(lane: string, upTo: number): void {
    for (const row of this.#open(lane, 1, Number.POSITIVE_INFINITY)) {
      if (row.stage === 'stored' && row.sequence <= upTo) row.stage = 'sent';
      else if (row.stage === 'sent' && row.sequence > upTo) row.stage = 'stored';
    }
  }

  /** The agent has handled these. */
  onAcknowledged(lane: string, first: number, last: number, nowMs: number): void {
    for (const row of this.#open(lane, first, last)) {
      row.stage = 'acknowledged';
      row.overAfterMs = since(row, nowMs);
    }
  }

  /** These ended otherwise, as `detail` says. */
  onGivenUp(lane: string, first: number, last: number, nowMs: number, detail: string): void {
    for (const row of this.#open(lane, first, last)) {
      row.stage = 'over';
      row.overAfterMs = since(row, nowMs);
      row.detail = detail;
    }
  }

  #open(lane: string, first: number, last: number): MessageRow[] {
    return this.#rows.filter(
      (row) =>
        row.lane === lane &&
        row.sequence >= first &&
        row.sequence <= last &&
        row.stage !== 'acknowledged' &&
        row.stage !== 'over',
    );
  }
}

const STEPS: readonly Stage[] = ['taken', 'stored', 'sent', 'acknowledged'];

/** The stage to show next, where `shown` was shown before: forward one step at a time, for eyes are slower than disks. */
export function stepTowards(stage: Stage, shown: Stage): Stage {
  const [to, from] = [STEPS.indexOf(stage), STEPS.indexOf(shown)];
  return to > from && from >= 0 ? (STEPS[from + 1] ?? stage) : stage;
}

function since({ takenAtMs }: MessageRow, nowMs: number): number | undefined {
  return takenAtMs === undefined ? undefined : Math.max(0, nowMs - takenAtMs);
}
