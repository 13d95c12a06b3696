// The WebSocket link in a real browser, with an agent at the other end.

import { startChaosProxy } from '@holdfast/simulator/chaos-proxy';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { PageApi } from './page/page.js';
import { BrowserProfile, type RunningBrowser } from './support/browser.js';
import { type Site, startSite } from './support/site.js';
import { beginStream, numbersTo } from './support/stream.js';

declare const holdfast: PageApi;

/** What a page of these tests puts into its global scope. */
interface Dialing {
  readonly transport: ReturnType<PageApi['createTransport']>;
  /** The wait before the next attempt. */
  delayMs: number;
  /** Why connections ended. */
  readonly causes: string[];
}
declare const dialing: Dialing;

let site: Site;
let profile: BrowserProfile;
let browser: RunningBrowser;
let page: Page;

beforeAll(async () => {
  profile = new BrowserProfile();
  browser = await profile.start();
});
beforeEach(async () => {
  site = await startSite();
  page = await browser.open(site.url);
});
afterEach(async () => {
  await browser.context.setOffline(false);
  for (const each of browser.context.pages()) await each.close();
  browser.faults.length = 0;
  await site.close();
});
afterAll(() => profile.remove());

test('carries messages and server acks both ways, larger than any piece of them', async () => {
  const lengths: number[] = [];
  site.agent.on('question', (data, { device }) => {
    lengths.push((data as string).length);
    void site.agent.sendPlain(device, 'answer', 'x'.repeat(100_000));
  });
  const result = await page.evaluate(async (url) => {
    const transport = holdfast.createTransport({ deviceId: 'tablet-3', link: holdfast.websocket({ url }) });
    transport.setSendTimeoutPolicy(holdfast.RETURN_ON_ERROR, holdfast.WAIT_FOR_ACK, 10);
    const answer = new Promise<string>((resolve) => transport.on('answer', (data) => resolve(data as string)));
    const reason = await transport.connect();
    const code = await transport.send('question', 'y'.repeat(200_000));
    const length = (await answer).length;
    await transport.disconnect();
    return { reason, code, length };
  }, site.agentUrl);
  expect(result).toEqual({ reason: 5, code: 0, length: 100_000 });
  expect(lengths).toEqual([200_000]);
  expect(browser.faults).toEqual([]);
});

test('says what it can when a page may not come in, and when nobody is there', async () => {
  const connect = (url: string) =>
    page.evaluate(async (given) => {
      const transport = holdfast.createTransport({ deviceId: 'tablet-3', link: holdfast.websocket({ url: given }) });
      transport.setSendTimeoutPolicy(holdfast.RETURN_ON_ERROR, holdfast.WAIT_TIL_SENT, 10);
      let detail = '';
      transport.observe((event) => {
        if (event.type === 'connectFailed') detail = event.cause.detail;
      });
      return { reason: await transport.connect(), detail };
    }, url);
  // The agent is told of 127.0.0.1 only.
  await page.goto(site.url.replace('127.0.0.1', 'localhost'));
  const stranger = await connect(site.agentUrl);
  expect(stranger).toEqual({ reason: 4, detail: expect.stringContaining("its listener's origins name this page") });
  expect(site.agent.stats().connections).toBe(0);
  await page.goto(site.url);
  expect((await connect(`${site.agentUrl}/elsewhere`)).reason).toBe(4);
  expect((await connect('ws://127.0.0.1:1/')).reason).toBe(4);
  expect((await connect(site.agentUrl)).reason).toBe(5);
});

test('gives a browser no more than it passes on', async () => {
  const proxy = await startChaosProxy({ target: { host: '127.0.0.1', port: site.port } });
  const buffered = await page.evaluate(async (url) => {
    const sockets: WebSocket[] = [];
    globalThis.WebSocket = class extends WebSocket {
      constructor(...args: ConstructorParameters<typeof WebSocket>) {
        super(...args);
        sockets.push(this);
      }
    };
    const transport = holdfast.createTransport({
      deviceId: 'tablet-3',
      link: holdfast.websocket({ url }),
      sendBufferBytes: 1_000_000,
    });
    await transport.connect();
    Object.assign(globalThis, { transport, sockets });
    return sockets.length;
  }, `ws://127.0.0.1:${proxy.port}/holdfast`);
  expect(buffered).toBe(1);
  proxy.bandwidth(1);
  // More than proxy, operating system and browser take together: most of it must stay where it can be counted.
  const most = await page.evaluate(async () => {
    const { transport, sockets } = globalThis as unknown as {
      transport: ReturnType<PageApi['createTransport']>;
      sockets: WebSocket[];
    };
    for (let n = 0; n < 200; n++) void transport.send('n', 'x'.repeat(100_000));
    let highest = 0;
    for (let look = 0; look < 50; look++) {
      highest = Math.max(highest, sockets[0]?.bufferedAmount ?? 0);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return { highest, used: transport.sendBuffer.usedBytes };
  });
  // What may be waiting when it is given more, and one write.
  expect(most.highest).toBeGreaterThan(0);
  expect(most.highest).toBeLessThanOrEqual(65_536 + 65_536);
  expect(most.used).toBeGreaterThan(500_000);
  await proxy.close();
});

test('a page that is offline for a while keeps what it is given, and sends it when it is back', async () => {
  const [before, after] = [100, 500];
  const { part, opening } = beginStream(browser, { site, last: before });
  const streaming = await opening;
  await part.untilStored(before);
  await expect.poll(() => streaming.evaluate(() => holdfast.waitingCount())).toBe(0);
  expect(site.handled).toEqual(numbersTo(before));
  await browser.context.setOffline(true);
  expect(await streaming.evaluate(() => navigator.onLine)).toBe(false);
  await streaming.evaluate((last) => holdfast.continueStream(last), after);
  await part.untilStored(after);
  expect(site.handled).toHaveLength(before);
  await browser.context.setOffline(false);
  await expect.poll(() => site.handled.length).toBeGreaterThanOrEqual(after);
  await expect.poll(() => streaming.evaluate(() => holdfast.waitingCount())).toBe(0);
  expect(site.handled).toEqual(numbersTo(after));
});

/** Keeps a connection up that is dialed again only when the page is told something: the wait is an hour, and never shorter. */
async function keepConnected(port: number, keepaliveTimeoutMs = 45_000): Promise<void> {
  const options = { url: `ws://127.0.0.1:${port}/holdfast`, keepaliveTimeoutMs };
  await page.evaluate(async ({ url, keepaliveTimeoutMs }) => {
    const transport = holdfast.createTransport({
      deviceId: 'tablet-3',
      link: holdfast.websocket({ url }),
      keepaliveTimeoutMs,
      reconnectBackoff: { minMs: 3_600_000, maxMs: 3_600_000 },
      runtime: { ...holdfast.systemRuntime(), randomUint32: () => 0xffff_ffff },
    });
    const dialing: Dialing = { transport, delayMs: 0, causes: [] };
    transport.observe((event) => {
      if (event.type === 'reconnectScheduled') dialing.delayMs = event.delayMs;
      if (event.type === 'disconnected') dialing.causes.push(event.cause.kind);
    });
    Object.assign(globalThis, { dialing });
    await transport.connect();
    transport.keepConnected();
  }, options);
}

/** A browser without a window neither hides nor freezes a page, so what it would say is said by the test. */
async function say(event: string): Promise<void> {
  await page.evaluate((name) => document.dispatchEvent(new Event(name)), event);
}

test.each([
  ['the browser is online again', 'online'],
  ['a page that was frozen runs again', 'resume'],
  ['a page that was hidden is seen again', 'visibilitychange'],
])('dials at once when %s', async (_, event) => {
  const proxy = await startChaosProxy({ target: { host: '127.0.0.1', port: site.port } });
  await keepConnected(proxy.port);
  await proxy.refuse(true);
  proxy.cut();
  await expect.poll(() => page.evaluate(() => dialing.delayMs)).toBeGreaterThan(3_000_000);
  await proxy.refuse(false);
  if (event === 'online') {
    await browser.context.setOffline(true);
    await browser.context.setOffline(false);
  } else await say(event);
  await expect.poll(() => page.evaluate(() => dialing.transport.isConnected())).toBe(true);
  await proxy.close();
});

test('finds out that its connection died while the page was frozen', async () => {
  const proxy = await startChaosProxy({ target: { host: '127.0.0.1', port: site.port } });
  await keepConnected(proxy.port, 1_000);
  proxy.blackHole(true);
  await say('resume');
  await expect.poll(() => page.evaluate(() => dialing.causes)).toEqual(['keepaliveTimeout']);
  proxy.blackHole(false);
  await say('resume');
  await expect.poll(() => page.evaluate(() => dialing.transport.isConnected())).toBe(true);
  await proxy.close();
});

test('keeps a connection that lives when the page runs again', async () => {
  await keepConnected(site.port, 1_000);
  await say('resume');
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  expect(await page.evaluate(() => [dialing.causes, dialing.transport.isConnected()])).toEqual([[], true]);
});

test('makes an attempt again that hangs when the network is back', async () => {
  const proxy = await startChaosProxy({ target: { host: '127.0.0.1', port: site.port } });
  await keepConnected(proxy.port);
  proxy.cut();
  await expect.poll(() => page.evaluate(() => dialing.delayMs)).toBeGreaterThan(3_000_000);
  proxy.blackHole(true);
  await say('resume');
  await expect.poll(() => proxy.stats().connectionsDoomed).toBe(1);
  proxy.blackHole(false);
  // Not before it has hung for a while.
  await expect.poll(() => say('resume').then(() => page.evaluate(() => dialing.transport.isConnected()))).toBe(true);
  await proxy.close();
});

test('cuts in the middle of a stream cost nothing', async () => {
  const last = 1_000;
  const proxy = await startChaosProxy({ target: { host: '127.0.0.1', port: site.port } });
  const agentUrl = `ws://127.0.0.1:${proxy.port}/holdfast`;
  const { part, opening } = beginStream(browser, { site, last, agentUrl });
  const streaming = await opening;
  for (let count = 100; count <= last; count += 100) {
    await part.untilStored(count);
    proxy.cut();
  }
  await expect.poll(() => site.handled.length).toBeGreaterThanOrEqual(last);
  await expect.poll(() => streaming.evaluate(() => holdfast.waitingCount())).toBe(0);
  expect(site.handled).toEqual(numbersTo(last));
  await proxy.close();
});
