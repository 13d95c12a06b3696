// Progress for people: on a terminal a bar with rate and time left, elsewhere a few plain lines that a log can hold.

import cliProgress from 'cli-progress';
import { colorsOf, duration, type TextStream } from './terminal.js';

/** The options of `createProgress`. */
export interface ProgressOptions {
  /** What is being done: `sending`. */
  readonly label: string;
  /** The count at the end, where that is known. */
  readonly total?: number;
  /** Where to show it. A terminal gets a bar. */
  readonly stream: TextStream;
  /** The clock, in milliseconds; tests hand in their own. */
  readonly nowMs?: () => number;
}

/** Shows how far something is. Made by `createProgress`. */
export interface Progress {
  /** So much is done. @param note - something to say beside the numbers, until the next call */
  update(count: number, note?: string): void;
  /** Writes a line of its own that stays. */
  log(line: string): void;
  /** Takes the bar away. Whoever made the progress says how it ended. */
  stop(): void;
}

/** Begins to show progress. On a terminal it keeps the process running until `stop`. */
export function createProgress(options: ProgressOptions): Progress {
  return options.stream.isTTY === true ? new ProgressBar(options) : new ProgressLines(options);
}

/** The rate is taken over this long, so that it follows a link that changes. */
const RATE_WINDOW_MS = 5_000;
const SAMPLE_EVERY_MS = 250;
/** Plain lines come no closer than this, and where the total is known no closer than a tenth of it. */
const LINE_EVERY_MS = 2_000;
const LINES_PER_TOTAL = 10;
const BAR_CHARACTERS = 28;

/** The numbers behind both kinds of display. */
class Pace {
  readonly total: number | undefined;
  readonly nowMs: () => number;
  #count = 0;
  readonly #samples: { readonly atMs: number; readonly count: number }[];

  constructor(options: ProgressOptions) {
    this.total = options.total;
    this.nowMs = options.nowMs ?? (() => performance.now());
    this.#samples = [{ atMs: this.nowMs(), count: 0 }];
  }

  get count(): number {
    return this.#count;
  }

  update(count: number): void {
    this.#count = count;
    const atMs = this.nowMs();
    const last = this.#samples.at(-1);
    if (last === undefined || atMs - last.atMs >= SAMPLE_EVERY_MS) this.#samples.push({ atMs, count });
    // One that is older than the window stays: a rate needs a beginning.
    while (this.#samples.length > 2 && atMs - (this.#samples[1]?.atMs ?? atMs) >= RATE_WINDOW_MS) this.#samples.shift();
  }

  /** `120/400, 31/s, 9 s left`. */
  describe(): string {
    const perSecond = this.#perSecond();
    const parts = [this.total === undefined ? `${this.#count}` : `${this.#count}/${this.total}`];
    if (perSecond !== undefined) parts.push(`${perSecond < 10 ? perSecond.toFixed(1) : Math.round(perSecond)}/s`);
    if (this.total !== undefined && perSecond !== undefined && perSecond > 0 && this.#count < this.total) {
      parts.push(`${duration((this.total - this.#count) / perSecond)} left`);
    }
    return parts.join(', ');
  }

  #perSecond(): number | undefined {
    const first = this.#samples[0];
    const passedMs = this.nowMs() - (first?.atMs ?? 0);
    return first === undefined || passedMs < SAMPLE_EVERY_MS
      ? undefined
      : ((this.#count - first.count) / passedMs) * 1_000;
  }
}

class ProgressBar implements Progress {
  readonly #options: ProgressOptions;
  readonly #pace: Pace;
  readonly #bar: cliProgress.SingleBar;
  #note = '';
  #isStopped = false;

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#pace = new Pace(options);
    this.#bar = new cliProgress.SingleBar({
      stream: options.stream,
      format: (barOptions, { progress }) => this.#line(cliProgress.Format.BarFormat(progress, barOptions)),
      barCompleteString: '='.repeat(BAR_CHARACTERS),
      barIncompleteString: '-'.repeat(BAR_CHARACTERS),
      barsize: BAR_CHARACTERS,
      clearOnComplete: true,
      // Else the library would take Ctrl-C over.
      gracefulExit: false,
      emptyOnZero: true,
    });
    this.#start();
  }

  update(count: number, note = ''): void {
    if (this.#isStopped) return;
    this.#pace.update(count);
    this.#note = note;
    this.#bar.update(count);
  }

  log(line: string): void {
    if (!this.#isStopped) this.#bar.stop();
    this.#options.stream.write(`${line}\n`);
    if (!this.#isStopped) this.#start();
  }

  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#bar.stop();
  }

  #start(): void {
    this.#bar.start(this.#pace.total ?? 0, this.#pace.count);
  }

  #line(bar: string): string {
    const { label, stream, total } = this.#options;
    const note = this.#note === '' ? '' : `, ${this.#note}`;
    const shownBar = total === undefined ? '' : `[${bar}] `;
    // Some terminals do not tell their width.
    const width = (stream.columns || 80) - 1;
    const text = `${label} ${shownBar}${this.#pace.describe()}${note}`.slice(0, Math.max(1, width));
    return shownBar === '' ? text : text.replace(shownBar, colorsOf(stream).cyan(shownBar));
  }
}

class ProgressLines implements Progress {
  readonly #options: ProgressOptions;
  readonly #pace: Pace;
  #lastLineMs: number;
  #lastTenth = 0;

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#pace = new Pace(options);
    this.#lastLineMs = this.#pace.nowMs();
  }

  update(count: number, note = ''): void {
    this.#pace.update(count);
    const { total } = this.#pace;
    const nowMs = this.#pace.nowMs();
    const tenth = total === undefined || total === 0 ? undefined : Math.floor((count / total) * LINES_PER_TOTAL);
    if (nowMs - this.#lastLineMs < LINE_EVERY_MS || (tenth !== undefined && tenth <= this.#lastTenth)) return;
    this.#lastLineMs = nowMs;
    this.#lastTenth = tenth ?? 0;
    this.log(`${this.#options.label} ${this.#pace.describe()}${note === '' ? '' : `, ${note}`}`);
  }

  log(line: string): void {
    this.#options.stream.write(`${line}\n`);
  }

  stop(): void {}
}
