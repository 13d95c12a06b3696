// The example page, driven by clicks and keys as its users do, with its server and its agent as processes of their own.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { BrowserProfile, type RunningBrowser } from './support/browser.js';

const SERVE = fileURLToPath(new URL('../../examples/browser/serve.js', import.meta.url));
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let profile: BrowserProfile;
let browser: RunningBrowser;
let server: ChildProcess;
let url: string;
let page: Page;

beforeAll(async () => {
  profile = new BrowserProfile();
  browser = await profile.start();
});
beforeEach(async () => {
  ({ server, url } = await serve(['--port', '0']));
  page = await open();
  await until(() => text('#status')).toContain('Connected');
});
afterEach(async () => {
  for (const each of browser.context.pages()) await each.close();
  // A dial that fails is an error to the browser's console, and what these tests are about.
  expect(browser.faults.filter((fault) => !fault.startsWith('WebSocket connection to'))).toEqual([]);
  browser.faults.length = 0;
  await end(server);
});
afterAll(() => profile.remove());

/** Starts the example as its users do, and resolves with its first line. */
async function serve(args: readonly string[]): Promise<{ server: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [SERVE, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) {
    const found = /http:\S+/.exec(line)?.[0];
    if (found !== undefined) return { server: child, url: found };
  }
  throw new Error('the example ended before it said where its page is');
}

/** Ctrl-C. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = once(child, 'close');
  child.kill('SIGINT');
  expect(await ended).toEqual([0, null]);
}

async function open(): Promise<Page> {
  const opened = await browser.open(url);
  await opened.waitForSelector('html[data-ready]');
  return opened;
}

/** Looks again until it fits; everything is drawn some time after it happens, and what is broken takes its time to mend. */
function until<Value>(look: () => Promise<Value> | Value) {
  return expect.poll(look);
}

async function text(selector: string, where = page): Promise<string> {
  return (await where.textContent(selector)) ?? '';
}

function choose(value: 'up' | 'cut' | 'hole' | 'now' | 'slow' | 'later'): Promise<void> {
  return page.check(`#controls input[value="${value}"]`);
}

async function setRoundTrip(ms: number): Promise<void> {
  await page.fill('#round-trip', String(ms));
  await until(async () => (await state()).roundTripMs).toBe(ms);
}

async function send(machine = 'press-7'): Promise<void> {
  await page.selectOption('#machine', machine);
  await page.click('#send');
}

async function count(id: string): Promise<number> {
  return Number((await text(`#count-${id}`)).replaceAll(',', ''));
}

/** How far the newest rows have come. */
function stages(): Promise<(string | undefined)[]> {
  return page.$$eval('#rows-body tr', (rows) => rows.map((row) => (row as HTMLElement).dataset.stage));
}

interface State {
  readonly roundTripMs: number;
  readonly agent: { readonly status: string; readonly queuedMessages: number };
  readonly done: { readonly reliable: number; readonly repeated: number; readonly plain: number };
}

async function state(): Promise<State> {
  return (await (await fetch(`${url}/state`)).json()) as State;
}

/** Resolves with how many are acknowledged when nothing waits any more, and at least so many are. */
async function untilDone(atLeast: number): Promise<number> {
  await until(() => count('acknowledged')).toBeGreaterThanOrEqual(atLeast);
  await until(async () => (await count('waiting')) + (await count('flight'))).toBe(0);
  await until(() => text('#status')).toBe('Connected, nothing waits');
  return count('acknowledged');
}

test('an inspection goes from stored to sent to acknowledged, and its row says what the agent answered', async () => {
  await setRoundTrip(1_000);
  await page.evaluate(() => {
    const seen: string[] = [];
    Object.assign(globalThis, { seen });
    const rows = document.querySelector('#rows-body') as Element;
    new MutationObserver(() => {
      const stage = rows.querySelector('tr')?.dataset.stage ?? '';
      if (seen.at(-1) !== stage) seen.push(stage);
    }).observe(rows, { childList: true, subtree: true, attributes: true });
  });
  await send();
  expect(await untilDone(1)).toBe(1);
  const seen = await page.evaluate(() => (globalThis as unknown as { seen: string[] }).seen);
  // Before that the row is drawn as taken, where the disk takes longer than a drawing.
  expect(seen.slice(seen[0] === 'taken' ? 1 : 0)).toEqual(['stored', 'sent', 'acknowledged']);
  await until(() => text('#rows-body tr')).toContain('work order 1');
  await until(async () => (await state()).done).toMatchObject({ reliable: 1, repeated: 0 });
  await until(() => text('#announcement')).toBe('Press 7: in order: acknowledged');
});

test('what the agent refuses for good says so in its row', async () => {
  await send('press-9');
  await until(stages).toEqual(['over']);
  await until(() => text('#rows-body tr')).toContain('rejected: no machine press-9 in the register');
  expect(await count('over')).toBe(1);
});

test.each([
  ['cut', /cut/],
  ['hole', /black hole/],
] as const)(
  'while the link is %s everything waits on disk, and afterwards all of it arrives once',
  async (link, said) => {
    await choose(link);
    await until(() => text('#status')).toMatch(said);
    for (let n = 0; n < 5; n++) await send();
    await until(() => text('#station-outbox strong')).toBe('5 messages');
    if (link === 'cut') await until(stages).toEqual(Array(5).fill('stored'));
    await page.selectOption('#rate', '100');
    await page.click('#sensor');
    await until(() => count('accepted')).toBeGreaterThan(30);
    await page.click('#sensor');
    expect((await state()).done.reliable).toBe(0);
    expect(await count('acknowledged')).toBe(0);
    await choose('up');
    const acknowledged = await untilDone(30);
    expect(acknowledged).toBe(await count('accepted'));
    await until(async () => (await state()).done).toMatchObject({ reliable: acknowledged, repeated: 0 });
  },
);

test('an overloaded agent holds up the sensor, and an alarm goes before it', async () => {
  await choose('slow');
  await page.selectOption('#rate', '20');
  await page.click('#sensor');
  // More than the agent handles in the time of this test; and no further ones, which would push the alarm out of the list.
  await until(() => count('accepted')).toBeGreaterThan(80);
  await page.click('#sensor');
  await page.check('input[value="urgent"]');
  await send();
  const alarm = page.locator('#rows-body tr', { hasText: 'lane alarms' });
  await until(() => alarm.getAttribute('data-stage')).toBe('acknowledged');
  expect((await count('waiting')) + (await count('flight'))).toBeGreaterThan(10);
  await choose('now');
  expect(await untilDone(80)).toBe(await count('accepted'));
  expect((await state()).done.repeated).toBe(0);
});

test('an agent that has no time gets everything later', async () => {
  await choose('later');
  await send();
  await send();
  await until(() => text('#station-agent')).toContain('has no time');
  // Sent, and back again.
  await until(stages).toEqual(['stored', 'stored']);
  await choose('now');
  expect(await untilDone(2)).toBe(2);
});

test('an agent that is killed in the middle and started again makes up for everything, each work order once', async () => {
  await page.selectOption('#rate', '100');
  await page.click('#sensor');
  await until(() => count('acknowledged')).toBeGreaterThan(20);
  await choose('slow');
  await send();
  // All of it is lost with the process.
  await until(async () => (await state()).agent.queuedMessages).toBeGreaterThan(20);
  const recorded = await count('acknowledged');
  await page.click('#agent');
  await until(() => text('#station-agent')).toContain('killed');
  const unrecorded = (await count('accepted')) - recorded;
  await choose('now');
  await page.click('#sensor');
  await send();
  expect((await state()).agent.status).toBe('killed');
  await page.click('#agent');
  const acknowledged = await untilDone(20);
  expect(acknowledged).toBe(await count('accepted'));
  await until(async () => (await state()).done.reliable).toBe(acknowledged);
  const { done } = await state();
  // What it had done and not recorded when it died comes again; a work order is in the record.
  expect(done.repeated).toBeLessThanOrEqual(unrecorded);
  const row = page.locator('#rows-body tr', { hasText: 'lane inspections, number 2' });
  await until(() => row.textContent()).toContain('work order 2');
});

test('a page that is loaded again shows what waits, and sends it', async () => {
  await choose('cut');
  await page.selectOption('#rate', '100');
  await page.click('#sensor');
  await until(() => count('accepted')).toBeGreaterThan(10);
  await page.click('#sensor');
  await send('lathe-2');
  // Its own row: that of the last reading is there before.
  const order = page.locator('#rows-body tr', { hasText: 'Lathe 2: in order' });
  await until(() => order.getAttribute('data-stage')).toBe('stored');
  const accepted = await count('accepted');
  await page.reload();
  await page.waitForSelector('html[data-ready="yes"]');
  const found = Number(/ (\d+) messages were waiting/.exec(await text('#kept'))?.[1]);
  expect(found).toBeGreaterThanOrEqual(accepted);
  // Rows are drawn a moment after the channel is open, and the server hears of work a moment after it is done.
  await until(() => text('#rows-body')).toContain('Lathe 2: in order');
  await until(async () => new Set(await stages())).toEqual(new Set(['stored']));
  await choose('up');
  expect(await untilDone(found)).toBe(found);
  await until(() => text('#kept')).toContain('has been emptied since');
  await until(async () => (await state()).done).toMatchObject({ reliable: found, repeated: 0 });
});

test('three ways compared: a plain send answers 0 for what the agent never handles, the channel does not', async () => {
  const rows = (): Promise<string[][]> =>
    page.$$eval('#compare-body tr', (each) =>
      each.map((row) => [...row.children].map((cell) => cell.textContent ?? '')),
    );
  await page.click('#compare');
  await until(async () => (await rows()).map(([, , handled]) => handled)).toEqual(['yes', 'yes', 'yes']);
  // The server has all of it, and the agent has no time: plain messages are dropped.
  await choose('later');
  await page.click('#compare');
  const expected = [
    ['send, WAIT_TIL_SENT', '0it is in the send buffer', 'no: it is lost'],
    ['send, WAIT_FOR_ACK', '0the server has it', 'no: it is lost'],
    ['reliable channel', 'storedit is on disk here, and will arrive', 'not yet'],
  ];
  await until(async () => (await rows()).slice(0, 3)).toEqual(expected);
  await choose('now');
  const arrived = ['reliable channel', 'acknowledgedthe work is done and recorded', 'yes'];
  await until(async () => (await rows())[2]).toEqual(arrived);
});

test('a slow radio fills the send buffer', async () => {
  await page.selectOption('#radio', '500');
  await page.selectOption('#rate', '100');
  await page.click('#sensor');
  await until(() => text('#station-buffer strong')).toMatch(/^[1-3],\d{3} of 3,456 bytes$/);
  const picture = page.locator('.chart.buffer svg');
  await until(() => picture.getAttribute('aria-label')).toMatch(/at most 3,\d{3} bytes$/);
});

test('a second tab says that the outbox is taken, and takes it when the first is closed', async () => {
  const second = await open();
  expect(await text('#trouble', second)).toContain('STORE_LOCKED');
  expect(await second.isDisabled('#send')).toBe(true);
  expect(await violationsIn(second)).toEqual([]);
  await page.close();
  await second.click('#trouble-again');
  await second.waitForSelector('html[data-ready="yes"]');
  page = second;
  await send();
  expect(await untilDone(1)).toBe(1);
});

test('a browser that stores nothing is told so', async () => {
  const second = await browser.context.newPage();
  await second.addInitScript(() => Object.defineProperty(globalThis, 'indexedDB', { value: undefined }));
  await second.goto(url);
  await second.waitForSelector('html[data-ready="no"]');
  expect(await text('#trouble', second)).toContain('STORE_UNAVAILABLE');
  expect(await text('#trouble', second)).toContain('Leave the private window');
});

test('a store whose data is cleared under the page is told at once', async () => {
  const session = await browser.context.newCDPSession(page);
  await session.send('Storage.clearDataForOrigin', { origin: url, storageTypes: 'indexeddb' });
  await send();
  await until(() => text('#problem')).toContain('its data was cleared');
  await until(() => stages()).toEqual(['over']);
  await until(() => text('#rows-body tr')).toContain('evicted');
  expect(await violationsIn(page)).toEqual([]);
});

test('everything can be done by keyboard alone', async () => {
  await page.keyboard.press('Tab');
  expect(await focused()).toBe('Skip to the page');
  await page.keyboard.press('Enter');
  const visited: string[] = [];
  const tabTo = async (id: string): Promise<void> => {
    for (let steps = 0; steps < 30; steps++) {
      await page.keyboard.press('Tab');
      const { now, isVisible } = await page.evaluate(() => {
        const element = document.activeElement as HTMLElement;
        // A radio button is drawn by its label.
        const outlined = element.closest('.choice') ?? element;
        const { outlineStyle, outlineWidth } = getComputedStyle(outlined);
        return {
          now: element.id || element.getAttribute('value'),
          isVisible: outlineStyle !== 'none' && outlineWidth !== '0px',
        };
      });
      visited.push(`${now}${isVisible ? '' : ' without a visible focus'}`);
      if (now === id) return;
    }
    throw new Error(`Tab does not lead to ${id}: ${visited.join(', ')}`);
  };
  await tabTo('finding');
  await page.keyboard.press('ArrowDown');
  await tabTo('note');
  await page.keyboard.type('left side');
  await tabTo('routine');
  await page.keyboard.press('ArrowRight');
  await tabTo('send');
  await page.keyboard.press('Enter');
  expect(await untilDone(1)).toBe(1);
  await until(() => text('#rows-body tr')).toContain('Press 7: oil leaklane alarms');
  await tabTo('sensor');
  await page.keyboard.press('Space');
  await tabTo('up');
  await page.keyboard.press('ArrowRight');
  await until(() => text('#status')).toContain('The link is cut');
  await tabTo('agent');
  await page.keyboard.press('Enter');
  await until(() => text('#agent')).toBe('Start the agent');
  expect(await focused()).toBe('Start the agent');
  await tabTo('round-trip');
  await page.keyboard.press('ArrowRight');
  await until(async () => (await state()).roundTripMs).toBe(350);
  await tabTo('compare');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#compare-body tr');
  expect(visited.filter((each) => each.includes('without'))).toEqual([]);
});

function focused(): Promise<string> {
  return page.evaluate(() => document.activeElement?.textContent ?? '');
}

test.each(['light', 'dark'] as const)('axe-core finds nothing, whatever happens, in %s', async (colorScheme) => {
  await page.emulateMedia({ colorScheme });
  expect(await violationsIn(page), 'fresh').toEqual([]);
  await send();
  await send('press-9');
  await page.click('#compare');
  await page.selectOption('#rate', '20');
  await page.click('#sensor');
  await choose('slow');
  await until(() => count('flight')).toBeGreaterThan(5);
  expect(await violationsIn(page), 'overloaded').toEqual([]);
  await choose('cut');
  await until(() => text('#status')).toContain('The link is cut');
  await page.click('#compare');
  expect(await violationsIn(page), 'cut').toEqual([]);
  await page.click('#agent');
  await until(() => text('#agent')).toBe('Start the agent');
  expect(await violationsIn(page), 'killed').toEqual([]);
  await page.setViewportSize({ width: 320, height: 640 });
  expect(await violationsIn(page), 'narrow').toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
  await page.reload();
  await page.waitForSelector('html[data-ready="yes"]');
  expect(await violationsIn(page), 'loaded again').toEqual([]);
});

/** What axe-core finds, one line each. */
async function violationsIn(audited: Page): Promise<string[]> {
  // The page's policy lets no script in but its own; the browser's debugger may.
  await audited.evaluate(AXE);
  const results = (await audited.evaluate('axe.run(document)')) as AxeResults;
  expect(results.passes.length).toBeGreaterThan(20);
  return results.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

test('its server is for its own page on this machine', async () => {
  const post = (headers: Record<string, string>, body = '{"link":"cut"}'): Promise<number> =>
    fetch(`${url}/control`, { method: 'POST', headers, body }).then(({ status }) => status);
  const json = { 'content-type': 'application/json' };
  expect(await post(json)).toBe(403);
  expect(await post({ ...json, origin: 'http://example.com' })).toBe(403);
  expect(await post({ ...json, origin: url, 'sec-fetch-site': 'cross-site' })).toBe(403);
  expect(await post({ origin: url, 'content-type': 'text/plain' })).toBe(415);
  expect(await post({ ...json, origin: url }, '{"link":"soft"}')).toBe(400);
  expect(await post({ ...json, origin: url }, `{"link":"${'x'.repeat(2_000)}"}`)).toBe(400);
  expect(await post({ ...json, origin: url })).toBe(200);
  const { headers } = await fetch(url);
  const policy = headers.get('content-security-policy') ?? '';
  expect(policy).toMatch(
    /^default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' ws:/,
  );
  expect((await fetch(`${url}/serve.js`)).status).toBe(404);
});

test('says in one line what is wrong with how it was started', async () => {
  const run = async (args: readonly string[]): Promise<{ code: number; said: string }> => {
    const child = spawn(process.execPath, [SERVE, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (bytes) => {
      said += bytes;
    });
    const [code] = await once(child, 'close');
    return { code, said };
  };
  const { port } = new URL(url);
  expect(await run(['--port', port])).toEqual({
    code: 1,
    said: `port ${port} is taken; choose another one with --port\n`,
  });
  const file = fileURLToPath(import.meta.url);
  const noInbox = await run(['--port', '0', '--inbox', file]);
  expect(noInbox).toMatchObject({ code: 1, said: expect.stringMatching(/^the agent can not start: .+\n$/) });
  expect(await run(['--port', 'x'])).toMatchObject({
    code: 2,
    said: expect.stringMatching(/^--port is a number.*usage.*\n$/),
  });
});
