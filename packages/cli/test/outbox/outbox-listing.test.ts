import { expect, it } from 'vitest';
import { listingLines, numberLines, timeText } from '../../src/outbox/outbox-listing.js';

it('writes tables, with nothing in them that moves a cursor', () => {
  const lines = listingLines({
    lanes: [
      { lane: '', messages: 2, bytes: 20, oldestAgeMs: 7_300_000, first: [{ id: 'e--1', name: 'a\nb', bytes: 10 }] },
      {
        lane: 'x\u001b[2J',
        messages: 1,
        bytes: 5_000_000,
        oldestAgeMs: 0,
        first: [{ id: 'e-x-1', name: 'c', bytes: 9 }],
      },
    ],
    deadLetters: [
      {
        id: 12,
        status: 'expired',
        reason: 'too\u009blate',
        lane: '',
        sequence: 3,
        name: 'n',
        attempts: 2,
        acceptedAtMs: 0,
        diedAtMs: 1_000,
      },
    ],
  });
  expect(lines).toEqual([
    'waiting: 3 messages',
    '  LANE        MESSAGES  SIZE      OLDEST     FIRST',
    '  (default)   2         20 bytes  2 h 1 min  a b (e--1), …',
    '  x\\u{1b}[2J  1         4.8 MiB   0 s        c (e-x-1)',
    'dead letters: 1',
    '  ID  LANE       NAME  STATUS   ATTEMPTS  WHEN                  REASON',
    '  12  (default)  n     expired  2         1970-01-01 00:00:01Z  too\\u{9b}late',
  ]);
});

it('writes numbers, and leaves out what there is nothing of', () => {
  const numbers = { epoch: 'e', messages: 0, bytes: 0, oldestAgeMs: 0, lanes: 0 };
  expect(numberLines({ ...numbers, deadLetters: 0, deadLetterBytes: 0, quarantinedRecords: 0 })).toEqual([
    'waiting: 0 messages in 0 lanes, 0 bytes',
    'dead letters: 0',
    'epoch: e',
  ]);
  const some = { ...numbers, messages: 1, lanes: 1, bytes: 1, oldestAgeMs: 90_000 };
  expect(numberLines({ ...some, deadLetters: 2, deadLetterBytes: 2_048, quarantinedRecords: 3 })).toEqual([
    'waiting: 1 message in 1 lane, 1 byte, the oldest for 1 min 30 s',
    'dead letters: 2, 2.0 KiB',
    'epoch: e',
    'unreadable records: 3',
  ]);
});

it('writes times that sort, in one time zone', () => {
  expect(timeText(Date.UTC(2026, 2, 1, 12, 0, 0, 999))).toBe('2026-03-01 12:00:00Z');
});
