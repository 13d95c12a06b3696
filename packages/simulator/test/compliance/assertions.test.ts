import { HoldfastError } from '@holdfast/protocol';
import { describe, expect, test } from 'vitest';
import {
  assertBytes,
  assertEqual,
  assertRejects,
  assertTrue,
  hasCode,
  nextTurn,
  pattern,
  within,
} from '../../src/compliance/assertions.js';

const locked = new HoldfastError('STORE_LOCKED', 'somebody has it');

describe('an assertion', () => {
  test('is silent when it holds', async () => {
    assertEqual({ a: [1, 'x'] }, { a: [1, 'x'] }, 'it');
    assertTrue(true, 'it');
    assertBytes(Buffer.from([1, 2]), Uint8Array.of(1, 2), 'it');
    assertBytes(new Uint8Array(), new Uint8Array(), 'it');
    await assertRejects(Promise.reject(locked), hasCode('STORE_LOCKED'), 'it');
  });

  test.each([
    [() => assertEqual([1], [2], 'numbers'), 'numbers: it is [1], and should be [2]'],
    [() => assertEqual(undefined, 1, 'a number'), 'a number: it is undefined, and should be 1'],
    [() => assertTrue(false, 'it is so'), 'it is so'],
    [() => assertBytes(undefined, Uint8Array.of(1), 'a'), 'a: there is nothing'],
    [() => assertBytes([1] as unknown as Uint8Array, Uint8Array.of(1), 'a'), 'a: it is no Uint8Array'],
    [() => assertBytes(Uint8Array.of(1, 3), Uint8Array.of(1, 2), 'a'), 'byte 1 is 3, not 2 (2 bytes, 2 expected)'],
    [() => assertBytes(Uint8Array.of(1), Uint8Array.of(1, 2), 'a'), 'byte 1 is undefined, not 2'],
    [() => assertBytes(Uint8Array.of(1, 0), Uint8Array.of(1), 'a'), 'byte 1 is 0, not undefined'],
  ])('says what is wrong (%#)', (assert, message) => {
    expect(assert).toThrow(
      expect.objectContaining({ name: 'ComplianceError', message: expect.stringContaining(message) }),
    );
  });

  test('about a rejection says what came in its place', async () => {
    await expect(assertRejects(Promise.resolve(1), () => true, 'open')).rejects.toThrow('open: it did not reject');
    const wrong = assertRejects(Promise.reject(locked), hasCode('STORE_FAILED'), 'open');
    await expect(wrong).rejects.toThrow('open: it rejected with HoldfastError STORE_LOCKED: somebody has it');
    const plain = Object.assign(new Error('no'), { code: 'STORE_LOCKED' });
    await expect(assertRejects(Promise.reject(plain), hasCode('STORE_LOCKED'), 'open')).rejects.toThrow(
      'Error STORE_LOCKED',
    );
    await expect(assertRejects(Promise.reject(undefined), hasCode('STORE_LOCKED'), 'open')).rejects.toThrow(
      'undefined',
    );
  });
});

test('a pattern differs when it is shifted, and with its seed', () => {
  expect(pattern(300, 1)).toHaveLength(300);
  expect(pattern(300, 1).slice(256)).not.toEqual(pattern(44, 1));
  expect(pattern(300, 1)).not.toEqual(pattern(300, 2));
});

test('a promise is waited for within limits', async () => {
  await expect(within(1_000, Promise.resolve(7), 'it')).resolves.toBe(7);
  await expect(within(1_000, Promise.reject(locked), 'it')).rejects.toBe(locked);
  await expect(within(1, new Promise(() => {}), 'the answer comes')).rejects.toThrow(
    'the answer comes: not within 1 ms',
  );
  await nextTurn();
});
