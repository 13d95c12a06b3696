import type { DeadLetter, StoredOutbox } from '@holdfast/reliable-channel';
import { expect, it } from 'vitest';
import { discardLetters, letterLines, retryLetters } from '../../src/outbox/dead-letter-work.js';

const LETTER: DeadLetter = {
  id: 1,
  status: 'rejected',
  reason: 'odd',
  lane: 'a',
  sequence: 3,
  name: 'n',
  data: { text: 'a\u009bb\u202ec\u{e0001}', bytes: new Uint8Array([1, 2, 3]) },
  headers: { traceparent: '00-1' },
  attempts: 1,
  acceptedAtMs: 0,
  diedAtMs: 0,
};

/** An outbox with dead letters 1 to `count`; some work on one of them fails. */
function outboxOf(count: number, failing?: number) {
  const ids = Array.from({ length: count }, (_, index) => index + 1);
  const worked: number[] = [];
  const work = async (id: number) => {
    if (id === failing) throw new Error('the disk is full');
    worked.push(id);
    return true;
  };
  const deadLetters = {
    list: async () => ids.map((id) => ({ ...LETTER, id })),
    get: async (id: number) => (ids.includes(id) ? { ...LETTER, id } : undefined),
    replay: work,
    discard: work,
  };
  return { worked, outbox: { deadLetters } as unknown as StoredOutbox };
}

it('writes a letter so that its data is the same JSON, and moves no cursor', () => {
  const lines = letterLines(LETTER);
  expect(lines).toContain('header:   traceparent: 00-1');
  const data = lines.at(-1)?.slice('data:     '.length) ?? '';
  expect(data.replaceAll('\n', '')).not.toMatch(/\p{C}/u);
  expect(JSON.parse(data)).toEqual({ text: 'a\u009bb\u202ec\u{e0001}', bytes: 'AQID' });
});

it('says so when the data can not be read', () => {
  expect(letterLines({ ...LETTER, data: undefined }).at(-1)).toBe('data:     (can not be read)');
});

it('works on all of them in order, tells how far it is, and ends when it is asked to', async () => {
  const { outbox, worked } = outboxOf(200);
  const told: number[] = [];
  const abort = new AbortController();
  const onProgress = (done: number): void => {
    told.push(done);
    if (done >= 100) abort.abort();
  };
  expect(await retryLetters(outbox, { all: true }, { onProgress, signal: abort.signal })).toEqual({
    done: 128,
    left: 72,
  });
  expect(worked).toEqual(Array.from({ length: 128 }, (_, index) => index + 1));
  expect(told).toEqual([0, 64, 128]);
});

it('says what went wrong, and how much was done before', async () => {
  const { outbox } = outboxOf(10, 4);
  const callbacks = { onProgress: () => {}, signal: new AbortController().signal };
  await expect(discardLetters(outbox, { all: true }, callbacks)).rejects.toThrow(
    'the disk is full; 9 dead letters done before that',
  );
  await expect(discardLetters(outbox, { id: 11 }, callbacks)).rejects.toThrow('there is no dead letter 11');
});
