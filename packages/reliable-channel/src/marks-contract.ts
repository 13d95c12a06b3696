// What goes into the marks of an outbox, and what they tell.

import type { Runtime } from '@holdfast/protocol';
import type { CheckedStore } from './checked-store.js';
import type { MarkedRun, Run, StoreOperation } from './core/index.js';
import type { Outcome } from './delivery.js';
import type { MessageNews } from './delivery-book.js';
import type { GroupCommit } from './group-commit.js';

/** How a message of a tab ended; a reply as it came over the wire. */
export interface MarkedEnd {
  readonly outcome: Outcome;
  readonly reply?: Uint8Array;
}

/** Who is told what becomes of the messages of tabs, in the middle of things: it must not call back. */
export interface MarksObserver {
  /** These are on disk. */
  onStored(tab: string, run: MarkedRun): void;
  /** These are over. It may be told again, then as forgotten: what was told first is what counts. */
  onOver(tab: string, run: Run, end: MarkedEnd): void;
}

/** A message as its tab knows it. */
export interface Origin {
  readonly tab: string;
  /** Counts from 1 in each tab. */
  readonly n: number;
}

/** What a sending half gives to its marks. */
export interface MarksSurroundings {
  readonly runtime: Runtime;
  readonly commits: GroupCommit;
  readonly prefix: string;
  /** Whether a message is over, and the store knows that if it has to. */
  isOver(lane: string, sequence: number): boolean;
}

/** The marks of an outbox, as its sending half needs them; tabs/marks.ts has them. */
export interface OutboxMarks {
  /** A message of a tab gets this number in its lane. */
  take(origin: Origin, message: Pick<MarkedRun, 'lane' | 'sequence' | 'epoch'>): void;
  /** The marks that a commit of the outbox has to hold: those of the messages in the batches that it writes. */
  marksFor(operations: readonly StoreOperation[]): StoreOperation[];
  /** The records to delete with the next commit. */
  takeDeletions(): StoreOperation[];
  /** Their commit failed. */
  giveBack(deletions: readonly StoreOperation[]): void;
  /** Takes what the core tells. */
  onNews(news: MessageNews): void;
  /** Batches of a lane have been read from the store: what an earlier process knew to be over is known now. */
  onLoaded(lane: string, run: Run): void;
  /** The outbox is closed. Marks that could go are left to whoever opens it next. */
  close(): void;
}

/** Reads the marks in a store; then makes them, when there is an outbox around them. */
export type OpenMarks = (
  store: CheckedStore,
  prefix: string,
) => Promise<(surroundings: MarksSurroundings) => OutboxMarks>;
