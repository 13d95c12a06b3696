// What screen readers are told. Politely, the latest news only, and not more often than anyone can listen.

/** The least time between two announcements, in milliseconds. */
const PAUSE_MS = 3_000;

/** Speaks through one live region. */
export class Announcer {
  readonly #region: Element;
  #next: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(region: Element) {
    this.#region = region;
  }

  /** Says this now, or as soon as the pause is over, unless there is newer news by then. */
  say(text: string): void {
    this.#next = text;
    if (this.#timer === undefined) this.#speak();
  }

  #speak(): void {
    this.#timer = undefined;
    if (this.#next === undefined) return;
    this.#region.textContent = this.#next;
    this.#next = undefined;
    this.#timer = setTimeout(() => this.#speak(), PAUSE_MS);
  }
}
