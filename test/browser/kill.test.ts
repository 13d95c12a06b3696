// Pages that are closed, and browsers that are killed, in the middle of sending: whatever `stored` has said is handled, once
// and in order.

import { readdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { startChaosProxy } from '@holdfast/simulator/chaos-proxy';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PageApi } from './page/page.js';
import { BrowserProfile } from './support/browser.js';
import { type Site, startSite } from './support/site.js';
import { beginStream, numbersTo, type StreamPart } from './support/stream.js';

declare const holdfast: PageApi;

let site: Site;
let profile: BrowserProfile;

beforeEach(async () => {
  site = await startSite();
  profile = new BrowserProfile();
});
afterEach(async () => {
  await profile.remove();
  await site.close();
});

const MESSAGES = 2_000;
const KILLS = 10;
/** How far the stream may come before each kill, in numbers: a page runs ahead of the test that is about to kill it. */
const PER_LIFE = MESSAGES / (KILLS + 1);

test(`a browser that is killed ${KILLS} times within ${MESSAGES} messages loses nothing that was stored`, async () => {
  const proxy = await startChaosProxy({ target: { host: '127.0.0.1', port: site.port } });
  const agentUrl = `ws://127.0.0.1:${proxy.port}/holdfast`;
  let stored = 0;
  for (let kill = 1; kill <= KILLS; kill++) {
    // In some lives the agent answers at once, in some it is slow, and in some nothing gets out.
    site.handlingMs = kill % 3 === 1 ? 2 : 0;
    const isCutOff = kill % 3 === 0;
    proxy.blackHole(isCutOff);
    const browser = await profile.start();
    const { part, opening } = beginStream(browser, { site, agentUrl, last: Math.floor(kill * PER_LIFE) });
    // Some more each time, so that kills come at other moments: in a commit, while a frame is on the way, while acks are.
    const reached = part.untilMore(40 + ((kill * 37) % 100));
    await Promise.race([reached, opening.then(() => reached)]);
    await browser.kill();
    await opening.catch(() => {});
    expect(part.first).toBeGreaterThan(stored);
    stored = part.stored;
    if (isCutOff) expect(stored - site.handled.length).toBeGreaterThanOrEqual(40);
  }

  site.handlingMs = 0;
  proxy.blackHole(false);
  const browser = await profile.start();
  const { part, opening } = beginStream(browser, { site, agentUrl, last: MESSAGES });
  const page = await opening;
  expect(part.first).toBeGreaterThan(stored);
  await expect.poll(() => site.handled.length).toBeGreaterThanOrEqual(MESSAGES);
  await expect.poll(() => page.evaluate(() => holdfast.waitingCount())).toBe(0);
  expect(site.handled).toEqual(numbersTo(MESSAGES));
  expect(browser.faults).toEqual([]);
  await proxy.close();
});

test('a crash that cuts the last record of the database short costs that record alone', async () => {
  const place = { site, last: 1_000_000 };
  const live = async (): Promise<StreamPart> => {
    const browser = await profile.start();
    const { part, opening } = beginStream(browser, place);
    await opening;
    await part.untilMore(50);
    await browser.kill();
    return part;
  };
  await live();
  const torn = await live();
  cutShort(profile.folder);
  const second = await live();
  expect(second.first).toBeGreaterThan(torn.first as number);
  // Chromium itself would find a damaged log now, and delete the database.
  const third = await live();
  expect(third.first).toBeGreaterThan(second.stored);
});

/** Takes some bytes off the end of Chromium's log, as when it was killed while it wrote. */
function cutShort(profileFolder: string): void {
  const files = readdirSync(profileFolder, { recursive: true, encoding: 'utf8' });
  const logs = files.filter((name) => /indexeddb\.leveldb\/\d+\.log$/.test(name)).sort();
  const log = join(profileFolder, logs.at(-1) as string);
  truncateSync(log, statSync(log).size - 3);
}

test('a page that is closed, and one that is loaded again, in the middle of sending lose nothing that was stored', async () => {
  const browser = await profile.start();
  let last = 0;
  let stored = 0;
  for (const way of ['close', 'reload', 'close'] as const) {
    last += 250;
    const { part, opening } = beginStream(browser, { site, last });
    const page = await opening;
    expect(part.first).toBeGreaterThan(stored);
    await part.untilMore(150);
    stored = part.stored;
    if (way === 'reload') {
      await page.reload();
      // The page that went lets the store go in a moment, and the one that came waits for it.
      const next = await page.evaluate(async (url) => {
        const transport = holdfast.createTransport({ deviceId: 'tablet-3', link: holdfast.websocket({ url }) });
        const store = holdfast.idbStore('outbox');
        const channel = await holdfast.openReliableChannel({ transport, store });
        return channel.stats().nextSequence;
      }, site.agentUrl);
      expect(next).toBeGreaterThan(stored);
    }
    await page.close();
  }
  last += 250;
  const { opening } = beginStream(browser, { site, last });
  const page = await opening;
  await expect.poll(() => site.handled.length).toBeGreaterThanOrEqual(last);
  await expect.poll(() => page.evaluate(() => holdfast.waitingCount())).toBe(0);
  expect(site.handled).toEqual(numbersTo(last));
  expect(browser.faults).toEqual([]);
  await browser.close();
});
