import { encodeData } from '@holdfast/protocol';
import { beforeEach, expect, it } from 'vitest';
import { DeliveryBook } from '../src/delivery-book.js';

const EPOCH = '0123456789abcdef';

let over: Set<string>;
let next: Map<string, number>;
let cancelled: unknown[];
let book: DeliveryBook;

beforeEach(() => {
  over = new Set();
  next = new Map();
  cancelled = [];
  book = new DeliveryBook({
    nextSequence: (lane) => next.get(lane) ?? 1,
    isOver: (lane, sequence) => over.has(`${lane} ${sequence}`),
    cancel: (lane, sequence) => cancelled.push([lane, sequence]) > 0,
  });
});

function send(lane: string) {
  const delivery = book.create(lane, EPOCH, true);
  next.set(lane, (next.get(lane) ?? 1) + 1);
  return delivery;
}

it('knows the same number of two lanes apart', async () => {
  const [a, b] = [send('a'), send('b')];
  expect([a.id, b.id]).toEqual([`${EPOCH}-a-1`, `${EPOCH}-b-1`]);
  const settled = [a.settled, b.settled];
  over.add('a 1');
  expect(book.tell({ type: 'acknowledged', lane: 'a', first: 1, last: 1 })).toEqual({
    ...{ type: 'acknowledged', lane: 'a', first: 1, last: 1 },
  });
  expect([await settled[0], b.outcome, book.isAsked]).toEqual([{ status: 'acknowledged' }, undefined, true]);
  over.add('b 1');
  const outcome = { status: 'expired', reason: 'late' } as const;
  expect(book.tell({ type: 'givenUp', lane: 'b', first: 1, last: 1, outcome, attempts: 2 })).toEqual({
    ...{ type: 'givenUp', lane: 'b', first: 1, last: 1, outcome: { ...outcome, attempts: 2 } },
  });
  expect([await settled[1], book.isAsked]).toEqual([{ ...outcome, attempts: 2 }, false]);
  expect(book.tally.counts()).toMatchObject({ acceptedMessages: 2, acknowledgedMessages: 1, expiredMessages: 1 });
});

it('brings a reply to its delivery, and takes one that can not be read for none', async () => {
  const [first, second] = [send(''), send('')];
  over.add(' 1').add(' 2');
  book.tell({ type: 'replied', lane: '', sequence: 1, value: encodeData({ ok: true }) });
  expect(book.tell({ type: 'replied', lane: '', sequence: 2, value: Uint8Array.of(0xc1) })).toEqual({
    ...{ type: 'acknowledged', lane: '', first: 2, last: 2 },
  });
  expect([await first.settled, await second.settled]).toEqual([
    { status: 'acknowledged', reply: { ok: true } },
    { status: 'acknowledged' },
  ]);
});

it('says what is stored, and passes on what is to be called back', async () => {
  const delivery = send('a');
  const { stored } = delivery;
  expect(book.tell({ type: 'stored', lane: 'a', first: 1, last: 1 })).toEqual({
    ...{ type: 'stored', lane: 'a', first: 1, last: 1 },
  });
  await stored;
  // Nobody waits for the end of it.
  expect(book.isAsked).toBe(false);
  expect([delivery.cancel(), cancelled]).toEqual([true, [['a', 1]]]);
});

it('gives everything that is left the outcome of a closed channel', async () => {
  const [a, b] = [send('a'), send('b')];
  const settled = a.settled;
  book.onClosed({ status: 'kept' });
  expect([await settled, b.outcome]).toEqual([{ status: 'kept' }, { status: 'kept' }]);
});
