import { describe, expect, it } from 'vitest';
import { drawStorm, type FaultKind } from '../../src/demo/storm.js';

const STREAM_MS = 20_000;
const SEEDS = Array.from({ length: 200 }, (_, index) => index + 1);

describe('drawStorm', () => {
  it('draws the same storm from the same seed, and another one from another', () => {
    expect(drawStorm(1, STREAM_MS)).toEqual(drawStorm(1, STREAM_MS));
    expect(drawStorm(1, STREAM_MS)).not.toEqual(drawStorm(2, STREAM_MS));
  });

  it.each(SEEDS)('has every fault, apart from one another and within the stream (seed %i)', (seed) => {
    const storm = drawStorm(seed, STREAM_MS);
    const kinds = storm.map(({ kind }) => kind);
    const count = (kind: FaultKind): number => kinds.filter((each) => each === kind).length;
    expect(count('cut')).toBeGreaterThanOrEqual(3);
    for (const kind of ['blackHole', 'refuse', 'overload', 'agentKill', 'deviceKill'] as const)
      expect(count(kind)).toBe(1);
    let freeAtMs = 0;
    for (const { atMs, durationMs } of storm) {
      expect(atMs).toBeGreaterThanOrEqual(freeAtMs);
      freeAtMs = atMs + durationMs + 499;
    }
    expect(freeAtMs).toBeLessThan(STREAM_MS);
  });
});
