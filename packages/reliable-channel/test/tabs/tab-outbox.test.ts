import { encodeData } from '@holdfast/protocol';
import { createVirtualRuntime, type VirtualRuntime } from '@holdfast/simulator';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ToLeader } from '../../src/tabs/bus-message.js';
import {
  TabOutbox,
  UNSTORED_MAX_BYTES,
  UNSTORED_MAX_MESSAGES,
  WAITING_MAX_MESSAGES,
} from '../../src/tabs/tab-outbox.js';

const EPOCH = '0123456789abcdef';
const ACKNOWLEDGED = { outcome: { status: 'acknowledged' } } as const;

let runtime: VirtualRuntime;
let posted: ToLeader[];
let outbox: TabOutbox;

beforeEach(() => {
  runtime = createVirtualRuntime({ seed: 1 });
  posted = [];
  outbox = new TabOutbox({ tab: 'a', runtime, post: (message) => void posted.push(message) });
});

function send(count: number): ReturnType<TabOutbox['send']>[] {
  return Array.from({ length: count }, (_, index) => outbox.send('n', index, undefined));
}

/** The numbers of the messages in what was posted. */
function numbersIn(message: ToLeader | undefined): number[] {
  return message !== undefined && 'messages' in message ? message.messages.map(({ n }) => n) : [];
}

describe("a tab's outbox", () => {
  it('hands over what was sent in one turn together, as soon as there is a leader', async () => {
    send(2);
    await runtime.advance(0);
    expect(posted).toEqual([]);
    outbox.onLeader('x');
    expect(posted.map(({ type }) => type)).toEqual(['join']);
    expect(numbersIn(posted[0])).toEqual([1, 2]);
    send(3);
    await runtime.advance(0);
    expect(posted).toHaveLength(2);
    expect(posted[1]).toMatchObject({ type: 'hand', life: 'x', tab: 'a' });
    expect(numbersIn(posted[1])).toEqual([3, 4, 5]);
  });

  it('hands what is not stored to the next leader, in order, and says for what else it waits', async () => {
    outbox.onLeader('x');
    send(6);
    await runtime.advance(0);
    outbox.onNews([
      { type: 'stored', first: 1, count: 3, lane: '', sequence: 7, epoch: EPOCH },
      { type: 'over', first: 2, last: 2, end: ACKNOWLEDGED },
    ]);
    posted = [];
    outbox.onLeader('x');
    expect(posted).toEqual([]);
    send(1);
    outbox.onLeader('y');
    await runtime.advance(0);
    expect(posted).toHaveLength(1);
    expect(posted[0]).toMatchObject({ type: 'join', life: 'y', waiting: [1, 3].map((n) => ({ first: n, last: n })) });
    expect(numbersIn(posted[0])).toEqual([4, 5, 6, 7]);
    outbox.leave();
    outbox.onLeader('y');
    expect(posted).toHaveLength(2);
  });

  it('settles each message once, with what was told first, and says what it knows', async () => {
    const [delivery] = send(1);
    const settled = delivery?.settled;
    const stored = delivery?.stored;
    outbox.onNews([{ type: 'stored', first: 1, count: 1, lane: 'x', sequence: 9, epoch: EPOCH }]);
    await stored;
    expect(delivery?.id).toBe(`${EPOCH}-x-9`);
    const reply = (encodeData({ was: 1 }) as Uint8Array).slice();
    outbox.onNews([{ type: 'over', first: 1, last: 1, end: { ...ACKNOWLEDGED, reply } }]);
    outbox.onNews([{ type: 'over', first: 1, last: 1, end: { outcome: { status: 'forgotten' } } }]);
    expect(await settled).toEqual({ status: 'acknowledged', reply: { was: 1 } });
    expect(await delivery?.settled).toEqual({ status: 'acknowledged', reply: { was: 1 } });
    await delivery?.stored;
    const known = { type: 'known', tab: 'a', runs: [{ first: 1, last: 1 }] };
    expect(posted).toEqual([known, known]);
    expect(outbox.waiting).toBe(0);
  });

  it('takes a message that is over without having been stored as safe when the agent has it, and else as lost', async () => {
    const [first, second, third] = send(3);
    const end = { outcome: { status: 'cancelled', reason: 'too many', attempts: 0 }, code: 'TOO_MANY_LANES' } as const;
    outbox.onNews([
      { type: 'over', first: 1, last: 1, end: { ...ACKNOWLEDGED, reply: Uint8Array.of(0xc1) } },
      { type: 'over', first: 2, last: 2, end },
      { type: 'over', first: 3, last: 3, end: { outcome: { status: 'forgotten' } } },
    ]);
    await first?.stored;
    // A reply that can not be read is none.
    expect(first?.outcome).toEqual({ status: 'acknowledged' });
    await expect(second?.stored).rejects.toMatchObject({ code: 'TOO_MANY_LANES', message: 'too many' });
    await expect(third?.stored).rejects.toMatchObject({ code: 'MESSAGE_GIVEN_UP' });
  });

  it('takes no more than its limits in messages and in bytes, and has room again when something is stored', async () => {
    send(UNSTORED_MAX_MESSAGES);
    await expect(send(1)[0]?.stored).rejects.toMatchObject({ code: 'OUTBOX_FULL' });
    let isReady = false;
    void outbox.ready().then(() => {
      isReady = true;
    });
    await runtime.advance(0);
    expect(isReady).toBe(false);
    outbox.onNews([{ type: 'over', first: 1, last: UNSTORED_MAX_MESSAGES, end: ACKNOWLEDGED }]);
    await runtime.advance(0);
    expect(isReady).toBe(true);
    const large = 'x'.repeat(250_000);
    const most = Math.floor(UNSTORED_MAX_BYTES / 250_006);
    for (let index = 0; index < most; index++) expect(outbox.send('n', large, undefined).outcome).toBeUndefined();
    expect(outbox.send('n', large, undefined).outcome).toMatchObject({ status: 'evicted', cause: 'outboxFull' });
    expect(outbox.unstored).toBe(most);
  });

  it('lets no more messages than its limit wait for their end', () => {
    for (let first = 1; first <= WAITING_MAX_MESSAGES; first += 10_000) {
      send(10_000);
      outbox.onNews([{ type: 'stored', first, count: 10_000, lane: '', sequence: first, epoch: EPOCH }]);
    }
    expect([outbox.unstored, outbox.waiting]).toEqual([0, WAITING_MAX_MESSAGES]);
    expect(send(1)[0]?.outcome).toMatchObject({ status: 'evicted', cause: 'outboxFull' });
    outbox.onNews([{ type: 'over', first: 1, last: 1, end: ACKNOWLEDGED }]);
    expect(send(1)[0]?.outcome).toBeUndefined();
  });

  it('keeps what was asked for a message as it was then', async () => {
    const headers = { trace: '1' };
    outbox.send('n', 1, { lane: 'x', headers });
    headers.trace = '2';
    outbox.onLeader('x');
    expect(posted[0]).toMatchObject({ messages: [{ n: 1, options: { lane: 'x', headers: { trace: '1' } } }] });
  });

  it('drains, and says when the time was up before', async () => {
    send(1);
    const inTime = outbox.drain(100);
    await runtime.advance(100);
    expect(await inTime).toBe(false);
    const drained = outbox.drain(undefined);
    outbox.onNews([{ type: 'over', first: 1, last: 1, end: ACKNOWLEDGED }]);
    expect(await drained).toBe(true);
  });

  it('that is closed leaves what is stored, and gives the rest up', async () => {
    const [first, second] = send(2);
    outbox.onNews([{ type: 'stored', first: 1, count: 1, lane: '', sequence: 1, epoch: EPOCH }]);
    const waiting = outbox.untilStored(1_000);
    await runtime.advance(1_000);
    await waiting;
    outbox.close();
    expect(await first?.settled).toEqual({ status: 'kept' });
    expect(await second?.settled).toMatchObject({ status: 'cancelled' });
    await expect(second?.stored).rejects.toMatchObject({ code: 'MESSAGE_GIVEN_UP' });
    expect(outbox.waiting).toBe(0);
  });
});
