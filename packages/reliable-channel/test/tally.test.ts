import { expect, it } from 'vitest';
import { Tally } from '../src/tally.js';

it('counts every way in which a message can end, and evictions by their cause', () => {
  const tally = new Tally();
  for (let count = 0; count < 20; count++) tally.onAccepted();
  tally.onAcknowledged(5);
  tally.onGivenUp({ status: 'rejected', reason: '' }, 1);
  tally.onGivenUp({ status: 'expired', reason: '' }, 2);
  tally.onGivenUp({ status: 'cancelled', reason: '' }, 3);
  tally.onGivenUp({ status: 'evicted', cause: 'replaced', reason: '' }, 4);
  tally.onEvicted('outboxFull', 6);
  tally.onEvicted('replaced', 1);
  expect(tally.counts()).toEqual({
    acceptedMessages: 20,
    acknowledgedMessages: 5,
    rejectedMessages: 1,
    expiredMessages: 2,
    cancelledMessages: 3,
    evictedMessages: 11,
    evictedBy: { outboxFull: 6, storeFailed: 0, notSendable: 0, replaced: 5, tooOld: 0, unreadable: 0 },
  });
});

it('hands out counts that do not change any more', () => {
  const tally = new Tally();
  const { evictedBy } = tally.counts();
  tally.onEvicted('tooOld', 1);
  expect(evictedBy.tooOld).toBe(0);
});
