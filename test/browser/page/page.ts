// The script of the tests' page: what Holdfast has for browsers, its suite for stores, and a stream of messages to disturb.

import { systemRuntime } from '@holdfast/protocol';
import { openReliableChannel, type ReliableChannel } from '@holdfast/reliable-channel';
import { idbStore, requestPersistence } from '@holdfast/reliable-channel/idb';
import { openSharedChannel, type SharedChannel } from '@holdfast/reliable-channel/tabs';
import { describeStoreCompliance } from '@holdfast/simulator/compliance';
import { CONNECT_REASON, createTransport, RETURN_ON_ERROR, WAIT_FOR_ACK, WAIT_TIL_SENT } from '@holdfast/transport';
import { websocket } from '@holdfast/transport/websocket';
import { PageRunner, type TestResult } from './page-runner.js';

/** What a stream tells the test. */
export type StreamReport =
  /** The channel is open; everything below `next` was stored before. */
  | { readonly type: 'opened'; readonly next: number }
  /** Messages up to this number are on disk. */
  | { readonly type: 'stored'; readonly last: number };

/** A stream of messages. */
export interface StreamOptions {
  readonly agentUrl: string;
  /** The last number to send. */
  readonly last: number;
}

/** Messages in one turn; a turn comes every millisecond, or as often as the browser likes. */
const BURST = 3;

/** The channel of the stream that this page sends; empty before that. */
const streams: ReliableChannel[] = [];

/**
 * Opens the channel of this page's profile and sends the numbers from where it stopped to `last`. What is stored is told to
 * `report`, a function that the test has put into the page.
 */
async function startStream({ agentUrl, last }: StreamOptions): Promise<void> {
  const { report } = globalThis as unknown as { readonly report: (what: StreamReport) => void };
  const transport = createTransport({
    deviceId: 'tablet-3',
    link: websocket({ url: agentUrl }),
    reconnectBackoff: { minMs: 10, maxMs: 100 },
  });
  const channel = await openReliableChannel({ transport, store: idbStore('outbox') });
  streams.push(channel);
  channel.observe((event) => {
    if (event.type === 'stored') report({ type: 'stored', last: event.last });
  });
  report({ type: 'opened', next: channel.stats().nextSequence });
  continueStream(last);
}

/** Sends on, up to `last`. */
function continueStream(last: number): void {
  const channel = streams[0] as ReliableChannel;
  let { nextSequence: next } = channel.stats();
  for (let n = 0; n < BURST && next <= last; n++, next++) channel.send('n', next);
  if (next <= last) setTimeout(() => continueStream(last), 1);
}

/** Messages of the stream that are not settled. */
function waitingCount(): number {
  return streams.reduce((count, channel) => count + channel.stats().outboxMessages, 0);
}

/** What a tab tells the test. Times are those of the wall clock, in milliseconds. */
export type TabReport =
  /** It leads now, or does not any more. */
  | { readonly type: 'role'; readonly isLeader: boolean; readonly atMs: number }
  /** It has sent the numbers up to here. */
  | { readonly type: 'sent'; readonly value: number }
  /** This message is on disk. */
  | { readonly type: 'stored'; readonly value: number }
  /** This message has ended. */
  | { readonly type: 'settled'; readonly value: number; readonly status: string };

/** The shared channel of this page; empty before that. */
const shared: SharedChannel[] = [];

/** Opens the channel that all tabs share. What happens is told to `report`, a function that the test has put into the page. */
async function openShared(agentUrl: string): Promise<void> {
  const { report } = globalThis as unknown as { readonly report: (what: TabReport) => void };
  const channel = await openSharedChannel({
    name: 'outbox',
    open: (store) => {
      const link = websocket({ url: agentUrl });
      const transport = createTransport({ deviceId: 'tablet-3', link, reconnectBackoff: { minMs: 10, maxMs: 100 } });
      return openReliableChannel({ transport, store });
    },
  });
  shared.push(channel);
  channel.observe((event) => {
    if (event.type === 'roleChanged') report({ type: 'role', isLeader: event.isLeader, atMs: Date.now() });
  });
}

/** The least time between turns with messages, in milliseconds. */
const READING_MS = 10;

/** Whether there are messages to come. */
const readings = { areWanted: false };

/** Begins to send the numbers from `first` to `last` as messages of this tab, a few in each turn. */
function sendReadings(from: string, first: number, last: number): void {
  readings.areWanted = true;
  void continueReadings(from, first, last);
}

async function continueReadings(from: string, first: number, last: number): Promise<void> {
  const { report } = globalThis as unknown as { readonly report: (what: TabReport) => Promise<void> };
  const [channel] = shared as [SharedChannel];
  for (let value = first; value <= last && readings.areWanted; value += BURST) {
    const end = Math.min(value + BURST - 1, last);
    for (let sent = value; sent <= end; sent++) {
      const delivery = channel.send('reading', { from, value: sent });
      void delivery.stored.then(() => report({ type: 'stored', value: sent }));
      void delivery.settled.then(({ status }) => report({ type: 'settled', value: sent, status }));
    }
    // What the test has not heard yet lies in front of whatever it asks the browser for: a crash would come minutes late.
    await Promise.all([
      report({ type: 'sent', value: end }),
      new Promise((resolve) => setTimeout(resolve, READING_MS)),
    ]);
  }
}

/** Sends no more. */
function stopReadings(): void {
  readings.areWanted = false;
}

/** Closes the shared channel of this page. */
async function closeShared(): Promise<void> {
  await shared[0]?.close();
}

/** Runs the suite for stores on IndexedDB, a new database for each test. */
function checkStore(): Promise<TestResult[]> {
  const runner = new PageRunner();
  let place = 0;
  describeStoreCompliance({
    name: 'the IndexedDB store in a browser',
    runner,
    makeStore: () => {
      place += 1;
      const name = `compliance-${place}`;
      return { factory: idbStore(name), clear: () => deleteDatabase(`holdfast/${name}`) };
    },
  });
  return runner.run();
}

function deleteDatabase(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name);
    request.onsuccess = () => resolve();
    request.onerror = () => reject(request.error);
  });
}

const holdfast = {
  checkStore,
  closeShared,
  continueStream,
  createTransport,
  idbStore,
  openReliableChannel,
  openShared,
  openSharedChannel,
  requestPersistence,
  sendReadings,
  startStream,
  stopReadings,
  systemRuntime,
  waitingCount,
  websocket,
  CONNECT_REASON,
  RETURN_ON_ERROR,
  WAIT_FOR_ACK,
  WAIT_TIL_SENT,
} as const;

/** What a test's `page.evaluate` finds in the page. */
export type PageApi = typeof holdfast;

Object.assign(globalThis, { holdfast });
