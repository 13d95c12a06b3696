// A disk that is full, for real. Goal: every message ends as stored or with an outcome that says why, the process lives on,
// and when there is room again, or the agent takes what waits, everything goes on. Method: a device in a process of its own
// on a tmpfs of a few megabytes, and a real agent behind a proxy that keeps it away at first.

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Agent, createAgent, deviceTokens } from '@holdfast/agent';
import { tcpListener } from '@holdfast/agent/tcp';
import { memoryStore } from '@holdfast/reliable-channel/memory';
import { type ChaosProxy, startChaosProxy } from '@holdfast/simulator/chaos-proxy';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Child } from '../support/child.js';
import { SmallDisk, smallDiskFault } from '../support/small-disk.js';

const DEVICE = new URL('fixtures/full-disk-device.mjs', import.meta.url);
const OPENER = new URL('fixtures/full-disk-opener.mjs', import.meta.url);
const REFILL = new URL('fixtures/full-disk-refill.mjs', import.meta.url);
const DISK_MEBIBYTES = 4;
const BALLAST_BYTES = 1024 * 1024;
const REFUSED = 'STORE_FAILED evicted';

/** What the device says: how each message ended so far, by its number. */
interface DeviceSays {
  readonly type: string;
  readonly ends?: readonly (readonly [number, string])[];
  readonly waiting?: number;
}

const fault = smallDiskFault();

describe.skipIf(fault !== undefined)(`on a full disk${fault === undefined ? '' : ` (skipped: ${fault})`}`, () => {
  let disk: SmallDisk;
  let agent: Agent;
  let proxy: ChaosProxy;
  /** The numbers that the handler was given, in order. */
  let handled: number[];
  let children: Child<unknown>[];

  beforeEach(async () => {
    disk = new SmallDisk(DISK_MEBIBYTES);
    children = [];
    handled = [];
    agent = createAgent({
      listeners: [tcpListener({ port: 0 })],
      authenticate: deviceTokens({ 'press-7': 'full disk' }),
      store: memoryStore(),
    });
    agent.on('reading', (data) => void handled.push((data as { number: number }).number));
    const [listener] = await agent.listen();
    proxy = await startChaosProxy({ target: { host: '127.0.0.1', port: listener?.port as number } });
    await proxy.refuse(true);
  });

  afterEach(async () => {
    for (const child of children) await child.dispose();
    await proxy.close();
    await agent.close();
    disk.unmount();
  });

  async function startDevice({ firstNumber = 1, batch = 3, isSmall = false } = {}): Promise<Child<DeviceSays>> {
    const settings = { folder: join(disk.folder, 'outbox'), port: proxy.port, firstNumber, batch, isSmall };
    const child = new Child<DeviceSays>(DEVICE, settings);
    children.push(child);
    await child.next(({ type }) => type === 'open');
    return child;
  }

  async function tell(device: Child<DeviceSays>, message: { type: string; count?: number }) {
    device.send(message);
    return new Map((await device.next(({ type }) => type === message.type)).ends);
  }

  /** The device ends by itself, and LMDB, which would have said so, has never met the full disk. */
  async function end(device: Child<DeviceSays>): Promise<void> {
    device.send({ type: 'close' });
    await device.finished();
    expect(device.stderr).toBe('');
  }

  function numbersOf(ends: ReadonlyMap<number, string>, end: string): number[] {
    return [...ends].filter(([, is]) => is === end).map(([number]) => number);
  }

  test.each([
    { batch: 1, isSmall: false },
    { batch: 7, isSmall: false },
    { batch: 1, isSmall: true },
  ])('a channel refuses what it can not store, and goes on when there is room (%j)', async (settings) => {
    disk.occupy(BALLAST_BYTES);
    const device = await startDevice(settings);
    const full = await tell(device, { type: 'fill' });
    expect(new Set(full.values())).toEqual(new Set(['stored', REFUSED]));
    expect(numbersOf(full, 'stored').length).toBeGreaterThan(100);

    disk.release();
    const later = await tell(device, { type: 'send', count: 50 });
    const news = [...later].filter(([number]) => !full.has(number));
    expect([news.length, new Set(news.map(([, end]) => end))]).toEqual([50, new Set(['stored'])]);

    await proxy.refuse(false);
    const drained = await tell(device, { type: 'drain' });
    const stored = numbersOf(later, 'stored');
    expect(numbersOf(drained, 'stored acknowledged')).toEqual(stored);
    expect(numbersOf(drained, REFUSED)).toEqual(numbersOf(full, REFUSED));
    expect(handled).toEqual(stored);
    device.send({ type: 'close' });
    await device.finished();
  });

  test.each([
    { batch: 3, isSmall: false },
    { batch: 1, isSmall: true },
    { batch: 20, isSmall: true },
  ])('a channel delivers what is stored while the disk is full, and has room by that (%j)', async (settings) => {
    const device = await startDevice(settings);
    const full = await tell(device, { type: 'fill' });
    await proxy.refuse(false);
    const drained = await tell(device, { type: 'drain' });
    const stored = numbersOf(full, 'stored');
    expect(numbersOf(drained, 'stored acknowledged')).toEqual(stored);
    expect(handled).toEqual(stored);
    const later = await tell(device, { type: 'send', count: 50 });
    expect([...later].slice(full.size).map(([, end]) => end)).toEqual(Array(50).fill('stored'));
    await end(device);
  });

  test('a channel that was killed opens again on the full disk, and delivers what is stored', async () => {
    const killed = await startDevice();
    const full = await tell(killed, { type: 'fill' });
    await killed.kill();

    const device = await startDevice({ firstNumber: 100_000 });
    await proxy.refuse(false);
    await tell(device, { type: 'drain' });
    expect(handled).toEqual(numbersOf(full, 'stored'));
    const later = await tell(device, { type: 'send', count: 50 });
    expect(new Set(later.values())).toEqual(new Set(['stored']));
    await tell(device, { type: 'drain' });
    expect(handled.slice(-50)).toEqual([...later.keys()]);
    await end(device);
  });

  test('a store has room at once when everything was deleted, although LMDB reuses nothing of the latest commit', async () => {
    const refill = new Child<{ filled?: number; results: string[] }>(REFILL, {});
    children.push(refill);
    await refill.next(() => true);
    refill.send({ folder: join(disk.folder, 'store') });
    const told = await refill.next(({ filled }) => filled !== undefined);
    expect(told.filled).toBeGreaterThan(100);
    expect(told.results).toEqual(['stored', 'stored', 'stored']);
    await refill.finished();
  });

  test('a store is not begun, says so, and ends no process; where there is one already, it opens', async () => {
    const opener = new Child<{ result: string }>(OPENER, {});
    children.push(opener);
    await opener.next(() => true);
    const folder = join(disk.folder, 'store');
    const open = async (): Promise<string> => {
      opener.send({ folder });
      return (await opener.next(() => true)).result;
    };
    const results = new Set<string>();
    // Page by page where LMDB alone would end the process, then in steps up to what a new store needs.
    const steps = [...Array(24).keys(), 32, 64, 96, 120, ...Array.from({ length: 16 }, (_, index) => 126 + index), 200];
    for (const freePages of steps) {
      mkdirSync(folder);
      disk.occupy(disk.freeBytes - freePages * 4_096);
      const result = await open();
      expect(result).toMatch(
        /^(open$|STORE_UNAVAILABLE: can not open the store in .+; check that .+ the disk is not full)/,
      );
      results.add(result.slice(0, 4));
      disk.release();
      // What is left of a failed try must not spoil the next one.
      expect(await open()).toBe('open');
      rmSync(folder, { recursive: true });
    }
    expect(results).toEqual(new Set(['STOR', 'open']));
    mkdirSync(folder);
    expect(await open()).toBe('open');
    disk.occupy(disk.freeBytes);
    expect(disk.freeBytes).toBe(0);
    expect(await open()).toBe('open');
    opener.send({});
    await opener.finished();
  });
});
