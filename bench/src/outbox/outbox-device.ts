// The device of the outbox benchmark: fills an outbox while nobody is there to take anything, or opens a full one.

import { once } from 'node:events';
import { createServer } from 'node:net';
import { openReliableChannel, type ReliableChannel } from '@holdfast/reliable-channel';
import { lmdbStore } from '@holdfast/reliable-channel/lmdb';
import { createTransport } from '@holdfast/transport';
import { tcp } from '@holdfast/transport/tcp';
import { answerRequests } from '../processes/child.js';
import { rssAnonBytes } from '../processes/memory.js';

/** What the filling device is asked for. */
export interface FillRequest {
  readonly folder: string;
  readonly count: number;
  readonly messageBytes: number;
}

/** What came of it. */
export interface Filled {
  readonly seconds: number;
  /** Before the first message, with everything open; bytes of RssAnon. */
  readonly beforeBytes: number;
  /** The most that was seen on the way. */
  readonly peakBytes: number;
  /** With everything stored. */
  readonly afterBytes: number;
  readonly waiting: number;
}

/** What the reopening device is asked for. */
export interface ReopenRequest {
  readonly folder: string;
  readonly port: number;
}

/** Messages that are given to the channel before the device waits for the disk. */
const BATCH = 1_000;

async function fill({ folder, count, messageBytes }: FillRequest): Promise<Filled> {
  const channel = await open(folder, await closedPort());
  const data = new Uint8Array(messageBytes).fill(7);
  const beforeBytes = rssAnonBytes('self');
  const startMs = performance.now();
  let peakBytes = beforeBytes;
  for (let sent = 0; sent < count; ) {
    let last = channel.send('reading', data);
    for (sent += 1; sent % BATCH !== 0 && sent < count; sent += 1) last = channel.send('reading', data);
    await last.stored;
    if (sent % 10_000 === 0) peakBytes = Math.max(peakBytes, rssAnonBytes('self'));
  }
  const seconds = (performance.now() - startMs) / 1_000;
  const afterBytes = rssAnonBytes('self');
  const waiting = channel.stats().outboxMessages;
  await channel.close();
  return { seconds, beforeBytes, peakBytes: Math.max(peakBytes, afterBytes), afterBytes, waiting };
}

/** @returns the wall clock when opening began, in milliseconds since 1970 */
async function reopen({ folder, port }: ReopenRequest): Promise<number> {
  const startMs = Date.now();
  await open(folder, port);
  return startMs;
}

function open(folder: string, port: number): Promise<ReliableChannel> {
  const transport = createTransport({
    deviceId: 'bench',
    link: tcp({ host: '127.0.0.1', port }),
    sendBufferBytes: 65_536,
  });
  return openReliableChannel({ transport, store: lmdbStore(folder) });
}

/** A port on which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('the system gave no port');
  return address.port;
}

answerRequests({ fill, reopen });
