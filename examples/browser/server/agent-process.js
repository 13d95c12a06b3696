// @ts-check
// The agent, in a process of its own so that it can be killed. It does what it is told over the channel to its parent, and
// tells what its handlers have done before it acknowledges that.

import { createAgent, reject, retryLater } from '@holdfast/agent';
import { websocketListener } from '@holdfast/agent/websocket';
import { lmdbStore } from '@holdfast/reliable-channel/lmdb';

/** What "slow" means, in milliseconds for each message. */
const SLOW_MS = 1_000;
/** When an agent that has no time asks messages to come again, in milliseconds. */
const RETRY_AFTER_MS = 1_500;
/** How often the parent is told how full the queue is, in milliseconds. */
const REPORT_MS = 250;
/** Small, so that it can be filled in some seconds. */
const QUEUE_MAX_MESSAGES = 64;
/** The machines that the agent knows; what is said of any other is refused for good. */
const MACHINES = new Set(['press-7', 'lathe-2', 'conveyor-4']);
/** Where the number of the latest work order lies in the application's part of the inbox. */
const WORK_ORDERS_KEY = 'work-orders';

/** @typedef {import('../page/site-state.js').Handling} Handling */
/** @typedef {import('@holdfast/agent').AgentMessage} AgentMessage */

/** @type {{ origin: string, folder: string, handling: Handling }} */
const settings = JSON.parse(process.argv[2] ?? '{}');

/** How messages are handled now, and what ends the pauses of a slow handler when that changes. */
class Work {
  /** @type {Handling} */
  handling = settings.handling;
  /** @type {Set<() => void>} */
  #pauses = new Set();

  /** @param {Handling} handling */
  change(handling) {
    this.handling = handling;
    for (const end of this.#pauses) end();
  }

  /** Takes the time that one message takes. */
  async begin() {
    if (this.handling === 'later') throw retryLater(RETRY_AFTER_MS);
    if (this.handling !== 'slow') return;
    await new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#pauses.delete(end);
        resolve(undefined);
      };
      const timer = setTimeout(end, SLOW_MS);
      this.#pauses.add(end);
    });
  }
}

const work = new Work();
const agent = createAgent({
  listeners: [websocketListener({ port: 0, path: '/holdfast', origins: [settings.origin] })],
  store: lmdbStore(settings.folder),
  agentQueueMaxMessages: QUEUE_MAX_MESSAGES,
});

agent.on('reading', async (_, message) => {
  await work.begin();
  await tellDone(message, undefined);
});

agent.on('inspection', async (data, message) => {
  await work.begin();
  if (!MACHINES.has(data?.machine)) throw reject(`no machine ${data?.machine} in the register`);
  await tellDone(message, data?.ref);
  if (!message.isReliable) return undefined;
  // The number, and the record that this message is handled, are on disk together or not at all: whatever crashes, one
  // inspection never makes two work orders.
  return message.inboxTransaction((database) => {
    const workOrder = Number(database.get(WORK_ORDERS_KEY) ?? 0) + 1;
    database.put(WORK_ORDERS_KEY, workOrder);
    return { workOrder };
  });
});

process.on('message', (/** @type {{ type: string, handling: Handling }} */ told) => {
  if (told.type === 'handling') work.change(told.handling);
  else void close();
});
// The parent is gone: nobody would end this process.
process.on('disconnect', () => process.exit());
// Ctrl-C reaches the parent as well, and it says when to end.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});

const listeners = await agent.listen().catch((error) => {
  process.send?.({ type: 'failed', detail: error.message });
  process.disconnect();
  process.exit(1);
});
const timer = setInterval(() => {
  const { queuedMessages, runningHandlers, isOverloaded } = agent.stats();
  process.send?.({ type: 'queue', messages: queuedMessages + runningHandlers, isOverloaded });
}, REPORT_MS);
process.send?.({ type: 'listening', port: listeners[0]?.port });

/**
 * Tells the parent that a message's work is done, and resolves when the parent will hear it even if this process is killed.
 *
 * @param {AgentMessage} message
 * @param {unknown} ref
 */
function tellDone({ id, name }, ref) {
  return new Promise((resolve, reject) => {
    const done = { type: 'done', id, name, ref: typeof ref === 'string' ? ref : undefined };
    process.send?.(done, undefined, {}, (error) => (error ? reject(error) : resolve(undefined)));
  });
}

async function close() {
  clearInterval(timer);
  work.change('now');
  await agent.close();
  process.disconnect();
}
