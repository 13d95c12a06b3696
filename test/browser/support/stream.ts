// A stream of numbered messages from pages of one profile, which a test interrupts, and what the test has heard of it.

import type { Page } from 'playwright-core';
import type { PageApi, StreamReport } from '../page/page.js';
import type { RunningBrowser } from './browser.js';
import type { Site } from './site.js';

declare const holdfast: PageApi;

/** One page's part of a stream. */
export class StreamPart {
  /** The number with which it goes on, once its channel is open. */
  first: number | undefined;
  /** The highest number of which the test has heard that it is stored. */
  stored = 0;
  #waiting: { readonly isReached: () => boolean; readonly resolve: () => void }[] = [];

  /** Takes what the page says. */
  onReport(report: StreamReport): void {
    if (report.type === 'opened') {
      this.first = report.next;
      this.stored = report.next - 1;
    } else this.stored = report.last;
    const reached = this.#waiting.filter(({ isReached }) => isReached());
    this.#waiting = this.#waiting.filter((each) => !reached.includes(each));
    for (const { resolve } of reached) resolve();
  }

  /** Resolves when the page has stored so many more than it found. */
  untilMore(count: number): Promise<void> {
    return this.#until(() => this.first !== undefined && this.stored >= this.first - 1 + count);
  }

  /** Resolves when the messages up to this number are stored. */
  untilStored(last: number): Promise<void> {
    return this.#until(() => this.stored >= last);
  }

  #until(isReached: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      if (isReached()) resolve();
      else this.#waiting.push({ isReached, resolve });
    });
  }
}

/** What `beginStream` needs. */
export interface StreamPlace {
  readonly site: Site;
  /** The last number to send. */
  readonly last: number;
  /** Where the page finds the agent, when there is something in between. */
  readonly agentUrl?: string;
}

/**
 * Opens a page that sends the numbers from where the profile's stream stopped. Its part is told from the beginning, the page
 * when its channel is open.
 */
export function beginStream(browser: RunningBrowser, place: StreamPlace): { part: StreamPart; opening: Promise<Page> } {
  const part = new StreamPart();
  const open = async (): Promise<Page> => {
    const page = await browser.open(place.site.url);
    await page.exposeFunction('report', (report: StreamReport) => part.onReport(report));
    const options = { agentUrl: place.agentUrl ?? place.site.agentUrl, last: place.last };
    await page.evaluate((given) => holdfast.startStream(given), options);
    return page;
  };
  return { part, opening: open() };
}

/** The numbers from 1 to `last`. */
export function numbersTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}
