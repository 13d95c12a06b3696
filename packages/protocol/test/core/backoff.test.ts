import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffDelayMs, backoffSpanMs } from '../../src/core/index.js';

const OPTIONS = { minMs: 500, maxMs: 30_000 };

describe('backoffSpanMs', () => {
  it('doubles from the minimum up to the maximum', () => {
    const spans = [1, 2, 3, 4, 5, 6, 7, 8].map((failures) => backoffSpanMs(failures, OPTIONS));
    expect(spans).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });

  it('stays at the maximum for ever', () => {
    for (const failures of [31, 32, 1_000, 1e6, Number.MAX_SAFE_INTEGER]) {
      expect(backoffSpanMs(failures, OPTIONS)).toBe(30_000);
    }
  });
});

describe('backoffDelayMs', () => {
  it('draws from the whole span, both ends included', () => {
    expect(backoffDelayMs(3, OPTIONS, () => 0)).toBe(0);
    expect(backoffDelayMs(3, OPTIONS, () => 0x80000000)).toBe(1_000);
    expect(backoffDelayMs(3, OPTIONS, () => 0xffffffff)).toBe(2_000);
  });

  it('is a whole number within the span, for any draw', () => {
    const bounds = fc.tuple(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 0, max: 1e9 }));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2_000 }), bounds, fc.nat(0xffffffff), (failures, [minMs, more], draw) => {
        const options = { minMs, maxMs: minMs + more };
        const delayMs = backoffDelayMs(failures, options, () => draw);
        expect(Number.isInteger(delayMs)).toBe(true);
        expect(delayMs).toBeGreaterThanOrEqual(0);
        expect(delayMs).toBeLessThanOrEqual(backoffSpanMs(failures, options));
        expect(backoffSpanMs(failures, options)).toBeLessThanOrEqual(options.maxMs);
      }),
    );
  });

  it('spreads evenly: a fleet does not come back at one moment', () => {
    const quarters = [0, 0, 0, 0];
    for (let draw = 0; draw < 4_000; draw++) {
      const delayMs = backoffDelayMs(1, { minMs: 1_000, maxMs: 1_000 }, () => Math.floor((draw / 4_000) * 2 ** 32));
      const quarter = Math.min(3, Math.floor(delayMs / 250));
      quarters[quarter] = (quarters[quarter] ?? 0) + 1;
    }
    for (const count of quarters) expect(Math.abs(count - 1_000)).toBeLessThan(10);
  });
});
