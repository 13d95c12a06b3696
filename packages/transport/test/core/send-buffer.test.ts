import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SendBuffer } from '../../src/core/index.js';

function bufferOf(sendBufferBytes = 3_456, sendBufferMaxBytes = 30_720): SendBuffer {
  return new SendBuffer({ sendBufferBytes, sendBufferMaxBytes });
}

function bytes(length: number, first = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (first + index) % 251);
}

/** Takes everything out, in pieces of at most `piece` bytes. */
function drain(buffer: SendBuffer, piece = Number.POSITIVE_INFINITY): number[] {
  const all: number[] = [];
  while (buffer.usedBytes > 0) {
    const view = buffer.peek(piece);
    all.push(...view);
    buffer.release(view.length);
  }
  return all;
}

describe('SendBuffer', () => {
  test('S1 lets bytes leave in the order they came', () => {
    const buffer = bufferOf();
    buffer.write(bytes(100));
    buffer.write(bytes(50, 100));
    expect(drain(buffer, 7)).toEqual([...bytes(150)]);
  });

  test('S2 takes 3456 bytes and not one more', () => {
    const buffer = bufferOf();
    expect(buffer.write(bytes(3_455))).toBe(3_455);
    expect(buffer.freeBytes).toBe(1);
    expect(buffer.write(bytes(2))).toBe(1);
    expect(buffer.write(bytes(1))).toBe(0);
    expect(buffer.usedBytes).toBe(3_456);
  });

  test('S3 grows up to its limit, S5 returns the size before and cuts what is above the limit', () => {
    const buffer = bufferOf();
    expect(buffer.grow(30_719)).toBe(3_456);
    expect(buffer.grow(30_720)).toBe(30_719);
    expect(buffer.grow(30_721)).toBe(30_720);
    expect(buffer.capacityBytes).toBe(30_720);
  });

  test('S4 never shrinks', () => {
    const buffer = bufferOf();
    expect(buffer.grow(100)).toBe(3_456);
    expect(buffer.capacityBytes).toBe(3_456);
  });

  test('takes more of the same array from an offset', () => {
    const buffer = bufferOf(64);
    const source = bytes(100);
    const taken = buffer.write(source);
    expect(taken).toBe(64);
    buffer.release(40);
    expect(buffer.write(source, taken)).toBe(36);
    expect(drain(buffer)).toEqual([...source.subarray(40)]);
  });

  test('gives the bytes in two views where the ring wraps', () => {
    const buffer = bufferOf(512);
    buffer.write(bytes(512));
    buffer.release(500);
    buffer.write(bytes(100, 512));
    expect(buffer.peek(1_000)).toEqual(bytes(12, 500));
    expect(drain(buffer)).toEqual([...bytes(112, 500)]);
  });

  test('keeps a view valid while more is written and the ring grows around it', () => {
    const buffer = bufferOf(1_024, 4_096);
    buffer.write(bytes(400));
    const view = buffer.peek(300);
    buffer.write(bytes(600, 400));
    buffer.grow(4_096);
    buffer.write(bytes(2_000, 1_000));
    expect(view).toEqual(bytes(300));
    buffer.release(300);
    expect(drain(buffer)).toEqual([...bytes(2_700, 300)]);
  });

  test('keeps a view valid after everything was dropped and new bytes came', () => {
    const buffer = bufferOf();
    buffer.write(bytes(1_000));
    const view = buffer.peek(1_000);
    buffer.clear();
    expect(buffer.usedBytes).toBe(0);
    buffer.write(new Uint8Array(3_456).fill(255));
    expect(view).toEqual(bytes(1_000));
  });

  test('claims memory as it fills, not before', () => {
    const buffer = bufferOf(64 * 1024 * 1024, 64 * 1024 * 1024);
    buffer.write(bytes(10));
    expect(buffer.peek(10).buffer.byteLength).toBe(512);
    buffer.write(bytes(600));
    expect(buffer.peek(10).buffer.byteLength).toBe(1_024);
  });

  test('claims no more memory than its size', () => {
    const buffer = bufferOf(700, 700);
    for (let index = 0; index < 7; index++) buffer.write(bytes(100));
    expect(buffer.peek(10).buffer.byteLength).toBe(700);
  });

  test('finds our own mistakes', () => {
    expect(() => bufferOf(10, 9)).toThrow('within its limit');
    const buffer = bufferOf();
    buffer.write(bytes(3));
    expect(() => buffer.release(4)).toThrow('only bytes that are there');
  });

  test('behaves as a plain array of bytes does', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('write' as const), count: fc.nat(900) }),
      fc.record({ do: fc.constant('release' as const), count: fc.nat(900) }),
      fc.record({ do: fc.constant('grow' as const), count: fc.nat(3_000) }),
      fc.record({ do: fc.constant('clear' as const), count: fc.constant(0) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const buffer = bufferOf(600, 2_000);
        let model: number[] = [];
        let capacity = 600;
        let written = 0;
        for (const { do: what, count } of steps) {
          if (what === 'write') {
            const source = bytes(count, written);
            const fits = Math.min(count, capacity - model.length);
            expect(buffer.write(source)).toBe(fits);
            model.push(...source.subarray(0, fits));
            written += fits;
          } else if (what === 'release') {
            const view = buffer.peek(count);
            expect([...view]).toEqual(model.slice(0, view.length));
            expect(view.length > 0).toBe(count > 0 && model.length > 0);
            buffer.release(view.length);
            model = model.slice(view.length);
          } else if (what === 'grow') {
            expect(buffer.grow(count)).toBe(capacity);
            capacity = Math.max(capacity, Math.min(count, 2_000));
          } else {
            buffer.clear();
            model = [];
          }
          expect(buffer.usedBytes).toBe(model.length);
          expect(buffer.freeBytes).toBe(capacity - model.length);
          expect(buffer.capacityBytes).toBe(capacity);
        }
        expect(drain(buffer)).toEqual(model);
      }),
    );
  });
});
