// One tab of a shared channel, and what the test has heard of it.

import type { CDPSession, Page } from 'playwright-core';
import type { PageApi, TabReport } from '../page/page.js';
import type { RunningBrowser } from './browser.js';
import type { Site } from './site.js';

declare const holdfast: PageApi;

/** A tab that has opened the shared channel. */
export class Tab {
  readonly name: string;
  readonly page: Page;
  /** What DevTools does with it. */
  readonly session: CDPSession;
  isLeader = false;
  /** When it began to lead the last time, by the wall clock. */
  leadingSinceMs = Number.NaN;
  /** The last number that it has sent. */
  sent = 0;
  /** The numbers that are stored, as it has said. */
  readonly stored = new Set<number>();
  /** How messages ended. */
  readonly outcomes = new Map<number, string>();

  private constructor(name: string, page: Page, session: CDPSession) {
    this.name = name;
    this.page = page;
    this.session = session;
  }

  /** Opens a tab. */
  static async open(browser: RunningBrowser, site: Site, name: string, agentUrl = site.agentUrl): Promise<Tab> {
    const page = await browser.open(site.url);
    const tab = new Tab(name, page, await browser.context.newCDPSession(page));
    await page.exposeFunction('report', (report: TabReport) => tab.#onReport(report));
    await page.evaluate((url) => holdfast.openShared(url), agentUrl);
    return tab;
  }

  /** Lets it send numbers; they go out bit by bit. */
  async send(first: number, last: number): Promise<void> {
    await this.page.evaluate(([from, begin, end]) => holdfast.sendReadings(from, begin, end), [
      this.name,
      first,
      last,
    ] as const);
  }

  /** How its messages ended, each way once. */
  get statuses(): string[] {
    return [...new Set(this.outcomes.values())];
  }

  #onReport(report: TabReport): void {
    if (report.type === 'sent') this.sent = report.value;
    else if (report.type === 'stored') this.stored.add(report.value);
    else if (report.type === 'settled') this.outcomes.set(report.value, report.status);
    else {
      this.isLeader = report.isLeader;
      if (report.isLeader) this.leadingSinceMs = report.atMs;
    }
  }
}
