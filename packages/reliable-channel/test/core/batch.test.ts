import { describe, expect, it } from 'vitest';
import { attemptsOf, type Batch, earliestExpiryOf, endOf, entryOf, expiryOf, lastOf } from '../../src/core/index.js';

const FOREVER = Number.POSITIVE_INFINITY;

/** Messages 10 to 12, of one, two and three bytes, accepted at 1,000. */
function batchWith(traits: Batch['traits'] = []): Batch {
  return {
    ...{ lane: '', first: 10, count: 3, ordinal: 1, acceptedAtMs: 1_000, importance: 'critical', traits, settled: [] },
    ...{ entries: Uint8Array.of(1, 2, 2, 3, 3, 3), ends: Uint32Array.of(1, 3, 6) },
    ...{ attempts: Uint32Array.of(0, 5, 1), storage: 'stored', isDirty: false },
  };
}

describe('a batch', () => {
  it('knows where it ends, and where each of its messages does', () => {
    const batch = batchWith();
    expect([lastOf(batch), endOf(batch, -1), endOf(batch, 0), endOf(batch, 2)]).toEqual([12, 0, 1, 6]);
  });

  it('gives the bytes of one message without a copy', () => {
    const batch = batchWith();
    expect([10, 11, 12].map((sequence) => [...entryOf(batch, sequence)])).toEqual([[1], [2, 2], [3, 3, 3]]);
    expect(entryOf(batch, 11).buffer).toBe(batch.entries.buffer);
  });

  it('counts the attempts of each message', () => {
    expect([10, 11, 12].map((sequence) => attemptsOf(batchWith(), sequence))).toEqual([0, 5, 1]);
  });
});

describe('the expiry of a message', () => {
  const batch = batchWith([
    { from: 1, traits: { ttlMs: 500 } },
    { from: 2, traits: {} },
  ]);

  it('counts from when its batch was accepted; what has no time to live does not expire', () => {
    expect([10, 11, 12].map((sequence) => expiryOf(batch, sequence, FOREVER))).toEqual([FOREVER, 1_500, FOREVER]);
  });

  it('is no later than the age that the outbox allows', () => {
    expect([10, 11].map((sequence) => expiryOf(batch, sequence, 300))).toEqual([1_300, 1_300]);
  });

  it('comes first of all in its batch', () => {
    expect([earliestExpiryOf(batch, FOREVER), earliestExpiryOf(batch, 300)]).toEqual([1_500, 1_300]);
    expect(earliestExpiryOf(batchWith(), FOREVER)).toBe(FOREVER);
  });
});
