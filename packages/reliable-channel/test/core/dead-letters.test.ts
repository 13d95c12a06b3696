import { encodeEntry, ProtocolError, REASON_MAX_BYTES } from '@holdfast/protocol/core';
import { describe, expect, it } from 'vitest';
import {
  type DeadLetterRecord,
  DeadLetters,
  deadLetterIndexKey,
  deadLetterKey,
  decodeDeadLetter,
  decodeDeadLetterIndex,
  encodeDeadLetter,
  encodeDeadLetterIndex,
  NO_DEAD_LETTERS,
  type StoreOperation,
} from '../../src/core/index.js';

const LETTER: DeadLetterRecord = {
  ...{ status: 'rejected', reason: 'no such sensor', lane: 'alarms', sequence: 7, attempts: 3 },
  ...{ acceptedAtWallMs: 1_800_000_000_000, diedAtWallMs: 1_800_000_060_000 },
  entry: encodeEntry('reading', Uint8Array.of(0xc0)),
};
const LIMITS = { deadLettersMaxMessages: 3, deadLettersMaxBytes: 10_000 };
const SIZE = encodeDeadLetter(LETTER).length;

function codeOf(result: unknown): string | undefined {
  return result instanceof ProtocolError ? result.code : undefined;
}

/** The operations as `put key` and `delete key`. */
function named(operations: readonly StoreOperation[]): string[] {
  return operations.map(({ type, key }) => `${type} ${key}`);
}

describe('the record of a dead letter', () => {
  it('comes back as it was', () => {
    const expired = { ...LETTER, status: 'expired' } as const;
    for (const letter of [LETTER, expired]) expect(decodeDeadLetter(encodeDeadLetter(letter))).toEqual(letter);
  });

  it('that was cut short anywhere, or has more behind its end, is a ProtocolError', () => {
    const bytes = encodeDeadLetter(LETTER);
    for (let length = 0; length < bytes.length; length++) {
      expect(codeOf(decodeDeadLetter(bytes.subarray(0, length)))).toBe('FRAME_TRUNCATED');
    }
    expect(codeOf(decodeDeadLetter(Uint8Array.from([...bytes, 0])))).toBe('FRAME_TRAILING_BYTES');
  });

  it('of another version or status is a ProtocolError', () => {
    const bytes = encodeDeadLetter(LETTER);
    expect(codeOf(decodeDeadLetter(Uint8Array.of(9, ...bytes.subarray(1))))).toBe('VERSION_UNSUPPORTED');
    expect(codeOf(decodeDeadLetter(Uint8Array.of(2, 9, ...bytes.subarray(2))))).toBe('FRAME_MALFORMED');
  });

  it('cuts a reason that is too long', () => {
    const letter = decodeDeadLetter(encodeDeadLetter({ ...LETTER, reason: 'x'.repeat(1_000) }));
    expect(letter).toMatchObject({ reason: 'x'.repeat(REASON_MAX_BYTES) });
  });
});

describe('the index', () => {
  it('comes back as it was', () => {
    const index = { next: 900, places: [1, 2, 300, 899].map((id) => ({ id, bytes: id * 10 })) };
    for (const each of [index, NO_DEAD_LETTERS])
      expect(decodeDeadLetterIndex(encodeDeadLetterIndex(each))).toEqual(each);
  });

  it('that was cut short anywhere is a ProtocolError', () => {
    const bytes = encodeDeadLetterIndex({ next: 3, places: [{ id: 1, bytes: 500 }] });
    for (let length = 0; length < bytes.length; length++) {
      expect(codeOf(decodeDeadLetterIndex(bytes.subarray(0, length)))).toBe('FRAME_TRUNCATED');
    }
  });
});

describe('dead letters', () => {
  it('are one record each, and one index, written with the next commit', () => {
    const letters = new DeadLetters('outbox', LIMITS, NO_DEAD_LETTERS);
    letters.add(LETTER);
    letters.add(LETTER);
    const keys = [deadLetterKey('outbox', 1), deadLetterKey('outbox', 2), deadLetterIndexKey('outbox')];
    expect(named(letters.takeChanges())).toEqual(keys.map((key) => `put ${key}`));
    expect([letters.ids, letters.bytes, letters.count]).toEqual([[1, 2], 2 * SIZE, 2]);
    letters.onCommitted();
    expect(letters.takeChanges()).toEqual([]);
  });

  it('go on counting where the store left off', () => {
    const letters = new DeadLetters('outbox', LIMITS, { next: 40, places: [{ id: 12, bytes: 100 }] });
    letters.add(LETTER);
    expect([letters.ids, letters.bytes]).toEqual([[12, 40], 100 + SIZE]);
  });

  it('make room for others, the oldest first, and are counted', () => {
    const letters = new DeadLetters('outbox', LIMITS, NO_DEAD_LETTERS);
    for (let count = 0; count < 5; count++) letters.add(LETTER);
    expect([letters.ids, letters.dropped]).toEqual([[3, 4, 5], 2]);
    const few = new DeadLetters('outbox', { ...LIMITS, deadLettersMaxBytes: 2 * SIZE }, NO_DEAD_LETTERS);
    for (let count = 0; count < 3; count++) few.add(LETTER);
    expect([few.ids, few.bytes, few.dropped]).toEqual([[2, 3], 2 * SIZE, 1]);
  });

  it('are not kept at all with a limit of 0', () => {
    const letters = new DeadLetters('outbox', { ...LIMITS, deadLettersMaxMessages: 0 }, NO_DEAD_LETTERS);
    letters.add(LETTER);
    expect([letters.ids, letters.dropped]).toEqual([[], 1]);
  });

  it('that were discarded are deleted; what is not there is not', () => {
    const letters = new DeadLetters('outbox', LIMITS, { next: 3, places: [{ id: 2, bytes: 10 }] });
    expect([letters.remove(1), letters.hasChanges]).toEqual([false, false]);
    expect([letters.remove(2), letters.remove(2)]).toEqual([true, false]);
    expect(named(letters.takeChanges())).toEqual([`delete ${deadLetterKey('outbox', 2)}`, 'put outbox/dead-index']);
  });

  it('of a commit that failed are written with the next one, as they are by then', () => {
    const letters = new DeadLetters('outbox', LIMITS, NO_DEAD_LETTERS);
    letters.add(LETTER);
    const changes = letters.takeChanges();
    expect(letters.isStored).toBe(false);
    letters.remove(1);
    letters.giveBack(changes);
    expect(named(letters.takeChanges())).toEqual([`delete ${deadLetterKey('outbox', 1)}`, 'put outbox/dead-index']);
    letters.onCommitted();
    expect(letters.isStored).toBe(true);
  });
});
