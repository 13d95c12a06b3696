// A receiving half on an LMDB inbox whose handler counts in a transaction with the inbox, and a sender that asks it for so many
// messages until all are acknowledged. It is killed at any moment and started again. Prints `ready`, then the number of messages
// that were acknowledged whenever that grows, and at the end `count <number of effects>`.
import { encodeData, systemRuntime } from '@holdfast/protocol';
import { encodeEntry } from '@holdfast/protocol/core';
import { GroupCommit, inboxTransaction, ReceivingHalf } from '@holdfast/reliable-channel';
import { lmdbStore } from '@holdfast/reliable-channel/lmdb';

const EPOCH = '00000000000000aa';
const [path, messages] = process.argv.slice(2);
const count = Number(messages);
const lanes = ['a', 'b'];

const runtime = systemRuntime();
const store = await lmdbStore(path).open();
const inbox = new GroupCommit(store, runtime);
const half = await ReceivingHalf.open(store, {
  runtime,
  senderId: 'press-7',
  creditMessages: 64,
  inbox,
  handle: async ({ inboxTransaction: transact, lane }) => {
    const key = `count ${lane}`;
    await transact((database) => {
      const next = (database.get(key) ?? 0) + 1;
      database.put(key, next);
      return next;
    });
  },
  onWaitingChanged: () => {},
  onStoreProblem: fail,
  onReplyDropped: (_, detail) => fail(detail),
  onDataRefused: (_, detail) => fail(detail),
});

function fail(detail) {
  process.stdout.write(`failed ${detail}\n`);
  process.exit(1);
}

const acked = new Map(lanes.map((lane) => [lane, 0]));
let events;
half.attach({
  isUp: true,
  freeBytes: 1_000_000,
  attach: (_, given) => {
    events = given;
    events.up();
    return () => {};
  },
  sendFrame: (frame) => {
    if (frame.type === 'opened') for (const { lane, handled } of frame.lanes) acked.set(lane, handled.cumulative);
    if (frame.type === 'ack') {
      acked.set(frame.lane, frame.handled.cumulative);
      process.stdout.write(`${[...acked.values()].reduce((sum, each) => sum + each, 0)}\n`);
      queueMicrotask(() => send(frame.lane));
    }
  },
});

/** Asks for what is not acknowledged, a few at a time, also for what was asked for already. */
function send(lane) {
  const first = acked.get(lane) + 1;
  const last = Math.min(count, first + 15);
  if (first > count) {
    if (lanes.every((each) => acked.get(each) === count)) void finish();
    return;
  }
  const entry = encodeEntry('reading', Uint8Array.from(encodeData(null)));
  const entries = Buffer.concat(Array.from({ length: last - first + 1 }, () => entry));
  const numbers = { floor: 1, after: first - 1, first, attempt: 1, count: last - first + 1 };
  events.frame({ type: 'data', epoch: EPOCH, lane, ...numbers, entries });
}

async function finish() {
  const total = await inboxTransaction(
    store,
    inbox,
    (database) => lanes.reduce((sum, lane) => sum + (database.get(`count ${lane}`) ?? 0), 0),
    () => [],
  );
  process.stdout.write(`count ${total}\n`);
  await store.close();
}

process.stdout.write('ready\n');
events.frame({ type: 'open', epoch: EPOCH, lanes: [] });
for (const lane of lanes) send(lane);
if (lanes.every((lane) => acked.get(lane) === count)) await finish();
