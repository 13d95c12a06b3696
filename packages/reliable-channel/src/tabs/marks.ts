// Which messages of other tabs have become which messages of this outbox. Each mark goes into the store with the batch of its
// messages, in one commit: whoever opens the outbox after a crash knows what it has, and whom to tell how that ended. A mark
// stays until its tab has heard of all its messages, or is gone.

import { ProtocolError, type TimerHandle } from '@holdfast/protocol';
import type { CheckedStore } from '../checked-store.js';
import {
  batchKeys,
  batchRunOf,
  decodeMark,
  encodeMark,
  type LaneRun,
  type MarkedRun,
  type MarkRecord,
  markKey,
  markKeys,
  type Run,
  SettledNumbers,
  type StoreOperation,
} from '../core/index.js';
import type { MessageNews } from '../delivery-book.js';
import type { MarkedEnd, MarksObserver, MarksSurroundings, Origin, OutboxMarks } from '../marks-contract.js';
import { Spans } from './spans.js';

/** The record that holds a mark, and for how many of its messages the tab has not said that it knows their end. */
interface Kept {
  readonly key: string;
  open: number;
}

/** A run of a tab's messages in a lane. `kept`: no commit has taken it yet. */
interface Mark extends MarkedRun {
  readonly tab: string;
  count: number;
  kept: Kept | undefined;
  isStored: boolean;
}

/** One tab. */
interface Tab {
  /** Its marks by the tab's numbers. */
  readonly marks: Spans<Mark>;
  /** What it knows to be over. */
  readonly known: SettledNumbers;
}

/** Long enough for the outbox's next commit to take the deletions along, in milliseconds. */
const DELETE_DELAY_MS = 1_000;
/** So much is read at a time. */
const READ_BYTES = 1024 * 1024;
/** What a mark's number can be at most. */
const LAST = Number.MAX_SAFE_INTEGER;

const ACKNOWLEDGED: MarkedEnd = { outcome: { status: 'acknowledged' } };
const FORGOTTEN: MarkedEnd = { outcome: { status: 'forgotten' } };

/** Reads the marks of an outbox. One that makes no sense is set aside: the end of its messages will be unknown. */
export async function readMarks(store: CheckedStore, prefix: string): Promise<Map<string, MarkRecord>> {
  const marks = new Map<string, MarkRecord>();
  let { from, to } = markKeys(prefix);
  for (;;) {
    const entries = await store.read({ from, to, maxBytes: READ_BYTES });
    for (const entry of entries) {
      const mark = decodeMark(entry.value);
      if (mark instanceof ProtocolError) await store.quarantine(entry, mark.message);
      else marks.set(entry.key, mark);
    }
    const last = entries.at(-1);
    if (last === undefined) return marks;
    from = `${last.key}\0`;
  }
}

/** What the marks need. */
interface MarksOptions extends MarksSurroundings {
  readonly observer: MarksObserver;
}

/** The marks of one outbox. */
export class Marks implements OutboxMarks {
  readonly #options: MarksOptions;
  readonly #tabs = new Map<string, Tab>();
  /** The marks of each lane by the lane's numbers. */
  readonly #lanes = new Map<string, Spans<Mark>>();
  /** Those that no commit has taken yet. */
  readonly #pending = new Set<Mark>();
  /** Records that nobody needs any more. */
  #deletable = new Set<string>();
  #deleting: TimerHandle | undefined;

  /** @param found - what the store has */
  constructor(options: MarksOptions, found: ReadonlyMap<string, MarkRecord>) {
    this.#options = options;
    for (const [key, { tab, runs }] of found) {
      const kept = { key, open: runs.reduce((sum, { count }) => sum + count, 0) };
      for (const run of runs) this.#add({ ...run, tab, kept, isStored: true });
    }
  }

  /** Tells what is stored of a tab's messages, and what is over: how, nobody knows here. */
  tell(name: string): void {
    for (const mark of this.#tabs.get(name)?.marks.overlapping(1, LAST) ?? []) {
      if (!mark.isStored) continue;
      this.#options.observer.onStored(name, mark);
      this.#tellForgotten(mark.lane, { first: mark.sequence, last: mark.sequence + mark.count - 1 });
    }
  }

  /** The tabs that there are marks of. */
  get tabs(): Iterable<string> {
    return this.#tabs.keys();
  }

  /** Whether the outbox has this message, or has had it and its tab does not know of its end. */
  has({ tab, n }: Origin): boolean {
    return this.#tabs.get(tab)?.marks.overlapping(n, n).length === 1;
  }

  /** Whether the outbox has a later message of the same tab in a lane: then an earlier one that it has not is over. */
  hasLater({ tab, n }: Origin, lane: string): boolean {
    return (
      this.#tabs
        .get(tab)
        ?.marks.overlapping(n + 1, LAST)
        .some((mark) => mark.lane === lane) ?? false
    );
  }

  take({ tab, n }: Origin, { lane, sequence, epoch }: Pick<MarkedRun, 'lane' | 'sequence' | 'epoch'>): void {
    const before = this.#lanes.get(lane)?.last;
    const isNext = before?.tab === tab && before.first + before.count === n && before.epoch === epoch;
    if (isNext && before.kept === undefined && before.sequence + before.count === sequence) before.count += 1;
    else {
      const mark: Mark = { tab, first: n, count: 1, lane, sequence, epoch, kept: undefined, isStored: false };
      this.#add(mark);
      this.#pending.add(mark);
    }
  }

  marksFor(operations: readonly StoreOperation[]): StoreOperation[] {
    const { prefix } = this.#options;
    const { from, to } = batchKeys(prefix);
    const taken = new Map<string, Mark[]>();
    for (const operation of this.#pending.size === 0 ? [] : operations) {
      if (operation.type !== 'put' || operation.key < from || operation.key >= to) continue;
      const run = batchRunOf(operation.value);
      for (const mark of run === undefined ? [] : this.#cut(run)) {
        if (!this.#pending.delete(mark)) continue;
        const marks = taken.get(mark.tab);
        if (marks === undefined) taken.set(mark.tab, [mark]);
        else marks.push(mark);
      }
    }
    return [...taken].map(([tab, marks]) => {
      const runs = marks.sort((a, b) => a.first - b.first);
      const key = markKey(prefix, tab, (runs[0] as Mark).first);
      const kept = { key, open: runs.reduce((sum, { count }) => sum + count, 0) };
      for (const mark of runs) mark.kept = kept;
      return { type: 'put', key, value: encodeMark({ tab, runs }) };
    });
  }

  takeDeletions(): StoreOperation[] {
    const keys = this.#deletable;
    this.#deletable = new Set();
    this.#stopDeleting();
    return [...keys].map((key) => ({ type: 'delete', key }));
  }

  giveBack(deletions: readonly StoreOperation[]): void {
    for (const { key } of deletions) this.#deletable.add(key);
  }

  onNews(news: MessageNews): void {
    if (this.#lanes.size === 0) return;
    if (news.type === 'stored') {
      for (const mark of this.#cut(news)) {
        mark.isStored = true;
        this.#options.observer.onStored(mark.tab, mark);
      }
      return;
    }
    const run = news.type === 'replied' ? { ...news, first: news.sequence, last: news.sequence } : news;
    for (const mark of this.#cut(run)) {
      this.#options.observer.onOver(mark.tab, { first: mark.first, last: mark.first + mark.count - 1 }, endOf(news));
      // What was never stored has no record that would have to go.
      if (this.#pending.delete(mark)) this.#remove(mark);
    }
  }

  onLoaded(lane: string, run: Run): void {
    if (this.#lanes.has(lane)) this.#tellForgotten(lane, run);
  }

  /** A tab knows how these ended. */
  onKnown(name: string, { first, last }: Run): void {
    const tab = this.#tabs.get(name);
    if (tab === undefined) return;
    for (const run of tab.known.addAll({ cumulative: 0, ranges: [{ first, last }] })) {
      for (const mark of tab.marks.overlapping(run.first, run.last)) {
        if (mark.kept === undefined) continue;
        mark.kept.open -= Math.min(run.last, mark.first + mark.count - 1) - Math.max(run.first, mark.first) + 1;
        if (tab.known.hasRun(mark.first, mark.first + mark.count - 1)) this.#remove(mark);
        if (mark.kept.open === 0) this.#delete(mark.kept.key);
      }
    }
  }

  /** A tab is gone: nobody wants to know any more. */
  forget(name: string): void {
    for (const mark of this.#tabs.get(name)?.marks.overlapping(1, LAST) ?? []) {
      this.#pending.delete(mark);
      this.#remove(mark);
      if (mark.kept !== undefined) this.#delete(mark.kept.key);
    }
    this.#tabs.delete(name);
  }

  close(): void {
    this.#stopDeleting();
  }

  #add(mark: Mark): void {
    let tab = this.#tabs.get(mark.tab);
    if (tab === undefined) {
      tab = { marks: new Spans(({ first }) => first), known: new SettledNumbers(1) };
      this.#tabs.set(mark.tab, tab);
    }
    tab.marks.add(mark);
    let lane = this.#lanes.get(mark.lane);
    if (lane === undefined) {
      lane = new Spans(({ sequence }) => sequence);
      this.#lanes.set(mark.lane, lane);
    }
    lane.add(mark);
  }

  #remove(mark: Mark): void {
    this.#tabs.get(mark.tab)?.marks.delete(mark);
    this.#lanes.get(mark.lane)?.delete(mark);
  }

  /** The marks of a run of a lane, cut at its ends, so that each of them lies in it. */
  #cut({ lane, first, last }: LaneRun): Mark[] {
    const marks = this.#lanes.get(lane)?.overlapping(first, last) ?? [];
    return marks.map((mark) => {
      const skipped = Math.max(0, first - mark.sequence);
      const count = Math.min(mark.sequence + mark.count - 1, last) - mark.sequence - skipped + 1;
      return this.#part(this.#part(mark, skipped, mark.count - skipped), 0, count);
    });
  }

  /** Cuts a mark so that these messages of it are one of their own; returns that one. */
  #part(mark: Mark, skipped: number, count: number): Mark {
    if (count === mark.count) return mark;
    const at = skipped === 0 ? count : skipped;
    const { first, sequence } = mark;
    const rest: Mark = { ...mark, first: first + at, sequence: sequence + at, count: mark.count - at };
    mark.count = at;
    this.#add(rest);
    if (this.#pending.has(mark)) this.#pending.add(rest);
    return skipped === 0 ? mark : rest;
  }

  #tellForgotten(lane: string, { first, last }: Run): void {
    const { isOver, observer } = this.#options;
    for (const mark of this.#lanes.get(lane)?.overlapping(first, last) ?? []) {
      const end = Math.min(mark.sequence + mark.count - 1, last);
      for (let sequence = Math.max(mark.sequence, first); sequence <= end; sequence++) {
        if (!isOver(lane, sequence)) continue;
        const n = mark.first + sequence - mark.sequence;
        observer.onOver(mark.tab, { first: n, last: n }, FORGOTTEN);
      }
    }
  }

  #delete(key: string): void {
    const { runtime, commits } = this.#options;
    this.#deletable.add(key);
    this.#deleting ??= runtime.setTimer(DELETE_DELAY_MS, () => {
      const deletions = this.takeDeletions();
      commits.commit(() => deletions).catch(() => this.giveBack(deletions));
    });
  }

  #stopDeleting(): void {
    if (this.#deleting !== undefined) this.#options.runtime.clearTimer(this.#deleting);
    this.#deleting = undefined;
  }
}

function endOf(news: Exclude<MessageNews, { readonly type: 'stored' }>): MarkedEnd {
  if (news.type === 'acknowledged') return ACKNOWLEDGED;
  if (news.type === 'givenUp') return { outcome: { ...news.outcome, attempts: news.attempts } };
  // The bytes may be a view of what came in.
  return { outcome: { status: 'acknowledged' }, reply: news.value.slice() };
}
