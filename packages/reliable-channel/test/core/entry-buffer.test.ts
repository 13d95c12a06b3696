import { describe, expect, it } from 'vitest';
import { EntryBuffer } from '../../src/core/entry-buffer.js';

function filled(sizes: readonly number[], capacityBytes?: number): EntryBuffer {
  const buffer = new EntryBuffer(capacityBytes);
  for (const [index, size] of sizes.entries()) buffer.push(new Uint8Array(size).fill(index + 1));
  return buffer;
}

describe('a buffer of entries', () => {
  it.each([{ capacityBytes: 0 }, { capacityBytes: 10_000 }])(
    'keeps them in order, however it grows (%j)',
    (options) => {
      const sizes = [3, 0, 600, 1, 2_000];
      const buffer = filled(sizes, options.capacityBytes);
      expect([buffer.count, buffer.length]).toEqual([5, 2_604]);
      const { entries, ends } = buffer.finish();
      expect([...ends]).toEqual([3, 3, 603, 604, 2_604]);
      expect([...entries]).toEqual(sizes.flatMap((size, index) => Array(size).fill(index + 1)));
    },
  );

  it('has its own copy of what it takes', () => {
    const buffer = new EntryBuffer();
    const entry = Uint8Array.of(1, 2);
    buffer.push(entry);
    entry.fill(9);
    expect([...buffer.finish().entries]).toEqual([1, 2]);
  });

  it('drops the first ones, and counts from there', () => {
    const buffer = filled([300, 2, 400]);
    expect([buffer.dropFirst(), buffer.dropFirst()]).toEqual([300, 2]);
    buffer.push(Uint8Array.of(7));
    expect([buffer.count, buffer.length]).toEqual([2, 401]);
    const { entries, ends } = buffer.finish();
    expect([...ends]).toEqual([400, 401]);
    expect([entries.length, entries[0], entries[400]]).toEqual([401, 3, 7]);
  });

  it.each([
    { sizes: [400], capacityBytes: 0 },
    { sizes: [10], capacityBytes: 0 },
    { sizes: [300, 300, 300], capacityBytes: 0 },
    { sizes: [1_000], capacityBytes: 100_000 },
    { sizes: [60_000], capacityBytes: 100_000 },
  ])('leaves at most as much memory unused as the entries take (%j)', ({ sizes, capacityBytes }) => {
    const { entries } = filled(sizes, capacityBytes).finish();
    expect(entries.length).toBe(sizes.reduce((sum, size) => sum + size, 0));
    expect(entries.buffer.byteLength).toBeLessThanOrEqual(2 * entries.length);
  });
});
