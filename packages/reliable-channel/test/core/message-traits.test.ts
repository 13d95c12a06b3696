import { ByteReader, ByteWriter } from '@holdfast/protocol/core';
import { describe, expect, it } from 'vitest';
import {
  COALESCE_KEY_MAX_BYTES,
  type MessageTraits,
  NO_TRAITS,
  readTraits,
  sameTraits,
  type TraitsRun,
  traitsAt,
  writeTraits,
} from '../../src/core/index.js';

const ALL: MessageTraits = {
  ttlMs: 86_400_000,
  coalesceKey: 'k'.repeat(COALESCE_KEY_MAX_BYTES),
  maxAttempts: 3,
  retryBackoff: { minMs: 100, maxMs: 30_000 },
};
const RUNS: readonly TraitsRun[] = [
  { from: 2, traits: ALL },
  { from: 5, traits: NO_TRAITS },
  { from: 9, traits: { ttlMs: 1 } },
];

/** What is read of a batch of so many messages, and the code of what is wrong with it. */
function readBack(bytes: Uint8Array, count = 10): { runs: TraitsRun[]; fault: string | undefined } {
  const reader = new ByteReader(bytes);
  const runs = readTraits(reader, count);
  reader.end();
  return { runs, fault: reader.fault?.code };
}

function written(runs: readonly TraitsRun[]): Uint8Array {
  const writer = new ByteWriter();
  writeTraits(writer, runs);
  return writer.finish();
}

describe('traits', () => {
  it('are those of the run that a message lies in, and none before the first', () => {
    const found = [0, 1, 2, 4, 5, 8, 9, 100].map((index) => traitsAt(RUNS, index));
    expect(found).toEqual([NO_TRAITS, NO_TRAITS, ALL, ALL, NO_TRAITS, NO_TRAITS, { ttlMs: 1 }, { ttlMs: 1 }]);
  });

  it.each<[string, MessageTraits]>([
    ['ttlMs', { ...ALL, ttlMs: 1 }],
    ['coalesceKey', { ...ALL, coalesceKey: 'other' }],
    ['maxAttempts', { ...ALL, maxAttempts: 4 }],
    ['retryBackoff.minMs', { ...ALL, retryBackoff: { minMs: 1, maxMs: 30_000 } }],
    ['retryBackoff.maxMs', { ...ALL, retryBackoff: { minMs: 100, maxMs: 1 } }],
    ['nothing', NO_TRAITS],
  ])('that differ in %s do not share a run', (_, other) => {
    expect([sameTraits(ALL, other), sameTraits({ ...ALL }, ALL)]).toEqual([false, true]);
  });
});

describe('the runs of a record', () => {
  it('come back as they were', () => {
    expect(readBack(written(RUNS))).toEqual({ runs: RUNS, fault: undefined });
    expect(readBack(written([]))).toEqual({ runs: [], fault: undefined });
  });

  it('that were cut short anywhere are a fault', () => {
    const bytes = written(RUNS);
    for (let length = 0; length < bytes.length; length++) {
      expect(readBack(bytes.subarray(0, length)).fault).toBe('FRAME_TRUNCATED');
    }
  });

  it.each<[string, Uint8Array]>([
    ['more runs than messages', written(Array.from({ length: 11 }, (_, from) => ({ from, traits: NO_TRAITS })))],
    ['a run behind the last message', written([{ from: 10, traits: NO_TRAITS }])],
    ['runs that do not ascend', written([RUNS[1], RUNS[0]] as TraitsRun[])],
    ['flags that nobody knows', Uint8Array.of(1, 0, 16)],
  ])('with %s are a fault', (_, bytes) => {
    expect(readBack(bytes).fault).toBe('FRAME_MALFORMED');
  });
});
