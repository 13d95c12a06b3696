// The device of these tests: sends numbered messages when it is told to, and tells how each of them ended. It is a program
// like any other that uses the published packages; nothing here repeats, checks or remembers a message by itself.

import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { openReliableChannel } from '@holdfast/reliable-channel';
import { lmdbStore } from '@holdfast/reliable-channel/lmdb';
import { createTransport, systemRuntime } from '@holdfast/transport';
import { tcp } from '@holdfast/transport/tcp';

const { folder, port, wallClockAheadMs = 0, ...options } = JSON.parse(process.argv[2]);
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');

const runtime = systemRuntime();
const transport = createTransport({
  deviceId: 'press-7',
  link: tcp({ host: '127.0.0.1', port }),
  runtime: { ...runtime, wallClockMs: () => runtime.wallClockMs() + wallClockAheadMs },
  ...options.transport,
});
const seen = { connected: 0, disconnected: 0, connectFailed: 0 };
transport.observe(({ type }) => {
  if (type in seen) seen[type] += 1;
  process.send({ type: 'link', ...seen });
});
const channel = await openReliableChannel({ transport, store: lmdbStore(folder), ...options.channel });

/** The numbers of the messages that ended, by how they ended: `acknowledged`, `expired`, `evicted outboxFull`. */
const endings = {};
/** The numbers whose `stored` was refused. */
const notStored = [];
/** Watched messages that have not ended, and who waits for there to be none. */
let openCount = 0;
let onAllEnded = () => {};

const commands = {
  /** Sends `count` messages in bursts, each of them after the store has the one before. */
  async send({ first, count, bytes = 0, burst = 1_000, isWatched = true, options }) {
    const text = 'x'.repeat(bytes);
    for (let from = first; from < first + count; from += burst) {
      let delivery;
      for (let number = from; number < Math.min(first + count, from + burst); number++) {
        delivery = channel.send('reading', { number, text }, options);
        if (isWatched) watch(number, delivery);
      }
      await delivery.stored.catch(() => {});
    }
    return { type: 'sent' };
  },

  /** Sends as a producer does that goes by the channel's word: as long as it says that there is room. */
  async produce({ first, count }) {
    for (let number = first; number < first + count; number++) {
      await channel.ready();
      watch(number, channel.send('reading', { number, text: '' }));
    }
    return { type: 'producedAll' };
  },

  async drain() {
    await channel.drain();
    return { type: 'drained' };
  },

  /** Resolves when all messages that were sent and watched have ended. */
  async settle() {
    if (openCount > 0) {
      await new Promise((resolve) => {
        onAllEnded = resolve;
      });
    }
    return { type: 'settled' };
  },

  async report() {
    return { type: 'report', stats: channel.stats(), endings, notStored, memoryBytes: ownMemoryBytes() };
  },

  async close() {
    await channel.close();
    await transport.disconnect();
    setImmediate(() => process.disconnect());
    return { type: 'closed' };
  },
};

function watch(number, delivery) {
  openCount += 1;
  delivery.stored.catch(() => notStored.push(number));
  void delivery.settled.then(({ status, cause }) => {
    const ending = cause === undefined ? status : `${status} ${cause}`;
    endings[ending] ??= [];
    endings[ending].push(number);
    openCount -= 1;
    if (openCount === 0) onAllEnded();
  });
}

/** What the process holds for itself; pages of the store's file do not count, the system takes them back when it likes. */
function ownMemoryBytes() {
  collectGarbage();
  if (process.platform !== 'linux') {
    const { heapTotal, external } = process.memoryUsage();
    return heapTotal + external;
  }
  const [, kilobytes] = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  return Number(kilobytes) * 1024;
}

process.on('message', async ({ type, ...settings }) => process.send(await commands[type](settings)));
process.send({ type: 'ready' });
