// A real browser as a process of its own, on a profile that outlives it: it can be closed, or killed with everything that
// belongs to it, and started again.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { findChromium } from './chromium.js';

const FLAGS = [
  '--headless',
  // The pages are ours, and a container may not allow what the sandbox needs.
  '--no-sandbox',
  '--disable-dev-shm-usage',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--no-first-run',
  '--no-proxy-server',
  '--remote-debugging-port=0',
];

/** A browser that runs. */
export interface RunningBrowser {
  readonly context: BrowserContext;
  /** Opens a page; what goes wrong in it is written down in `faults`. */
  open(url: string): Promise<Page>;
  /** Uncaught errors and console errors of all pages. */
  readonly faults: string[];
  /** Ends every process of it with SIGKILL, as a crash or a lost battery does; resolves when they are gone. */
  kill(): Promise<void>;
  /** Closes it as its user does. */
  close(): Promise<void>;
}

/** A folder with what a browser keeps. */
export class BrowserProfile {
  /** Where it lies. */
  readonly folder = mkdtempSync(join(tmpdir(), 'holdfast-browser-'));
  #running: ChildProcess | undefined;

  /** Starts a browser on this profile; one at a time. */
  async start(): Promise<RunningBrowser> {
    const { path, env } = await findChromium();
    const child = spawn(path, [...FLAGS, `--user-data-dir=${this.folder}`, 'about:blank'], {
      // A process group, so that it can be killed as a whole.
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...env, HOME: this.folder },
    });
    this.#running = child;
    const exited = once(child, 'exit');
    // Otherwise every page would pass for visible for ever, and none could be frozen.
    const browser = await chromium.connectOverCDP(await endpointOf(child), { noDefaults: true });
    const context = browser.contexts()[0] as BrowserContext;
    const faults: string[] = [];
    const kill = async (): Promise<void> => {
      killGroup(child);
      await exited;
    };
    return {
      context,
      faults,
      open: async (url) => {
        const page = await context.newPage();
        page.on('pageerror', (error) => faults.push(String(error)));
        page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
        await page.goto(url);
        return page;
      },
      kill,
      close: async () => {
        const session = await browser.newBrowserCDPSession();
        // It answers by going away.
        await session.send('Browser.close').catch(() => {});
        await exited;
      },
    };
  }

  /** Ends what runs and deletes everything. */
  async remove(): Promise<void> {
    const child = this.#running;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit');
      killGroup(child);
      await exited;
    }
    // Processes of the group may be about to end and still write.
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }
}

function killGroup(child: ChildProcess): void {
  try {
    process.kill(-(child.pid as number), 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

/** Where the browser can be told what to do: it says so on its standard error. */
function endpointOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    let isKnown = false;
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`the browser did not start:\n${said}`)));
    // What it says later is read as well, so that it never waits for a reader, and is of no interest.
    child.stderr?.on('data', (bytes) => {
      if (isKnown) return;
      said += bytes;
      const endpoint = /DevTools listening on (ws:\S+)\s/.exec(said)?.[1];
      if (endpoint === undefined) return;
      isKnown = true;
      resolve(endpoint);
    });
  });
}
