// One cell of the grid on the clock: real sockets, with a proxy between device and agent that delays and throttles. It shows
// that the simulator tells the truth; its own figures carry what this machine does besides.

import { join } from 'node:path';
import { createAgent } from '@holdfast/agent';
import { tcpListener } from '@holdfast/agent/tcp';
import { systemRuntime } from '@holdfast/protocol';
import { openReliableChannel, type ReliableChannel, type StoreFactory } from '@holdfast/reliable-channel';
import { lmdbStore } from '@holdfast/reliable-channel/lmdb';
import { memoryStore } from '@holdfast/reliable-channel/memory';
import { startChaosProxy } from '@holdfast/simulator/chaos-proxy';
import { CONNECT_REASON, createTransport } from '@holdfast/transport';
import { tcp } from '@holdfast/transport/tcp';
import { type Cell, OUTSTANDING, type PolicyName } from './grid.js';
import { MESSAGE_NAME, type Sending, sendForAck, sendReliably, sendTilSent } from './senders.js';
import type { CellResult } from './simulated-cell.js';

/** The policies of the grid, and the channel with its stores on disk. */
export type ProxiedPolicy = PolicyName | 'reliable-lmdb';

/** The cells that are measured on the clock. */
export function proxiedCells(isQuick: boolean): Cell[] {
  const cells = [20, 100].flatMap((roundTripMs) =>
    [Number.POSITIVE_INFINITY, 125_000].map(
      (bytesPerSecond): Cell => ({ roundTripMs, bytesPerSecond, messageBytes: 512, sendBufferBytes: 30_720 }),
    ),
  );
  return isQuick ? cells.slice(0, 1) : cells;
}

const WARM_UP_MS = 700;
const MEASURED_MS = 3_000;
/** Enough for the window and the buffers of the operating system. */
const OUTBOX_MESSAGES = 4_000;
const CREDIT_MESSAGES = 4_096;

/** Measures one policy in one cell. @param folder - an empty one, for stores */
export async function runProxiedCell(cell: Cell, policy: ProxiedPolicy, folder: string): Promise<CellResult> {
  const storeIn = (name: string): StoreFactory =>
    policy === 'reliable-lmdb' ? lmdbStore(join(folder, name)) : memoryStore();
  const listeners = [tcpListener({ port: 0 })];
  const agent = createAgent({ listeners, store: storeIn('inbox'), creditMessages: CREDIT_MESSAGES });
  let handled = 0;
  agent.on(MESSAGE_NAME, () => {
    handled += 1;
  });
  const [listener] = await agent.listen();
  const target = { host: '127.0.0.1', port: listener?.port ?? 0 };
  // What the proxy holds of one direction is the link's buffer for half of the round trip.
  const proxy = await startChaosProxy({ target, bufferMaxBytes: cell.sendBufferBytes / 2 });
  proxy.delay(cell.roundTripMs / 2);
  if (Number.isFinite(cell.bytesPerSecond)) proxy.bandwidth(cell.bytesPerSecond);
  const transport = createTransport({
    deviceId: 'bench',
    link: tcp({ host: proxy.host, port: proxy.port }),
    sendBufferBytes: cell.sendBufferBytes,
  });
  const opened: ReliableChannel[] = [];
  try {
    const runtime = systemRuntime();
    const data = new Uint8Array(cell.messageBytes).fill(7);
    let sending: Sending;
    if (policy === 'reliable' || policy === 'reliable-lmdb') {
      const channel = await openReliableChannel({ transport, store: storeIn('outbox') });
      opened.push(channel);
      sending = sendReliably(channel, runtime, data, OUTBOX_MESSAGES);
    } else {
      const reason = await transport.connect();
      if (reason !== CONNECT_REASON.connected) throw new Error(`no connection through the proxy: reason ${reason}`);
      sending =
        policy === 'wait-til-sent'
          ? sendTilSent(transport, runtime, data)
          : sendForAck(transport, runtime, data, OUTSTANDING[policy]);
    }
    await sleep(WARM_UP_MS);
    const [startMs, startHandled] = [performance.now(), handled];
    sending.takeTimes();
    await sleep(MEASURED_MS);
    const messagesPerSecond = ((handled - startHandled) * 1_000) / (performance.now() - startMs);
    const ackMs = policy === 'wait-til-sent' ? [] : sending.takeTimes();
    sending.stop();
    if (sending.failure !== undefined) throw sending.failure;
    return { messagesPerSecond, ackMs };
  } finally {
    for (const channel of opened) await channel.close();
    transport.powerOff();
    await proxy.close();
    await agent.close();
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
